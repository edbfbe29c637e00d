"""``python -m benchmarks.local_model``: how well the embedded model uses tools.

Three shares, each over prompts of our own: calls that are well formed, calls that are the right ones, and answers that
say what the tools said. The second suite was written when the tuning was done, and nothing was changed for it.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from loopbus import Agent, Runtime
from loopbus.events.content import Message, ToolCall, ToolResult

from . import local_prompts, local_prompts_held_out
from .local_prompts import Case

SUITES = {"tuned": local_prompts, "held out": local_prompts_held_out}
INSTRUCTIONS = "You are a helpful assistant."


class Verdict(NamedTuple):
    """What became of one prompt. ``well_formed`` is None where no tool was called for."""

    prompt: str
    well_formed: bool | None
    right_calls: bool
    right_answer: bool
    called: list[str]
    answer: str
    elapsed_s: float


SHARES = {"well_formed": 0.95, "right_calls": 0.90, "right_answer": 0.80}
"""What must be reached."""


def judge(case: Case, messages: Sequence[Message], answer: str, elapsed_s: float) -> Verdict:
    calls = [block for message in messages for block in message.content if isinstance(block, ToolCall)]
    results = [block for message in messages for block in message.content if isinstance(block, ToolResult)]
    well_formed = bool(calls) and all(result.outcome == "ok" for result in results)
    pairs = zip(calls, case.calls, strict=False)
    right = len(calls) == len(case.calls) and all(
        call.name == wanted.tool and _agree(call.arguments, wanted.arguments) for call, wanted in pairs
    )
    said = answer.replace(",", "").casefold()
    return Verdict(
        case.prompt,
        well_formed if case.calls else None,
        right,
        all(any(word.casefold() in said for word in choices) for choices in case.answer),
        [f"{call.name}({json.dumps(dict(call.arguments), ensure_ascii=False)})" for call in calls],
        answer,
        round(elapsed_s, 2),
    )


def _agree(arguments: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(_plain(arguments.get(name)) in _choices(value) for name, value in wanted.items())


def _choices(value: Any) -> list[Any]:
    """Every value that is right: a tuple holds several."""
    return [_plain(one) for one in cast("tuple[Any, ...]", value if isinstance(value, tuple) else (value,))]


def _plain(value: Any) -> Any:
    return value.strip().casefold() if isinstance(value, str) else value


async def run(model: str, suite: str, instructions: str) -> list[Verdict]:
    """Ask every prompt of a suite, one after the other, each in a run of its own."""
    prompts = SUITES[suite]
    agent = Agent(model, instructions=instructions, tools=prompts.TOOLS)
    verdicts: list[Verdict] = []
    async with Runtime() as runtime:
        for case in prompts.CASES:
            began = time.monotonic()
            run = await runtime.start(agent, case.prompt)
            outcome = await run.outcome()
            verdicts.append(judge(case, outcome.messages, str(outcome.output), time.monotonic() - began))
    return verdicts


def share(verdicts: Sequence[Verdict], name: str) -> float:
    told = [value for verdict in verdicts if (value := getattr(verdict, name)) is not None]
    return sum(told) / len(told)


def table(found: Mapping[str, Sequence[Verdict]]) -> str:
    lines = [f"{'suite':10} {'prompts':>7} {'s each':>7} " + " ".join(f"{name:>13}" for name in SHARES)]
    for suite, verdicts in found.items():
        pace = sum(verdict.elapsed_s for verdict in verdicts) / len(verdicts)
        shares = " ".join(f"{share(verdicts, name):13.1%}" for name in SHARES)
        lines.append(f"{suite:10} {len(verdicts):7} {pace:7.2f} {shares}")
    return "\n".join([*lines, f"{'must reach':26} " + " ".join(f"{least:13.0%}" for least in SHARES.values())])


def failures(verdicts: Sequence[Verdict]) -> str:
    return "\n".join(
        f"- {verdict.prompt}\n    called {', '.join(verdict.called) or 'nothing'}\n    said {verdict.answer!r:.200}"
        for verdict in verdicts
        if not (verdict.right_calls and verdict.right_answer)
    )


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.local_model", description="Does it use tools well?")
    parser.add_argument("--model", default="local", help="local, local:smollm2, or any other name of a model")
    parser.add_argument("--suite", action="append", choices=SUITES, help="only this one; may be repeated")
    parser.add_argument("--instructions", default=INSTRUCTIONS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every verdict there")
    asked = parser.parse_args()
    found = {suite: asyncio.run(run(asked.model, suite, asked.instructions)) for suite in asked.suite or SUITES}
    for suite, verdicts in found.items():
        print(f"{suite}, not as it should be:\n{failures(verdicts)}\n")
    print(table(found))
    if asked.json is not None:
        document = {
            suite: {
                "shares": {name: share(verdicts, name) for name in SHARES},
                "verdicts": [verdict._asdict() for verdict in verdicts],
            }
            for suite, verdicts in found.items()
        }
        asked.json.write_text(json.dumps({"model": asked.model, "suites": document}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
