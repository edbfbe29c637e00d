"""Decides what the model is asked."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from ...bus.event import unchecked
from ...events.model import ModelRequested
from ...events.turn import TurnStarted
from ..scope import RunScope

_requested = unchecked(ModelRequested)

Instructions = str | Callable[[Any], str | Awaitable[str]]
"""What the model is told before the conversation: a text, or a function of the run's ``deps`` that gives one."""


class Prompt:
    """Asks the model to answer the conversation so far. Hears TurnStarted; causes ModelRequested."""

    def __init__(self, model: str, instructions: Instructions) -> None:
        self._model = model
        self._instructions = instructions

    async def __call__(self, event: TurnStarted, run: RunScope) -> ModelRequested:
        state = run.state
        text = self._instructions
        if not isinstance(text, str):
            told = text(run.deps)
            text = told if isinstance(told, str) else await told
            if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller without types
                raise TypeError(f"instructions must be a text; {_name(self._instructions)} returned {text!r}")
        return _requested(
            turn=event.turn,
            model=self._model,
            messages=len(state.transcript.messages),
            instructions=text if text != state.instructions else None,
        )


def _name(function: object) -> str:
    return getattr(function, "__qualname__", repr(function)) if inspect.isroutine(function) else repr(function)
