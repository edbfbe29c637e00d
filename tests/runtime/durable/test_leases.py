"""Leases are taken, kept alive together, given back, and missed when somebody else has them."""

import pytest

from loopbus.bus.tasks import TaskOwner
from loopbus.runtime import RunElsewhere
from loopbus.runtime.durable.leases import Leases
from loopbus.stores import LeaseLost, Log, MemoryRows, StoreBusy
from loopbus.stores.contract import Lease

from ...faults.house import settle
from ...stores.story import started
from .processes import Clock

TTL_S = 30.0


class Office:
    """Rows, the clock that they see, and leases for as many holders as a test wants."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.rows = MemoryRows(clock=self.clock)
        self.lost: list[str] = []

    def leases(self, *, ttl_s: float = TTL_S, log: Log | None = None) -> Leases:
        """The leases of a further holder."""
        return Leases(log or Log(self.rows), ttl_s, self.lost.append)


async def test_of_two_who_want_a_run_one_gets_it() -> None:
    """The other is told who has it; every claim has a higher token than those before."""
    office = Office()
    mine, other = office.leases(), office.leases()
    first = await mine.claim("r")
    with pytest.raises(RunElsewhere, match=mine.holder) as refused:
        await other.claim("r")
    assert refused.value.run_id == "r"
    assert (await mine.claim("r")).token > first.token
    assert (len(mine), len(other)) == (1, 0)


async def test_a_claim_waits_for_as_long_as_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may only be about to let go."""
    monkeypatch.setattr("loopbus.runtime.durable.leases._LOOK_S", 0.0)
    office, owner = Office(), TaskOwner("the test")
    mine, other = office.leases(), office.leases()
    await mine.claim("r")
    waiting = owner.spawn(other.claim("r", patience_s=20.0))
    await settle(lambda: not waiting.done())
    await mine.release("r")
    assert (await waiting).holder == other.holder


async def test_a_lease_that_was_given_back_is_free_at_once() -> None:
    """All of them, when the runtime is closed; one that is not kept any more is nothing to give back."""
    office = Office()
    mine, other = office.leases(), office.leases()
    for run_id in ("r", "s", "t"):
        await mine.claim(run_id)
    await mine.release("r")
    await mine.release("r")
    await mine.release_all()
    assert len(mine) == 0
    for run_id in ("r", "s", "t"):
        await other.claim(run_id)


async def test_what_is_given_back_late_is_not_what_was_claimed_since() -> None:
    """A run may be left and taken up again before its lease has reached the store."""
    office = Office()
    mine = office.leases()
    await mine.claim("r")
    before = mine.forget("r")
    again = await mine.claim("r")
    await mine.give_back(before)
    assert len(mine) == 1
    await Log(office.rows).append(started("r"), token=again.token)
    with pytest.raises(RunElsewhere):
        await office.leases().claim("r")


async def test_a_store_that_does_not_take_a_lease_back_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    """It ends by itself."""

    class Busy(Log):
        async def release(self, lease: Lease) -> None:
            raise StoreBusy("somebody writes")

    office = Office()
    mine = office.leases(log=Busy(office.rows))
    await mine.claim("r")
    await mine.release_all()
    assert len(mine) == 0
    assert "the lease of run r was not given back, and ends by itself: somebody writes" in caplog.text
    office.clock.now += TTL_S + 1
    await office.leases().claim("r")


async def test_leases_are_kept_alive_until_they_are_lost(caplog: pytest.LogCaptureFixture) -> None:
    """All together, whatever the store says now and then; one that somebody else has is missed, and said so once."""

    class Moody(Log):
        renewed = 0

        async def renew(self, holder: str, *, ttl_s: float = 30.0) -> frozenset[str]:
            self.renewed += 1
            if self.renewed == 1:
                raise StoreBusy("somebody writes")
            return await super().renew(holder, ttl_s=ttl_s)

    office, owner = Office(), TaskOwner("the test")
    log = Moody(office.rows)
    mine, other = office.leases(ttl_s=0.003, log=log), office.leases()
    renewing = owner.spawn(mine.renew_for_ever())
    await mine.claim("kept")
    lost = await mine.claim("lost")
    await settle(lambda: log.renewed > 2)
    assert "2 leases could not be renewed: somebody writes" in caplog.text
    assert (office.lost, len(mine)) == ([], 2)
    office.clock.now += 1
    await other.claim("lost")
    await settle(lambda: office.lost)
    await settle(lambda: log.renewed > 6)
    renewing.cancel()
    assert (office.lost, len(mine)) == (["lost"], 1)
    with pytest.raises(LeaseLost):
        await log.append(started("lost"), token=lost.token)


async def test_a_lease_that_is_claimed_anew_while_others_are_renewed_is_not_lost() -> None:
    """What the store said about the old one says nothing about the new one."""

    class Slow(Log):
        renewed = 0

        async def renew(self, holder: str, *, ttl_s: float = 30.0) -> frozenset[str]:
            self.renewed += 1
            await mine.claim("r")
            return frozenset()

    office, owner = Office(), TaskOwner("the test")
    log = Slow(office.rows)
    mine = office.leases(ttl_s=0.003, log=log)
    renewing = owner.spawn(mine.renew_for_ever())
    await mine.claim("r")
    await settle(lambda: log.renewed > 1)
    renewing.cancel()
    assert (office.lost, len(mine)) == ([], 1)
