"""Why a run is not this process's any more: another one has it, or nobody, for it was deleted."""

from ...stores.contract import EventLog
from ...stores.errors import NoSuchRun, StoreError
from ..errors import RunDeleted, RunInterrupted, RunTaken, RuntimeClosed


def deleted(run_id: str) -> RunDeleted:
    """What is said to whoever waits for a run that was deleted."""
    return RunDeleted(f"run {run_id} was deleted; nothing more comes of it", run_id)


def closed(run_id: str) -> RuntimeClosed:
    """What is said to whoever wants something of a run here, when nobody here would go on with it."""
    return RuntimeClosed(f"the runtime of run {run_id} is closed; resume it in another one")


async def why_lost(log: EventLog, run_id: str) -> RunInterrupted:
    """Find out what has become of a run whose lease was lost."""
    try:
        await log.info(run_id)
    except NoSuchRun:
        return deleted(run_id)
    except StoreError:
        # Then it cannot be told; that the lease is lost is certain.
        pass
    return RunTaken(f"run {run_id} is driven by another process now; attach to it to see how it goes on", run_id)
