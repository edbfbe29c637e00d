"""Turns events into what is shown: an observer with a screen."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Literal, TextIO, get_args

from ....bus.bus import Bus
from ....bus.event import Event
from ....bus.house import EventsDropped
from ....bus.options import one_of
from ....events.content import Refusal, Text, Thinking, ToolCall
from ....events.control import LoopDetected, MessageInjected
from ....events.human import ApprovalRequested
from ....events.model import ModelFailed, ModelReplied, TextDelta, ThinkingDelta
from ....events.money import CostCounted
from ....events.recovery import ContextCompacted, FallbackChosen, RetryScheduled
from ....events.run import RunFinished, RunStarted
from ....events.tool import ToolFinished, ToolProgress, ToolRequested
from ....events.turn import TurnStarted
from ...errors import MissingExtra
from ...printable import printable
from .plain import PlainScreen
from .progress import Progress, call_words, shown
from .screen import Screen

try:
    from .live import LiveScreen
except ModuleNotFoundError:
    make_live: Callable[[TextIO], Screen] | None = None
else:
    make_live = LiveScreen

Style = Literal["auto", "live", "plain"]

NAME = "TerminalView"
_RUNS = 1000
_PIECES = (TextDelta, ThinkingDelta, ToolProgress)
"""What is of use only on a screen that moves."""


class TerminalView:
    """Shows what runs do: their text while it is written, tool calls with their results, how far they are, their end.

    On a terminal it is drawn with rich (extra ``loopbus[cli]``) and moves; without rich, or where ``stream`` is no
    terminal, it is plain lines that need no extra. Where several runs go on at once, everything says whose it is.
    What a model or a tool says cannot control the terminal, and what looks like a secret is masked in tool calls and
    their results::

        runtime.subscribe(TerminalView())

    ``answers=False`` leaves the last words of a run to whoever prints its result. It writes to ``stream``, which is
    ``sys.stderr`` unless said otherwise, from the event loop, as a logger does.

    :raises BadOption: ``style`` is none of these.
    :raises MissingExtra: ``style="live"`` without rich.
    """

    def __init__(self, stream: TextIO | None = None, *, style: Style = "auto", answers: bool = True) -> None:
        self._screen = _screen(sys.stderr if stream is None else stream, style)
        self._answers = answers
        self._runs: dict[str, Progress] = {}
        self._show: Mapping[type[Event], Callable[[Any], None]] = {
            RunStarted: self._started,
            TurnStarted: self._turn,
            TextDelta: self._text,
            ThinkingDelta: self._text,
            ModelReplied: self._replied,
            ModelFailed: self._failed,
            RetryScheduled: self._retried,
            FallbackChosen: self._fell_back,
            ContextCompacted: self._compacted,
            ToolRequested: self._requested,
            ToolProgress: self._progressed,
            ToolFinished: self._finished,
            ApprovalRequested: self._asked,
            MessageInjected: self._injected,
            LoopDetected: self._looped,
            CostCounted: self._cost,
            RunFinished: self._over,
            EventsDropped: self._dropped,
        }

    @property
    def hears(self) -> tuple[type[Event], ...]:
        """What the view wants to hear: pieces of messages only where it can show them."""
        return tuple(each for each in self._show if self._screen.live or each not in _PIECES)

    def attach(self, bus: Bus) -> None:
        """Subscribe to a bus. A terminal that is too slow joins the pieces of a message, and then skips."""
        bus.observe(self.hears, self._take_turns if self._screen.live else self, name=NAME, overflow="coalesce")

    def __call__(self, event: Event) -> None:
        show = self._show.get(type(event))
        if show is not None:
            show(event)

    def close(self) -> None:
        """Show nothing more of the runs that go on, and leave the terminal as it was."""
        self._runs.clear()
        self._screen.end()

    def pause(self) -> None:
        """Take away what moves, until the next event, so that somebody else may use the terminal."""
        self._screen.end()

    async def _take_turns(self, event: Event) -> None:
        """Drawing takes milliseconds, so everything else on the event loop gets its turn between two events."""
        self(event)
        if event.durable:
            await asyncio.sleep(0)

    def _run(self, event: Event) -> Progress:
        """What is known of an event's run; one that was joined late is known from now on."""
        run = self._runs.get(event.run_id)
        if run is None:
            run = self._runs[event.run_id] = Progress(event.run_id, event.at)
            if len(self._runs) > _RUNS:
                del self._runs[next(iter(self._runs))]
        self._screen.begin(self._runs)
        return run

    def _started(self, event: RunStarted) -> None:
        words = f"{event.agent} ({event.model}): {event.prompt.text}"
        self._screen.show(self._run(event), "begin", shown(words))

    def _turn(self, event: TurnStarted) -> None:
        self._run(event).turn = event.turn

    def _text(self, event: TextDelta | ThinkingDelta) -> None:
        self._run(event).hear(printable(event.text), anew=event.snapshot)

    def _replied(self, event: ModelReplied) -> None:
        run = self._run(event)
        run.tail = ""
        run.tokens += event.usage.total_tokens
        final = not any(type(block) is ToolCall for block in event.content)
        for block in event.content:
            if isinstance(block, Thinking) and block.text.strip():
                self._screen.show(run, "thinking", printable(block.text).strip())
            elif isinstance(block, Text | Refusal) and block.text.strip() and (self._answers or not final):
                self._screen.show(run, "text", printable(block.text).strip())

    def _failed(self, event: ModelFailed) -> None:
        run = self._run(event)
        run.tail = ""
        run.tokens += event.usage.total_tokens
        partial = "".join(block.text for block in event.partial if isinstance(block, Text))
        if partial.strip() and self._answers:
            self._screen.show(run, "text", printable(partial).strip())

    def _retried(self, event: RetryScheduled) -> None:
        self._note(event, f"{event.model} failed; attempt {event.attempt} follows in {event.delay_s:.1f} s")

    def _fell_back(self, event: FallbackChosen) -> None:
        self._note(event, f"{event.failed} failed; {event.model} is asked instead")

    def _compacted(self, event: ContextCompacted) -> None:
        self._note(event, f"too long for {event.model}; it is shown {event.messages} messages from now on")

    def _requested(self, event: ToolRequested) -> None:
        self._run(event).open(event)

    def _progressed(self, event: ToolProgress) -> None:
        call = self._run(event).calls.get(event.call_id)
        if call is not None:
            done = "" if event.fraction is None else f" {event.fraction:.0%}"
            call.doing = shown(event.message, 100).replace("\n", " ") + done

    def _finished(self, event: ToolFinished) -> None:
        run = self._run(event)
        self._screen.show_result(run, run.settle(event))

    def _asked(self, event: ApprovalRequested) -> None:
        reason = f": {event.reason}" if event.reason else ""
        call = call_words(event.name, event.arguments)
        self._note(event, f"waits for {event.approver or 'a person'} to approve {call}{reason}")

    def _injected(self, event: MessageInjected) -> None:
        self._note(event, f"{event.author} says: {event.message.text}")

    def _looped(self, event: LoopDetected) -> None:
        self._note(event, f"the same calls with the same results {event.count} times: {', '.join(event.names)}")

    def _cost(self, event: CostCounted) -> None:
        run = self._run(event)
        run.cost_usd = (run.cost_usd or 0.0) + (event.cost_usd or 0.0)

    def _over(self, event: RunFinished) -> None:
        run = self._run(event)
        turns = "1 turn" if event.turns == 1 else f"{event.turns} turns"
        self._screen.show(
            run,
            "good" if event.status == "completed" else "bad",
            f"{event.status}{_reason(event)} ({turns}, {run.figures(event.at)})",
        )
        self._forget(event.run_id)

    def _dropped(self, event: EventsDropped) -> None:
        """Some of the run was missed, its end perhaps: it is shown again as soon as it is heard of again."""
        if event.subscriber == NAME and event.run_id in self._runs:
            self._note(event, f"{event.count} events were too fast to be shown")
            self._forget(event.run_id)

    def _note(self, event: Event, words: str) -> None:
        self._screen.show(self._run(event), "note", shown(words))

    def _forget(self, run_id: str) -> None:
        self._runs.pop(run_id, None)
        if not self._runs:
            self._screen.end()


def _reason(event: RunFinished) -> str:
    """Why a run did not complete; what failed is named."""
    error = event.error
    words = f"{error.kind}: {error.message}" if error is not None else event.reason
    return f": {shown(words)}" if words else ""


def _screen(stream: TextIO, style: Style) -> Screen:
    one_of("style", style, get_args(Style))
    if style == "live" and make_live is None:
        raise MissingExtra('a live terminal view needs rich: pip install "loopbus[cli]", or use style="plain"')
    if make_live is not None and (style == "live" or (style == "auto" and _is_terminal(stream))):
        return make_live(stream)
    return PlainScreen(stream)


def _is_terminal(stream: TextIO) -> bool:
    """Whether a stream leads to a terminal that can move its cursor and show every character."""
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
    return stream.isatty() and encoding == "utf8" and os.environ.get("TERM", "") not in ("dumb", "unknown")
