"""Answers of Amazon Bedrock's InvokeModel, streamed or whole, into deltas: each family of models has its own.

An answer does not name its model, but its first chunk tells by its fields whose it is. Source of the formats:
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..contract import Delta
from ..errors import Incomplete, Misunderstood
from .account import Account
from .anthropic_messages import MessagesReader
from .aws_event_stream import AWS_EVENT_STREAM, AwsEventReader, AwsMessage, failure_in
from .bedrock_completion import SHAPES, CompletionReader, Shape
from .bedrock_converse import ConverseReader, model_path
from .bedrock_invoke_request import encode
from .cohere_v1 import CohereV1Reader
from .objects import read_object
from .openai_chat import ChatReader
from .sse import Frame
from .wire import AnswerReader, Wire

Json = Mapping[str, Any]


class InvokeReader:
    """Reads one answer."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._family: AnswerReader[bytes] | None = None

    @property
    def stopped(self) -> bool:
        """Whether the provider has said that the reply is over."""
        return self._family is not None and self._family.stopped

    @property
    def done(self) -> bool:
        """Whether no frame follows."""
        return self._family is not None and self._family.done

    def read(self, frame: AwsMessage) -> Sequence[Delta]:
        """The deltas of one message of a stream.

        :raises Misunderstood: the message holds no chunk of an answer.
        :raises BackendError: it is an exception; the class is that of the HTTP status it would have had.
        """
        if frame.headers.get(":message-type") != "event":
            raise failure_in(frame, self._account)
        if frame.headers.get(":event-type") != "chunk":
            return []
        chunk = self._chunk(frame.data)
        if self._family is None:
            self._family = self._found(chunk)
        return self._family.read(chunk)

    def read_whole(self, body: bytes) -> Sequence[Delta]:
        """All deltas of an answer that was not streamed, its stop included.

        :raises Misunderstood: the body is no answer of a family that is known.
        """
        return self._found(body).read_whole(body)

    def finish(self) -> Sequence[Delta]:
        """The last deltas, the stop at their end, once no more frames come.

        :raises Incomplete: the model never said that the reply is over.
        """
        if self._family is None:
            provider = self._account.provider
            raise Incomplete(f"{provider} ended before the reply began", provider=provider)
        return self._family.finish()

    def _chunk(self, data: bytes) -> bytes:
        try:
            return base64.b64decode(read_object(data)["bytes"], validate=True)
        except (KeyError, TypeError, ValueError) as exc:
            raise self._misunderstood(f"is no chunk of an answer ({exc})", data) from exc

    def _found(self, chunk: bytes) -> AnswerReader[bytes]:
        fields = read_object(chunk)
        family = next((make for field, make in FAMILIES.items() if field in fields), None)
        if family is None:
            raise self._misunderstood("is no answer of a model that is known", chunk)
        return family(self._account, fields)

    def _misunderstood(self, what: str, data: bytes) -> Misunderstood:
        provider = self._account.provider
        return Misunderstood(f"{provider} sent what {what}", frame=data, provider=provider)


class _Adapted:
    """A reader of another wire for the chunks of this one, which hold the same JSON in other frames.

    ``prepare`` mends that JSON where the two differ after all.
    """

    def __init__(
        self,
        inner: AnswerReader[Any],
        read: Callable[[bytes], Sequence[Delta]],
        prepare: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._inner = inner
        self._read = read
        self._prepare = prepare

    @property
    def stopped(self) -> bool:
        return self._inner.stopped

    @property
    def done(self) -> bool:
        return self._inner.done

    def read(self, frame: bytes) -> Sequence[Delta]:
        return self._read(self._prepare(frame))

    def read_whole(self, body: bytes) -> Sequence[Delta]:
        return self._inner.read_whole(self._prepare(body))

    def finish(self) -> Sequence[Delta]:
        return self._inner.finish()


def _messages(account: Account, _: Json) -> AnswerReader[bytes]:
    inner = MessagesReader(account)
    return _Adapted(inner, lambda chunk: inner.read(Frame(chunk)))


def _nova(account: Account, _: Json) -> AnswerReader[bytes]:
    inner = ConverseReader(account)

    def read(chunk: bytes) -> list[Delta]:
        # Converse names an event in the headers of its message, Nova in the chunk.
        return [delta for name, event in read_object(chunk).items() for delta in inner.read_event(name, event, chunk)]

    return _Adapted(inner, read)


def _chat(account: Account, fields: Json) -> AnswerReader[bytes]:
    match fields["choices"]:
        case [{"text": _}, *_]:
            return CompletionReader(account, SHAPES["choices"])
        case _:
            inner = ChatReader(account)
            return _Adapted(inner, lambda chunk: inner.read(Frame(chunk)), _with_finish_reason)


def _with_finish_reason(data: bytes) -> bytes:
    # Mistral has another name for it behind Bedrock. Inside a text these quotes would be escaped.
    return data if b'"finish_reason"' in data else data.replace(b'"stop_reason"', b'"finish_reason"')


def _completion(shape: Shape) -> "Family":
    return lambda account, _: CompletionReader(account, shape)


Family = Callable[[Account, Json], AnswerReader[bytes]]

FAMILIES: Mapping[str, Family] = {
    "completion": _completion(SHAPES["completion"]),
    "type": _messages,
    "output": _nova,
    "messageStart": _nova,
    "event_type": lambda account, _: CohereV1Reader(account),
    "generation_id": lambda account, _: CohereV1Reader(account),
    **{field: _completion(shape) for field, shape in SHAPES.items()},
    "choices": _chat,
}
"""By a field of the first chunk, or of the whole answer; old completions of Claude may have a type too."""

BEDROCK_INVOKE = Wire(
    name="bedrock.invoke",
    encode=encode,
    path=lambda model, streaming: model_path(model, "invoke-with-response-stream" if streaming else "invoke"),
    frames=AwsEventReader,
    answer=InvokeReader,
    accept=AWS_EVENT_STREAM,
)
