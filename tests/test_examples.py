"""Every example does what its first lines promise: the scripts run as they stand, the web application is served."""

import asyncio
import importlib.util
import json
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from types import ModuleType

import httpx
import pytest
import uvicorn

from loopbus import Agent, Run
from loopbus.backends import Capabilities, Delta, Request, Scripted
from loopbus.backends.contract import StopPiece, TextPiece

from .architecture import ROOT
from .sse import Frame, frames

pytestmark = pytest.mark.usefixtures("unmeasured")

EXAMPLES = ROOT / "examples"
SAYS = {
    "approval.py": (
        "finance is asked for refund({'order': 7, 'usd': 200}): more than 100 USD",
        "ok: order 6: 20.00 USD paid back",
        "ok: order 7: 150.00 USD paid back",
        "denied: Not approved.",
    ),
    "custom_observer.py": (
        "switched off __main__.main.<locals>.broken: RuntimeError: the metrics server is down",
        "look_up: 3 calls",
        "convert: 3 calls",
        "{'It is 69.8 degrees Fahrenheit in Lima.'}",
    ),
    "session.py": (
        "ada: You have told me 2 things; the first was 'I am Ada.'.",
        "reached a limit: 2 turns",
        "then: You have told me 2 things; the first was 'Please count for ever.'.",
    ),
    "streaming.py": (
        "[count_words: page 2 of 3 of Walden]",
        "[count_words: 1234]",
        "Walden has 1,234 words. That is a short book, or a long page.",
        "completed after 2 turns",
        "early and late reader saw the same 13 events: True",
    ),
    "structured_output.py": (
        "so far: {'seller': \"Ada's Bakery\"}",
        "'usd': -4}]}",
        "{'item': 'jam', 'usd': 2.5}]}",
        "rejected: The arguments of final_answer are wrong",
        "- lines[0].usd: should be greater than or equal to 0; got -4",
        "Ada's Bakery: 6.50 USD",
    ),
    "thousand_agents.py": ("1000 of 1000 runs completed, 34000 events",),
    "veto.py": (
        "denied: Not allowed: only files below /srv/notes may be deleted",
        "ok: deleted /srv/notes/old.txt",
    ),
}
"""The scripts, and what each must have said, in this order."""
ELSEWHERE = {
    "fastapi_sse.py": "is served, below",
    "quickstart.py": "needs the real model, so `make demo` and the tests marked `local` run it",
    "semantic_search.py": "needs the real embedding model, so the tests marked `local` run it",
}


def test_no_example_is_forgotten() -> None:
    """A new example is run too, or says who runs it."""
    assert {path.name for path in EXAMPLES.glob("*.py")} <= SAYS.keys() | ELSEWHERE.keys()
    assert {path.name for path in EXAMPLES.glob("*.py")} >= SAYS.keys() | {"fastapi_sse.py"}


@pytest.mark.parametrize("name", SAYS)
def test_the_script_runs_as_it_stands(name: str) -> None:
    """``python examples/NAME`` ends well, warns of nothing, and says what it should, in order."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    rest = done.stdout
    for words in SAYS[name]:
        assert words in rest, f"{name} did not say {words!r}, at least not in its place; it said:\n{done.stdout}"
        rest = rest.partition(words)[2]


@pytest.fixture
def example() -> ModuleType:
    """The web application, loaded anew, so that each test may give it another agent."""
    spec = importlib.util.spec_from_file_location("fastapi_sse", EXAMPLES / "fastapi_sse.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def client(example: ModuleType) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the application, which uvicorn serves on loopback until the test is over."""
    server = uvicorn.Server(uvicorn.Config(example.app, log_level="warning", lifespan="on", ws="none"))
    # It listens before the server runs, so the first request waits in line and nobody has to ask whether it is up.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[listening]))
            try:
                async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as client:
                    yield client
            finally:
                server.should_exit = True


async def start(client: httpx.AsyncClient, **headers: str) -> str:
    """Start a run and return its id."""
    response = await client.post("/runs", json={"prompt": "How warm is Lima?"}, headers=headers)
    assert response.status_code == 202
    return response.json()["run_id"]


