"""The turns of a conversation where every tool result is one by itself: in Chat Completions, and in Cohere's Chat."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...events.content import ToolCall, ToolResult
from .call_ids import CallIds
from .call_names import call_name
from .objects import write_object

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What a provider refuses that others take."""

    longest_id: int | None = None
    """How long the id of a call may be."""
    alternates: bool = False
    """No two turns of the user follow each other."""


EASY = Manners()
_BARE = frozenset({"role", "content"})


class ChatTurns:
    """Takes turns one after the other, for a call and its result must agree on an id.

    A result is text on these wires: what is attached to it follows as a user's turn.
    """

    def __init__(self, manners: Manners = EASY) -> None:
        self._turns: list[Json] = []
        self._attached: list[Json] = []
        self._manners = manners
        self._ids = CallIds(longest=manners.longest_id)

    def add(self, turn: Json) -> None:
        """The next turn of anyone but a tool. One of the model's that says nothing is left out: some refuse it."""
        self._attach()
        if turn["role"] == "user":
            self._add_user(turn["content"])
        elif turn["role"] != "assistant" or turn.keys() - _BARE or turn.get("content"):
            self._turns.append(turn)

    def add_result(self, result: ToolResult, content: object, attached: Iterable[Json]) -> None:
        """The next result, as ``content``."""
        call_id = self._ids.of_result(result)
        self._turns.append({"role": "tool", "tool_call_id": call_id, "content": content})
        if parts := list(attached):
            self._attached.append({"type": "text", "text": f"Attached to the result of {result.name} ({call_id}):"})
            self._attached.extend(parts)

    def call(self, call: ToolCall) -> Json:
        """A call, for the turn that is added next."""
        # Malformed arguments go back as none at all: servers that parse them would refuse the whole request.
        function = {"name": call_name(call.name), "arguments": write_object(call.arguments).decode()}
        return {"id": self._ids.of_call(call), "type": "function", "function": function}

    def finish(self) -> list[Json]:
        """All turns."""
        self._attach()
        return self._turns

    def _attach(self) -> None:
        # Only once all results are written: nothing may stand between a call and its result.
        if self._attached:
            self._add_user(self._attached)
            self._attached = []

    def _add_user(self, content: list[Json] | str) -> None:
        last: Json = self._turns[-1] if self._turns else {"role": ""}
        if self._manners.alternates and last["role"] == "user":
            last["content"] = [*_as_parts(last["content"]), *_as_parts(content)]
        else:
            self._turns.append({"role": "user", "content": content or ""})


def _as_parts(content: list[Json] | str) -> list[Json]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content
