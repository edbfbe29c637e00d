"""Ids that pair tool calls with their results in one request."""

from collections.abc import Callable

from ...events.content import ToolCall, ToolResult

_LONGEST_OWN_ID = 40
"""What OpenAI allows; ours may be longer, a provider's own is sent back as it came."""


class CallIds:
    """Gives every call an id that is unique in the request.

    That is the provider's own, unless it is empty or taken. The same history always gets the same ids, so a provider's
    prompt cache still knows it. ``spell`` writes an id in the letters that a wire takes, and one longer than
    ``longest``, which another provider may have given, is replaced.
    """

    def __init__(self, spell: Callable[[str], str] = str, longest: int | None = None) -> None:
        self._spell = spell
        self._longest = longest
        self._taken: set[str] = set()
        self._unanswered: list[tuple[str, str]] = []

    def of_call(self, call: ToolCall) -> str:
        """The id for the next call."""
        wire_id = self._spell(call.provider_id or (call.call_id if len(call.call_id) <= _LONGEST_OWN_ID else ""))
        if self._longest is not None and len(wire_id) > self._longest:
            wire_id = ""
        number = len(self._taken)
        while not wire_id or wire_id in self._taken:
            wire_id = f"call_{number}"
            number += 1
        self._taken.add(wire_id)
        self._unanswered.append((call.call_id, wire_id))
        return wire_id

    def of_result(self, result: ToolResult) -> str:
        """The id of the call that the next result answers: the one it names, else the first without an answer."""
        for position, (call_id, _) in enumerate(self._unanswered):
            if call_id == result.call_id:
                return self._unanswered.pop(position)[1]
        return self._unanswered.pop(0)[1] if self._unanswered else self._spell(result.provider_id or result.call_id)
