"""Which tool call a piece of one belongs to."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from ..contract import ToolCallPiece


class CallSlots:
    """Counts the calls of one answer, whether its provider numbers them well, badly or not at all.

    A piece belongs to the call of its index, else to that of its id, else to the last. A name begins a new call where
    there is no index, and where an index comes back under another id.
    """

    def __init__(self) -> None:
        self.count = 0
        self._ids: list[str] = []
        self._names: list[str] = []
        self._by_index: dict[int, int] = {}
        self._by_id: dict[str, int] = {}

    def piece(self, index: int | None, provider_id: str, function: Mapping[str, Any]) -> ToolCallPiece:
        """The piece for one entry of the wire; id and name are told once for each call.

        :raises TypeError: a field has the wrong type.
        """
        name, arguments = function.get("name") or "", function.get("arguments") or ""
        if not isinstance(name, str):
            raise TypeError(f"{name!r:.50} stands where a function's name should")
        slot = self._slot(index, provider_id, name)
        told_id, told_name = self._ids[slot], self._names[slot]
        if provider_id and not told_id:
            self._ids[slot] = provider_id
            self._by_id[provider_id] = slot
        if not told_name:
            self._names[slot] = name
        # Some servers send the arguments as an object, not as its JSON text.
        text = arguments if isinstance(arguments, str) else to_json(arguments).decode()
        return ToolCallPiece(slot, "" if told_id else provider_id, "" if told_name else name, text)

    def _slot(self, index: int | None, provider_id: str, name: str) -> int:
        if index is None:
            slot = self._by_id.get(provider_id)
            if slot is None:
                slot = self._new() if provider_id or name or not self.count else self.count - 1
            return slot
        slot = self._by_index.get(index)
        if slot is None or (name and provider_id and self._ids[slot] not in ("", provider_id)):
            slot = self._by_index[index] = self._new()
        return slot

    def _new(self) -> int:
        self._ids.append("")
        self._names.append("")
        self.count += 1
        return self.count - 1
