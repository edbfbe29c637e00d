"""What the screen knows of one run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from json import dumps

from ....events.human import ApprovalRequested
from ....events.tool import ToolFinished, ToolRequested
from ...excerpt import excerpt, short
from ...printable import printable

TAIL = 4000
"""How many characters of a message that is being written are remembered; the whole one comes with ``ModelReplied``."""
_ARGUMENTS = 400


@dataclass(slots=True)
class Call:
    """A tool call that has no result yet."""

    words: str
    """The call as one line: ``add(a=17, b=25)``."""
    since: float
    doing: str = ""
    """What the tool last said of its progress."""

    def summary(self, now: float) -> str:
        """How far the call is, in one line."""
        return " ".join(filter(None, (self.words, self.doing, f"{max(now - self.since, 0):.1f} s")))


@dataclass(slots=True)
class Result:
    """A tool call with its result, ready to be shown."""

    words: str
    outcome: str
    elapsed_s: float
    output: str


@dataclass(slots=True)
class Progress:
    """One run: how far it is, what is being written, which tools run."""

    run_id: str
    began: float
    """Seconds since the epoch."""
    turn: int = 0
    tokens: int = 0
    cost_usd: float | None = None
    tail: str = ""
    """The end of the message that is being written."""
    calls: dict[str, Call] = field(default_factory=dict[str, Call])

    @property
    def tag(self) -> str:
        """A short name for the run: what tells its id from those of its neighbours."""
        return printable(self.run_id.rpartition("-")[2][-8:])

    def hear(self, text: str, *, anew: bool) -> None:
        """Remember some more of the message that is being written."""
        self.tail = text if anew else self.tail + text
        if len(self.tail) > TAIL:
            # By half at once: where the text begins decides how it is wrapped, so it must not move all the time.
            self.tail = self.tail[-TAIL // 2 :]

    def open(self, event: ToolRequested | ApprovalRequested) -> None:
        """Remember a call."""
        self.calls[event.call_id] = Call(call_words(event.name, event.arguments), event.at)

    def settle(self, event: ToolFinished) -> Result:
        """Take a call out, with its result."""
        call = self.calls.pop(event.call_id, None) or Call(call_words(event.name, {}), event.at)
        # A call that was stopped has nobody to say how long it ran.
        elapsed_s = event.elapsed_s or max(event.at - call.since, 0)
        return Result(call.words, event.outcome, elapsed_s, shown(event.output, 2000))

    def figures(self, now: float) -> str:
        """What the run took so far, in one line."""
        cost = f", ${self.cost_usd:.4f}" if self.cost_usd else ""
        return f"{self.tokens:,} tokens{cost}, {max(now - self.began, 0):.1f} s"


def shown(text: str, characters: int = 1000) -> str:
    """Somebody's words, fit to be shown: safe for a terminal, without secrets, cut where they are long."""
    return printable(short(text, characters))


def call_words(name: str, arguments: Mapping[str, object]) -> str:
    """A call as one line of text, without secrets, cut where it is long."""
    given = ", ".join(
        f"{key}={dumps(value, ensure_ascii=False)}" for key, value in excerpt(arguments, characters=100).items()
    )
    return printable(f"{short(name, 64)}({short(given, _ARGUMENTS)})".replace("\n", " "))
