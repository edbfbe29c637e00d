"""Goes through a run step by step: a policy that lets a person look at each event before it becomes a fact."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping

import anyio

from ..bus.data import dump, known_events
from ..bus.event import Event
from ..events.state import RunState
from ..handlers.printable import printable
from ..runtime.runtime import Runtime
from .editing import edited
from .errors import BadEdit
from .keyboard import Keyboard
from .timeline import HEAD, Timeline

HELP = """\
c  continue    let it happen, and pause at the next event; so does an empty line
n  next EVENT  let it happen, and run to the next EVENT, as in: n ToolRequested; a part of the name will do
s  show        show the whole event, as JSON
e  edit        change what may be changed of it, in $EDITOR or on one line
g  go          go on to the end without a pause
a  abort       stop the run here; so does the end of input
h  help        this help
The run can be paused before: {pauses}.
All other events state what has happened: they are shown as they come, and nobody can hold them up.
"""
LAST = 1_000_000
"""Where it stands among the policies: what it shows is what all others have made of an event."""
PATIENCE_S = 30 * 86400.0
_CATCH_UP_S = 1.0
"""How long a pause waits for the events before it to be shown."""

Step = Callable[[str], Awaitable[bool]]
"""Does what a person says, given the rest of the line; whether the event then happens."""


def pauses() -> tuple[type[Event], ...]:
    """The events that a policy is asked about."""
    return tuple(each for each in known_events() if each.may_change or each.vetoed is not Event.vetoed)


class Stepping:
    """Shows a run's events, and pauses it before each one that a policy is asked about.

    It is a view, which is told of facts, and a policy of the runtime that it has joined. What was let go goes on while
    the run is paused: another call of the same reply, and the clock of a time limit.
    """

    def __init__(self, keyboard: Keyboard) -> None:
        self._keyboard = keyboard
        self._runtime: Runtime | None = None
        self._timeline: Timeline | None = None
        self._seen = 0
        self._shown = asyncio.Event()
        self._wanted: frozenset[type[Event]] = frozenset(pauses())
        self._event = Event()
        self._state = RunState()
        self._steps: Mapping[str, Step] = {
            "continue": self._continue,
            "next": self._run_to,
            "show": self._show,
            "edit": self._edit,
            "go": self._go,
            "abort": self._abort,
            "help": self._help,
        }

    # --- the policy ---

    def join(self, runtime: Runtime) -> None:
        """Have a say in every run of a runtime from now on."""
        self._runtime = runtime
        runtime.bus.intercept(pauses(), self.judge, name="step", order=LAST, deadline_s=PATIENCE_S)

    async def judge(self, event: Event, state: RunState) -> Event:
        """Pause before an event, if it is one to pause at, until the person lets it go on."""
        if type(event) not in self._wanted:
            return event
        self._event, self._state = event, state
        await self._catch_up()
        self._say(f"paused before event {state.seq + 1}:\n")
        self._tell(event)
        while True:
            answer = await self._keyboard.ask("step> ")
            word, _, rest = ("abort" if answer is None else answer).strip().partition(" ")
            try:
                if await self._step(word.lower())(rest.strip()):
                    return self._event
            except BadEdit as bad:
                self._say(f"{bad}\n")

    def _step(self, word: str) -> Step:
        """What a word means, or the beginning of it."""
        return next((step for name, step in self._steps.items() if name.startswith(word)), self._help)

    async def _catch_up(self) -> None:
        """What came before is shown first; it is told by another task."""
        with anyio.move_on_after(_CATCH_UP_S):
            while self._seen < self._state.seq:
                self._shown.clear()
                await self._shown.wait()

    # --- the view ---

    def __call__(self, event: Event) -> None:
        """Show an event that has happened."""
        if event.durable:
            self._tell(event)
            self._seen = event.seq
            self._shown.set()

    def pause(self) -> None:
        """Nothing of it moves."""

    def close(self) -> None:
        """Nothing of it is left behind."""

    # --- what a person can say ---

    async def _continue(self, _: str) -> bool:
        self._wanted = frozenset(pauses())
        return True

    async def _go(self, _: str) -> bool:
        self._wanted = frozenset()
        return True

    async def _run_to(self, name: str) -> bool:
        named = {each.event_name: each for each in pauses()}
        found = [named[name]] if name in named else [named[each] for each in named if name.lower() in each.lower()]
        if not name or not found:
            self._say(f"the run cannot be paused before {name or 'nothing'}, but before: {', '.join(named)}\n")
            return False
        self._wanted = frozenset(found)
        return True

    async def _show(self, _: str) -> bool:
        self._say(json.dumps(dump(self._event), indent=2, ensure_ascii=False) + "\n")
        return False

    async def _edit(self, _: str) -> bool:
        before, self._event = self._event, await edited(self._event, self._keyboard)
        if self._event == before:
            self._say("nothing is changed\n")
        else:
            self._tell(self._event)
        return False

    async def _abort(self, _: str) -> bool:
        run = self._runtime.find(self._state.run_id) if self._runtime is not None else None
        assert run is not None, "a run whose event is judged goes on"
        # This cancels the task that asks us, so nothing here comes after it.
        await run.cancel(f"aborted before {self._event.event_name}", author="user")
        return True

    async def _help(self, _: str) -> bool:
        self._say(HELP.format(pauses=", ".join(each.event_name for each in pauses())))
        return False

    # --- showing ---

    def _tell(self, event: Event) -> None:
        if self._timeline is None:
            self._timeline = Timeline(event.at, sys.stderr)
            self._say(f"{HEAD}\n")
        self._write(self._timeline.line(event))

    def _say(self, text: str) -> None:
        self._write(printable(text))

    def _write(self, text: str) -> None:
        print(text, end="", file=sys.stderr, flush=True)
