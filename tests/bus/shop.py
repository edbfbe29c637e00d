"""The events of a little shop: what the bus's own tests publish. The bus has never heard of a model."""

from loopbus.bus import Event


class Ordered(Event):
    """Somebody ordered. Published by tests."""

    may_change = frozenset({"pieces", "note"})
    wish = True

    pieces: int = 1
    note: str = ""

    def vetoed(self, reason: str) -> "Refused":
        return Refused(reason=reason)


class Rushed(Ordered):
    """Somebody ordered in haste. Published by tests."""


class Refused(Event):
    """An order was refused. Published by tests."""

    reason: str


class Paid(Event):
    """Somebody paid: a fact that nobody may change. Published by tests."""

    cents: int = 0


class Shipped(Event):
    """A parcel left. Published by tests."""

    parcel: int = 0


class Typed(Event):
    """A piece of text: neighbours of one event can be one. Published by tests."""

    durable = False

    text: str

    def merged(self, later: Event) -> "Typed | None":
        if not isinstance(later, Typed) or later.seq != self.seq:
            return None
        return self.model_copy(update={"text": self.text + later.text})


def orders(count: int) -> list[Ordered]:
    """So many orders of one run, as they stand in its log."""
    return [Ordered(run_id="run", seq=place + 1, pieces=place + 1) for place in range(count)]
