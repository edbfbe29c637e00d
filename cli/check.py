"""``loopbus check``: whether a model can be asked, and can do what an agent needs of it."""

from contextlib import aclosing
from dataclasses import asdict
from typing import Annotated

import anyio
import typer

from ..backends.contract import Backend
from ..backends.known import resolve
from .interrupts import Interrupts
from .output import write, write_json
from .probes import STEPS, Outcome, probe
from .references import load_model

CLOSE_S = 5.0
FAILED = 1
USAGE = 2
SIGNS = {"ok": "ok  ", "failed": "FAIL", "skipped": "skip"}


def check(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A model, or module:name of a Backend object of your own.")
    ],
    timeout: Annotated[float, typer.Option(min=0.001, metavar="SECONDS", help="How long a step may take.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Ask a model four small questions: sign-in, streaming, a tool call, structured output if it claims that.

    Each line says how a step went, and if it failed what was wrong and what to do. It costs a few hundred tokens.

    Exit codes: 0 all is well, 1 a step failed, 2 wrong usage or a key or extra is missing, 130 interrupted.
    """
    named = load_model(model)
    backend = resolve(named) if isinstance(named, str) else named
    outcomes: list[Outcome] = []
    try:
        Interrupts().run(_take_steps(backend, timeout, outcomes, show=not as_json))
    finally:
        if as_json:
            passed = len(outcomes) == len(STEPS) and not _code(outcomes)
            write_json({"model": backend.model, "ok": passed, "steps": [asdict(each) for each in outcomes]}, indent=2)
    raise typer.Exit(_code(outcomes))


async def _take_steps(backend: Backend, timeout_s: float, outcomes: list[Outcome], *, show: bool) -> None:
    try:
        async with aclosing(probe(backend, timeout_s)) as steps:
            async for outcome in steps:
                outcomes.append(outcome)
                if show:
                    write(_line(outcome))
    finally:
        with anyio.move_on_after(CLOSE_S, shield=True):
            await backend.aclose()


def _line(outcome: Outcome) -> str:
    took = f"{outcome.elapsed_s:5.1f} s" if outcome.elapsed_s else "       "
    line = f"{SIGNS[outcome.status]}  {outcome.step:<17}  {took}  {outcome.said}\n"
    return f"{line}{' ' * 6}what to do: {outcome.advice}\n" if outcome.advice else line


def _code(outcomes: list[Outcome]) -> int:
    if any(outcome.missing for outcome in outcomes):
        return USAGE
    return FAILED if any(outcome.status == "failed" for outcome in outcomes) else 0
