"""The tools of one agent, by name."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .decorator import as_tool
from .errors import DuplicateTool, UnknownTool
from .mistakes import encodable, nearest
from .tool import Tool


class Toolset:
    """An unchangeable set of tools, in the order given.

    :raises BadTool: one of them is no tool.
    :raises DuplicateTool: two have one name.
    """

    __slots__ = ("_tools", "tools")

    def __init__(self, tools: "Iterable[Tool[..., Any] | Callable[..., Any]]" = ()) -> None:
        self._tools: dict[str, Tool[..., Any]] = {}
        for given in tools:
            tool = as_tool(given)
            if tool.name in self._tools:
                raise DuplicateTool(f"two tools are named {tool.name!r}; rename one: @tool(name=...)")
            self._tools[tool.name] = tool
        self.tools = tuple(self._tools.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Every tool's name."""
        return tuple(self._tools)

    def get(self, name: str) -> Tool[..., Any] | None:
        """The tool of this name, or None."""
        return self._tools.get(name)

    def __getitem__(self, name: str) -> Tool[..., Any]:
        """The tool of this name.

        :raises UnknownTool: there is none; the text tells the model the nearest name and all names.
        """
        try:
            return self._tools[name]
        except KeyError:
            raise UnknownTool(self._unknown(name)) from None

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def __iter__(self) -> Iterator[Tool[..., Any]]:
        return iter(self.tools)

    def __len__(self) -> int:
        return len(self.tools)

    def __repr__(self) -> str:
        return f"Toolset({', '.join(self.names)})"

    def _unknown(self, name: str) -> str:
        meant = nearest(name, self._tools)
        hint = f" Did you mean {meant!r}?" if meant else ""
        known = f"The tools are: {', '.join(self._tools)}." if self._tools else "There are no tools."
        return encodable(f"There is no tool named {name[:64]!r}.{hint} {known}")
