"""What a caller says to a run, and the conversation before it: checked before anything happens."""

from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from pydantic import ValidationError

from ..bus.event import Event
from ..events.content import Message, ToolResult, user
from .errors import BadInput

P = ParamSpec("P")
E = TypeVar("E", bound=Event)


def made(event_class: Callable[P, E], *args: P.args, **kwargs: P.kwargs) -> E:
    """An event out of what a caller gave.

    :raises BadInput: a part of it is not what it must be; says which.
    """
    try:
        return event_class(*args, **kwargs)
    except ValidationError as error:
        mistake = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, mistake["loc"]))
        raise BadInput(f"{place}: {mistake['msg']}; got {mistake['input']!r:.80}") from error


def said(words: str | Message) -> Message:
    """A caller's words as a message.

    :raises BadInput: they are neither a text nor a user's (or system's) message.
    """
    message = user(words) if isinstance(words, str) else words
    if not isinstance(message, Message):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
        raise BadInput(f"{message!r:.80} is no prompt; give a text, or a message such as user('...', Image(...))")
    if message.role in ("assistant", "tool"):
        raise BadInput(f"a prompt comes from a user; this message is the {message.role}'s: {message!r:.80}")
    return message


def conversation(messages: Sequence[Message]) -> tuple[Message, ...]:
    """A conversation to continue. Providers refuse one in which a tool call has no result, or a result no call.

    :raises BadInput: it is such a one, or has something in it that is no message; says where.
    """
    open_calls: list[str] = []
    given = tuple(messages)
    for place, message in enumerate(given):
        if not isinstance(message, Message):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
            raise BadInput(f"messages[{place}] is {message!r:.80}; give messages, such as an earlier result.messages")
        if message.role != "tool":
            _all_answered(open_calls, f"messages[{place}]")
            open_calls = [call.call_id for call in message.tool_calls]
            continue
        for block in message.content:
            if isinstance(block, ToolResult):
                _answer(open_calls, block.call_id, place)
    _all_answered(open_calls, "the end of messages")
    return given


def _answer(open_calls: list[str], call_id: str, place: int) -> None:
    if call_id not in open_calls:
        raise BadInput(
            f"messages[{place}] has a result for the call {call_id!r}, which the message before did not make"
        )
    open_calls.remove(call_id)


def _all_answered(open_calls: list[str], where: str) -> None:
    if open_calls:
        raise BadInput(f"the tool calls {', '.join(open_calls)} have no result before {where}; add the missing results")