@asynccontextmanager
async def reading(client: httpx.AsyncClient, run_id: str, last: int = 0) -> AsyncGenerator[AsyncIterator[Frame], None]:
    """Read a run's stream from behind event ``last``; leaving the block leaves the stream, at the latest after 20 s."""
    headers = {"Last-Event-ID": str(last)} if last else {}
    async with (
        asyncio.timeout(20),
        client.stream("GET", f"/runs/{run_id}/events", headers=headers) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        async with aclosing(frames(response)) as stream:
            yield stream


async def read(client: httpx.AsyncClient, run_id: str, last: int = 0, until: str = "") -> list[Frame]:
    """Read a run's stream to its end, or to the first event called ``until``."""
    seen: list[Frame] = []
    async with reading(client, run_id, last) as stream:
        async for frame in stream:
            seen.append(frame)
            if frame.event == until:
                break
    return seen


def ids(seen: list[Frame]) -> list[int]:
    """The ids of those frames that have one."""
    return [int(frame.id) for frame in seen if frame.id]


async def test_a_client_reads_a_run_from_beginning_to_end(client: httpx.AsyncClient, example: ModuleType) -> None:
    """The ids are the events' numbers without a gap, the pieces add up to the answer, and the stream ends by itself."""
    run_id = await start(client)
    seen = await read(client, run_id)
    run: Run = example.find(run_id, example.app.state.runtime)
    assert ids(seen) == [event.seq for event in run.log]
    assert [frame.event for frame in seen if frame.id] == [event.event_name for event in run.log]
    finished = json.loads(seen[-1].data)
    assert (seen[-1].event, finished["status"]) == ("RunFinished", "completed")
    pieces = [json.loads(frame.data)["text"] for frame in seen if frame.event == "TextDelta"]
    assert len(pieces) > 1
    assert "".join(pieces) == finished["output"]


class HalfWay:
    """A model that halts in the middle of its answer until it is told to go on."""

    model = "half-way"
    capabilities = Capabilities()

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def stream(self, request: Request) -> AsyncGenerator[Delta, None]:
        yield TextPiece("It is ")
        await self.go_on.wait()
        yield TextPiece("21 degrees.")
        yield StopPiece("end")

    async def aclose(self) -> None:
        """There is nothing to close."""


@pytest.fixture
def half_way(example: ModuleType, monkeypatch: pytest.MonkeyPatch) -> HalfWay:
    """The application's model, so that a test decides what happens while the answer is being written."""
    model = HalfWay()
    monkeypatch.setattr(example, "agent", Agent(model))
    return model


async def test_a_run_goes_on_when_its_client_leaves_and_comes_back(
    client: httpx.AsyncClient, example: ModuleType, half_way: HalfWay
) -> None:
    """A client that left in the middle of the answer gets what it missed: each event once, none twice, none lost."""
    run_id = await start(client)
    before = await read(client, run_id, until="TextDelta")
    run: Run = example.find(run_id, example.app.state.runtime)
    assert run.status is None, "leaving must not stop the run"

    half_way.go_on.set()
    outcome = await run.outcome()
    assert (outcome.status, outcome.output) == ("completed", "It is 21 degrees.")

    after = await read(client, run_id, last=ids(before)[-1])
    assert [frame.event for frame in after] == ["ModelReplied", "TurnFinished", "RunFinished"]
    assert ids(before) + ids(after) == [event.seq for event in run.log]


async def test_a_client_that_comes_back_in_the_middle_of_the_answer_misses_no_word(
    client: httpx.AsyncClient, half_way: HalfWay
) -> None:
    """It gets what was written so far as one piece, then every further piece, and no event that it had before."""
    run_id = await start(client)
    before = await read(client, run_id, until="TextDelta")
    after: list[Frame] = []
    async with reading(client, run_id, last=ids(before)[-1]) as stream:
        async for frame in stream:
            after.append(frame)
            half_way.go_on.set()
    pieces = [json.loads(frame.data) for frame in after if frame.event == "TextDelta"]
    assert [(piece["text"], piece["snapshot"]) for piece in pieces] == [("It is ", True), ("21 degrees.", False)]
    assert min(ids(after)) == max(ids(before)) + 1


async def test_a_client_that_has_everything_gets_nothing_more(client: httpx.AsyncClient, example: ModuleType) -> None:
    """A reconnect behind the terminal event ends at once, as there is nothing left to wait for."""
    run_id = await start(client)
    seen = await read(client, run_id)
    assert await read(client, run_id, last=ids(seen)[-1]) == []


async def test_two_clients_read_one_run(client: httpx.AsyncClient) -> None:
    """Readers do not share a stream: each sees all of it."""
    run_id = await start(client)
    async with asyncio.TaskGroup() as readers:
        one, other = (readers.create_task(read(client, run_id)) for _ in range(2))
    assert ids(one.result()) == ids(other.result())


async def test_a_repeated_request_finds_the_same_run(client: httpx.AsyncClient, example: ModuleType) -> None:
    """A POST that is sent again with its ``Idempotency-Key`` starts nothing; without a key it does."""
    first = await start(client, **{"Idempotency-Key": "request-1"})
    assert await start(client, **{"Idempotency-Key": "request-1"}) == first
    assert await start(client) != first
    assert len(example.app.state.runtime.runs) <= 2


async def test_a_cancelled_run_tells_its_readers(client: httpx.AsyncClient, half_way: HalfWay) -> None:
    """Whoever reads gets the terminal event, and cancelling a run that is over is harmless."""
    run_id = await start(client)
    async with asyncio.TaskGroup() as readers:
        reader = readers.create_task(read(client, run_id))
        await read(client, run_id, until="ModelRequested")
        assert (await client.post(f"/runs/{run_id}/cancel")).status_code == 204
    finished = json.loads(reader.result()[-1].data)
    assert (finished["status"], finished["reason"]) == ("cancelled", "the client asked for it")
    assert (await client.post(f"/runs/{run_id}/cancel")).status_code == 204


@pytest.mark.parametrize("garbage", ["-1", "x", "1e9", "1-x"])
async def test_a_last_event_id_that_is_none_is_refused(client: httpx.AsyncClient, garbage: str) -> None:
    """A client error, said before the stream begins."""
    run_id = await start(client)
    response = await client.get(f"/runs/{run_id}/events", headers={"Last-Event-ID": garbage})
    assert response.status_code == 422
    assert "last-event-id" in response.text


async def test_a_run_that_nobody_started_is_not_found(client: httpx.AsyncClient) -> None:
    """Reading and cancelling answer alike."""
    assert (await client.get("/runs/no-such-run/events")).status_code == 404
    assert (await client.post("/runs/no-such-run/cancel")).status_code == 404


async def test_the_application_can_be_opened_again(example: ModuleType) -> None:
    """As test clients do, one after the other, with one application: each time it has a runtime of its own."""
    for _ in range(2):
        async with example.lifespan(example.app):
            run = await example.app.state.runtime.start(Agent(Scripted(["hello"])), "hi")
            assert (await run.result()).output == "hello"
