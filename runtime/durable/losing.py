"""Why a run is not this process's any more: another one has it, or nobody, for it was deleted."""

from ...stores.contract import EventLog
from ...stores.errors import NoSuchRun, StoreError
from ..errors import RunDeleted, RunInterrupted, RunTaken


def deleted(run_id: str) -> RunDeleted:
    """What is said to whoever waits for a run that was deleted."""
    return RunDeleted(f"run {run_id} was deleted; nothing more comes of it", run_id)


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
