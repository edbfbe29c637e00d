"""Tools written with postponed annotations: what stands in the signature is text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from loopbus.tools import Tool, ToolContext, tool

if TYPE_CHECKING:
    from decimal import Decimal


class Line(BaseModel):
    amount: int
    below: Line | None = None


@tool
async def total(context: ToolContext[Decimal], line: Line) -> Decimal:
    """Add up."""
    return context.deps + line.amount


def local_tool() -> Tool[..., Any]:
    """A method with types that only its function and its class body know."""

    class Local(BaseModel):
        x: int

    class Desk:
        class Drawer(BaseModel):
            size: int

        @tool
        def take(self, drawer: Drawer, local: Local) -> None:
            """Take what is there."""

    return Desk().take


def unknown(amount: Decimal) -> None:
    """A type that does not exist at run time."""
