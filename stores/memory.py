"""Keeps rows in memory: for tests, and for runs that need not outlive their process."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from .admission import admit, admit_fork, key_taken
from .artifacts import holes
from .chain import genesis
from .contract import Lease, RunInfo, SessionInfo, Survives
from .errors import NoSuchRun, StoreClosed, StoreError
from .forks import Branch, bequeathed
from .leases import Held, claimed, lasting
from .rows import Batch, Fork, Head, Opening, Page, Row, RunQuery


@dataclass(slots=True)
class _Run:
    info: RunInfo
    genesis: bytes
    rows: list[Row] = field(default_factory=list[Row])
    """All of them: a fork's list has the very rows of its source."""


class MemoryRows:
    """A ``RowStore`` that keeps everything for as long as it lives. ``clock`` gives seconds since the epoch."""

    survives: Survives = "nothing"

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._runs: dict[str, _Run] = {}
        self._keys: dict[str, str] = {}
        self._leases: dict[str, Held] = {}
        self._artifacts: dict[bytes, bytes] = {}
        self._begun = 0
        self._closed = False

    async def append(self, batch: Batch) -> None:
        """See ``RowStore``."""
        self._check_open()
        run = self._runs.get(batch.run_id)
        head = None if run is None else _head(run)
        rows = admit(batch, head, self._token(batch.run_id))
        if run is None:
            run = self._begin(batch.run_id, batch.opening or Opening("", None, None, 0.0))
        run.rows += rows
        status, ended_at = batch.ending or (run.info.status, run.info.ended_at)
        run.info = replace(run.info, seq=rows[-1].seq, status=status, ended_at=ended_at)
        self._artifacts.update(batch.artifacts)
        if batch.ending is not None:
            self._give_back(batch.run_id, batch.token)

    async def append_all(self, batches: Sequence[Batch]) -> list[Exception | None]:
        """See ``Gathering``."""
        answers: list[Exception | None] = []
        for batch in batches:
            try:
                await self.append(batch)
            except StoreError as refused:
                answers.append(refused)
            else:
                answers.append(None)
        return answers

    async def fork(self, fork: Fork) -> None:
        """See ``RowStore``."""
        source, taken = self._run(fork.source), self._runs.get(fork.run_id)
        admit_fork(fork, source.info.seq, None if taken is None else taken.info.seq, self._token(fork.run_id))
        run = self._begin(fork.run_id, Opening(fork.agent or source.info.agent, fork.session, None, self._clock()))
        run.genesis, run.rows = source.genesis, source.rows[: fork.at]
        status, ended_at = (source.info.status, source.info.ended_at) if fork.at == source.info.seq else (None, None)
        run.info = replace(run.info, seq=fork.at, status=status, ended_at=ended_at, source=fork.source, at=fork.at)

    async def page(self, run_id: str, after: int, limit: int) -> Page:
        """See ``RowStore``."""
        run = self._run(run_id)
        before = run.rows[after - 1].digest if 0 < after <= len(run.rows) else run.genesis
        return Page(_head(run), before, run.rows[after : after + limit])

    async def artifacts(self, digests: Sequence[bytes]) -> dict[bytes, bytes]:
        """See ``RowStore``."""
        return {digest: self._artifacts[digest] for digest in digests if digest in self._artifacts}

    async def runs(self, query: RunQuery) -> list[RunInfo]:
        """See ``RowStore``."""
        self._check_open()
        latest_first = (run.info for run in reversed(self._runs.values()))
        wanted = islice((info for info in latest_first if _is_wanted(info, query)), query.limit)
        return [self._held(info) for info in wanted]

    async def info(self, run_id: str) -> RunInfo:
        """See ``RowStore``."""
        return self._held(self._run(run_id).info)

    async def sessions(self) -> list[SessionInfo]:
        """See ``RowStore``."""
        self._check_open()
        found: dict[str, SessionInfo] = {}
        for run in reversed(self._runs.values()):
            info = run.info
            if info.session is not None:
                known = found.setdefault(info.session, SessionInfo(info.session, 0, info.run_id, info.started_at))
                found[info.session] = replace(known, runs=known.runs + 1)
        return list(found.values())

    async def delete(self, run_id: str) -> int:
        """See ``RowStore``."""
        self._check_open()
        self._leases.pop(run_id, None)
        return self._delete([run_id] if run_id in self._runs else [])

    async def delete_session(self, name: str) -> int:
        """See ``RowStore``."""
        self._check_open()
        return self._delete([run_id for run_id, run in self._runs.items() if run.info.session == name])

    async def expire(self, ended_before: float, limit: int) -> int:
        """See ``RowStore``."""
        self._check_open()
        infos = (run.info for run in self._runs.values())
        ended = [(info.ended_at, info.run_id) for info in infos if info.ended_at is not None]
        return self._delete([run_id for ended_at, run_id in sorted(ended)[:limit] if ended_at < ended_before])

    async def claim(self, run_id: str, holder: str, ttl_s: float) -> Lease:
        """See ``RowStore``."""
        self._check_open()
        lease, self._leases[run_id] = claimed(run_id, holder, ttl_s, self._leases.get(run_id), self._clock())
        return lease

    async def renew(self, holder: str, ttl_s: float) -> frozenset[str]:
        """See ``RowStore``."""
        self._check_open()
        own = {run_id: held for run_id, held in self._leases.items() if held.holder == holder}
        until = self._clock() + ttl_s
        self._leases |= {run_id: held._replace(until=until, ttl_s=ttl_s) for run_id, held in own.items()}
        return frozenset(own)

    async def release(self, lease: Lease) -> None:
        """See ``RowStore``."""
        self._check_open()
        self._give_back(lease.run_id, lease.token)

    async def aclose(self) -> None:
        """See ``RowStore``."""
        self._closed = True

    def _begin(self, run_id: str, opening: Opening) -> _Run:
        key = opening.key
        if key is not None:
            if key in self._keys:
                raise key_taken(key, self._keys[key])
            self._keys[key] = run_id
        self._begun += 1
        run = self._runs[run_id] = _Run(RunInfo(run_id, self._begun, *opening, seq=0, status=None), genesis(run_id))
        return run

    def _delete(self, run_ids: Sequence[str]) -> int:
        for run_id in run_ids:
            info = self._runs.pop(run_id).info
            self._leases.pop(run_id, None)
            if info.key is not None:
                del self._keys[info.key]
            self._hand_on(info)
        if self._artifacts:
            used = {hole.digest for run in self._runs.values() for row in run.rows for hole in holes(row.body)}
            self._artifacts = {digest: value for digest, value in self._artifacts.items() if digest in used}
        return len(run_ids)

    def _hand_on(self, gone: RunInfo) -> None:
        forks = [_branch(run.info) for run in self._runs.values() if run.info.source == gone.run_id]
        for fork in bequeathed(_branch(gone), forks).moved:
            run = self._runs[fork.run]
            run.info = replace(run.info, source=fork.source, at=fork.at)

    def _give_back(self, run_id: str, token: int) -> None:
        held = self._leases.get(run_id)
        if held is not None and held.token == token:
            self._leases[run_id] = held._replace(holder="")

    def _held(self, info: RunInfo) -> RunInfo:
        lease = lasting(info.run_id, self._leases.get(info.run_id), self._clock())
        return info if lease is None else replace(info, lease=lease)

    def _token(self, run_id: str) -> int:
        lease = self._leases.get(run_id)
        return 0 if lease is None else lease.token

    def _run(self, run_id: str) -> _Run:
        self._check_open()
        run = self._runs.get(run_id)
        if run is None:
            raise NoSuchRun(f"this store has no run {run_id}", run_id=run_id)
        return run

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed("this store was closed")


def _head(run: _Run) -> Head:
    return Head(run.rows[-1].seq, run.rows[-1].digest)


def _branch(info: RunInfo) -> Branch[str]:
    return Branch(info.run_id, info.source, info.at)


def _is_wanted(info: RunInfo, query: RunQuery) -> bool:
    return (
        (query.session is None or info.session == query.session)
        and (query.key is None or info.key == query.key)
        and (query.agent is None or info.agent == query.agent)
        and (query.status is None or info.status == query.status)
        and (not query.unfinished or info.status is None)
        and (query.before is None or info.place < query.before)
    )
