"""Answers of Ollama's own API, streamed or whole, into deltas: those to a chat, and those to a prompt.

Source of the format: https://docs.ollama.com/api. Every line of a stream has the shape of the whole answer. A chat's
parts stand in its ``message``, those of an answer to a prompt beside everything else.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ...events.content import Image
from ...events.usage import Usage
from ..contract import BlockPiece, Delta, StopReason, TextPiece, ThinkingPiece, ToolCallPiece, UsagePiece
from .account import Account
from .failure import failure
from .fields import WRONG_SHAPE, count, items, text
from .objects import read_object, write_object
from .reader import Reader

STOPS: Mapping[str, StopReason] = {"": "end", "stop": "end", "length": "length"}
"""``done_reason``, in our words; any other is ``other``. Early servers gave none."""


class OllamaReader(Reader):
    """Reads one answer."""

    FORMAT = "answer of Ollama's"
    END = "done"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._calls = 0

    @property
    def stopped(self) -> bool:
        """Whether the server has said that the reply is over."""
        return self.done

    def read(self, frame: bytes) -> list[Delta]:
        """The deltas of one line of a stream.

        :raises Misunderstood: the line is no part of an answer.
        :raises BackendError: the server reports an error.
        """
        answer = read_object(frame)
        if answer.get("error"):
            raise failure(self._account, answer)
        deltas: list[Delta] = []
        try:
            for name, value in (answer.get("message") or answer).items():
                if value and name in self._fields:
                    self._fields[name](self, value, deltas)
            if answer["done"]:
                self._read_end(answer, deltas)
        except WRONG_SHAPE as exc:
            raise self._misunderstood(frame, exc) from exc
        return deltas

    def read_whole(self, body: bytes) -> list[Delta]:
        """All deltas of an answer that was not streamed, its stop included.

        :raises Misunderstood: the body is no answer.
        :raises BackendError: the server reports an error.
        """
        return self.read(body) + self.finish()

    def finish(self) -> list[Delta]:
        """The stop, once no more frames come.

        :raises Incomplete: the server never said that it is done.
        """
        if not self.done:
            raise self._incomplete("it was not done")
        return [self._stop_piece(STOPS.get(self._stop, "other"), calls=self._calls)]

    def _read_text(self, value: Any, deltas: list[Delta]) -> None:
        deltas.append(TextPiece(text(value)))

    def _read_thinking(self, value: Any, deltas: list[Delta]) -> None:
        deltas.append(ThinkingPiece(text(value)))

    def _read_calls(self, value: Any, deltas: list[Delta]) -> None:
        # A call always comes whole, its arguments as an object. Its index starts anew on some servers with every line.
        for call in items(value):
            function: Mapping[str, Any] = call["function"]
            arguments = write_object(function.get("arguments") or {}).decode()
            name, provider_id = text(function["name"]), text(call.get("id") or "")
            deltas.append(ToolCallPiece(self._calls, provider_id, name, arguments))
            self._calls += 1

    def _read_image(self, value: Any, deltas: list[Delta]) -> None:
        deltas.append(BlockPiece(Image("image/png", data=base64.b64decode(text(value), validate=True))))

    def _read_end(self, answer: Mapping[str, Any], deltas: list[Delta]) -> None:
        self._stop = text(answer.get("done_reason") or "")
        self.done = True
        # A prompt that was in the cache as a whole goes without a count on some servers.
        if "prompt_eval_count" in answer or "eval_count" in answer:
            deltas.append(UsagePiece(Usage(count(answer.get("prompt_eval_count")), count(answer.get("eval_count")))))

    _fields: ClassVar[Mapping[str, Callable[[Any, Any, list[Delta]], None]]] = {
        "content": _read_text,
        "response": _read_text,
        "thinking": _read_thinking,
        "tool_calls": _read_calls,
        "image": _read_image,
    }
