"""Answers of Gemini's generateContent, streamed or whole, into deltas; by way of an API key or of Vertex AI.

Source of the format: https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ...events.content import Audio, File, Image, Opaque, Refusal
from ...events.frozen import freeze
from ..contract import BlockPiece, Delta, TextPiece, ThinkingPiece, UsagePiece
from .account import Account
from .failure import failure
from .fields import WRONG_SHAPE, text
from .gemini_call import StreamedCall
from .gemini_end import BLOCKED, FINISHED, SPOILT, STOPS, UNDECLARED, read_usage, reason_in
from .gemini_frames import GeminiFrames
from .gemini_history import ABOUT, ATTRIBUTES
from .gemini_request import encode, path
from .json_array import JsonArrayReader
from .objects import read_object
from .reader import Reader
from .sse import Frame
from .wire import Wire

_DONE = b"[DONE]"
_MEDIA: Mapping[str, type[Image | Audio]] = {"image": Image, "audio": Audio}


class GeminiReader(Reader):
    """Reads one answer."""

    FORMAT = "answer of generateContent"
    END = "finishReason"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._stop_words = ""
        self._blocked = False
        self._called = False
        self._call: StreamedCall | None = None
        self._about: dict[str, Any] = {}

    def read(self, frame: Frame) -> list[Delta]:
        """The deltas of one frame of a stream.

        :raises Misunderstood: the frame is no chunk of an answer.
        :raises BackendError: the provider reports an error; the class is that of the HTTP status it would have had.
        """
        data = frame.data
        if not data or data == _DONE:
            self.done = self.done or data == _DONE
            return []
        return self._read(read_object(data), data)

    def read_whole(self, body: bytes) -> list[Delta]:
        """All deltas of an answer that was not streamed, or was as an array of JSON, its stop included.

        :raises Misunderstood: the body is no answer.
        :raises BackendError: the provider reports an error.
        """
        frames = JsonArrayReader().feed(body) if body.lstrip().startswith(b"[") else [Frame(body)]
        return [delta for frame in frames for delta in self.read(frame)] + self.finish()

    def finish(self) -> list[Delta]:
        """The last deltas, the stop at their end, once no more frames come.

        :raises Incomplete: the provider never said that the reply is over.
        :raises Broken: it said that it broke off, or that the model's call was no call.
        """
        self._check_end()
        provider = self._account.provider
        if self._stop in SPOILT and not (self._blocked or self._called_whole()):
            words = self._account.mask(f"{self._stop}: {self._stop_words}" if self._stop_words else self._stop)
            raise SPOILT[self._stop](f"{provider} broke off the reply ({words})", provider=provider, code=self._stop)
        deltas: list[Delta] = []
        if self._call is not None:
            deltas.append(BlockPiece(self._call.cut()))
        if self._about:
            deltas.append(BlockPiece(Opaque(provider, self._about)))
        reason = "content_filter" if self._blocked else STOPS.get(self._stop, "other")
        if reason == "content_filter" and self._stop_words:
            deltas.append(BlockPiece(Refusal(self._stop_words)))
        deltas.append(self._stop_piece(reason, calls=self._called))
        return deltas

    def _called_whole(self) -> bool:
        return self._stop == UNDECLARED and self._called and self._call is None

    def _read(self, answer: dict[str, Any], raw: bytes) -> list[Delta]:
        if answer.get("error"):
            raise failure(self._account, answer)
        deltas: list[Delta] = []
        try:
            for candidate in answer.get("candidates") or ():
                # Of several candidates the first is the answer.
                if not candidate.get("index"):
                    self._read_candidate(candidate, deltas)
            if feedback := answer.get("promptFeedback"):
                self._read_feedback(feedback)
            if counts := answer.get("usageMetadata"):
                deltas.append(UsagePiece(read_usage(counts)))
        except WRONG_SHAPE as exc:
            raise self._misunderstood(raw, exc) from exc
        return deltas

    def _read_candidate(self, candidate: Mapping[str, Any], deltas: list[Delta]) -> None:
        if content := candidate.get("content"):
            for part in content.get("parts") or ():
                if len(part) == 1 and type(words := part.get("text")) is str:
                    if words:
                        deltas.append(TextPiece(words))
                else:
                    self._read_part(part, deltas)
        if reason := reason_in(candidate.get("finishReason"), FINISHED):
            self._stop = reason
            self._stop_words = text(candidate.get("finishMessage") or "")
        if not ABOUT.isdisjoint(candidate):
            self._about |= {name: freeze(candidate[name]) for name in ABOUT & candidate.keys()}

    def _read_feedback(self, feedback: Mapping[str, Any]) -> None:
        if reason := reason_in(feedback.get("blockReason"), BLOCKED):
            self._stop, self._blocked = reason, True
            self._stop_words = text(feedback.get("blockReasonMessage") or "")

    def _read_part(self, part: dict[str, Any], deltas: list[Delta]) -> None:
        kind = next((kind for kind in self._kinds if kind in part), None)
        # A signature on nothing, or a picture that is only thought of: whole, for their maker alone.
        if kind is None or (kind == "text" and not part["text"]) or (kind != "text" and part.get("thought")):
            if part.keys() - {"text", "thought"}:
                deltas.append(BlockPiece(Opaque(self._account.provider, part)))
            return
        self._kinds[kind](self, part, deltas)
        beside = ATTRIBUTES & part.keys()
        if beside and kind != "functionCall":
            deltas.append(BlockPiece(Opaque(self._account.provider, {name: part[name] for name in beside})))

    def _read_text(self, part: Mapping[str, Any], deltas: list[Delta]) -> None:
        words = text(part["text"])
        deltas.append(ThinkingPiece(words) if part.get("thought") else TextPiece(words))

    def _read_bytes(self, part: Mapping[str, Any], deltas: list[Delta]) -> None:
        blob = part["inlineData"]
        kind, data = text(blob["mimeType"]), base64.b64decode(text(blob["data"]), validate=True)
        deltas.append(BlockPiece(_MEDIA.get(kind.partition("/")[0], File)(kind, data=data)))

    def _read_address(self, part: Mapping[str, Any], deltas: list[Delta]) -> None:
        place = part["fileData"]
        kind = text(place.get("mimeType") or "")
        deltas.append(BlockPiece(_MEDIA.get(kind.partition("/")[0], File)(kind, url=text(place["fileUri"]))))

    def _read_call(self, part: Mapping[str, Any], deltas: list[Delta]) -> None:
        call = part["functionCall"]
        self._called = True
        if call.get("name") and self._call is not None:
            deltas.append(BlockPiece(self._call.cut()))
            self._call = None
        if self._call is None:
            self._call = StreamedCall(call, part.get("thoughtSignature"))
        if (block := self._call.add(call)) is not None:
            self._call = None
            deltas.append(BlockPiece(block))

    _kinds: ClassVar[Mapping[str, Callable[[Any, Mapping[str, Any], list[Delta]], None]]] = {
        "text": _read_text,
        "functionCall": _read_call,
        "inlineData": _read_bytes,
        "fileData": _read_address,
    }
    """Parts that we have a block for; any other (code that Google runs, its searches) is kept whole."""


GEMINI = Wire(
    name="gemini.generateContent",
    encode=encode,
    path=path,
    frames=GeminiFrames,
    answer=GeminiReader,
    json_streams=True,
)
