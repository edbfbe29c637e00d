"""A group of commands one of which need not be named."""

from typing import Any

from typer.core import TyperGroup


class DefaultCommand(TyperGroup):
    """``loopbus log RUN`` is ``loopbus log show RUN``: what names none of the group's commands is for ``show``."""

    default = "show"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default command in front of what begins with none, and does not ask for help."""
        if args and args[0] not in (*self.commands, *self.get_help_option_names(ctx)):
            args = [self.default, *args]
        return super().parse_args(ctx, args)
