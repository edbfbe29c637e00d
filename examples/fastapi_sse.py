"""Serve an agent with FastAPI: a POST starts a run, and any number of clients read its events as SSE.

A run belongs to the runtime and not to a request. It goes on when its client leaves; a client that comes back with
``Last-Event-ID``, as browsers do by themselves, gets exactly what it has missed.

    uvicorn --app-dir examples fastapi_sse:app
    curl -d '{"prompt": "How warm is Lima?"}' -H 'Content-Type: application/json' localhost:8000/runs
    curl -N localhost:8000/runs/RUN_ID/events
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Body, Depends, FastAPI, Header, HTTPException, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from loopbus import Agent, Run, Runtime, tool
from loopbus.backends import Scripted, call, text


@tool
async def look_up(city: str) -> str:
    """Find the weather of a city."""
    return f"{city}: 21 degrees"


model = Scripted(
    [call("look_up", city="Lima"), text("It is 21 degrees in Lima, with a light wind from the sea and no clouds.")],
    per_run=True,
    stream="words",
    piece_delay_s=0.02,
)
agent = Agent(model, instructions="Answer in one sentence.", tools=[look_up])


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    """Open a runtime with the server; closing it stops every run, within its grace time."""
    async with Runtime() as app.state.runtime:
        yield


def the_runtime(request: Request) -> Runtime:
    """Give the runtime of the application that runs; a test may open it again, and has another one then."""
    return request.app.state.runtime


Live = Annotated[Runtime, Depends(the_runtime)]
app = FastAPI(lifespan=lifespan)


@app.post("/runs", status_code=202)
async def start(
    runtime: Live, prompt: Annotated[str, Body(embed=True)], idempotency_key: Annotated[str | None, Header()] = None
) -> dict[str, str]:
    """Start a run and return at once. A POST that is repeated with the same key finds the run that goes on already."""
    run = await runtime.start(agent, prompt, key=idempotency_key)
    return {"run_id": run.id, "events": f"/runs/{run.id}/events"}


def find(run_id: str, runtime: Live) -> Run:
    """Give the run of this id; a real application asks here whose it is."""
    run = runtime.find(run_id)
    if run is None:
        raise HTTPException(404, "there is no such run")
    return run


@app.get("/runs/{run_id}/events", response_class=EventSourceResponse)
async def events(
    run: Annotated[Run, Depends(find)], last_event_id: Annotated[int, Header(ge=0)] = 0
) -> AsyncIterator[ServerSentEvent]:
    """Send every event behind ``Last-Event-ID``, then those to come. Deltas have no id: they are never sent again."""
    async for event in run.events(after=last_event_id, ephemeral=True):
        yield ServerSentEvent(data=event, event=event.event_name, id=str(event.seq) if event.durable else None)


@app.post("/runs/{run_id}/cancel", status_code=204)
async def cancel(run: Annotated[Run, Depends(find)]) -> None:
    """Stop a run; its readers get the terminal event. A run that is over stays as it is."""
    await run.cancel("the client asked for it")
