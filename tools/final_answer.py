"""The tool that a model calls to give its answer, where the output is asked for by a tool call."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from .output import OutputType
from .signature import EMPTY, Signature
from .tool import Tool

FINAL_ANSWER = "final_answer"
_NOTHING = Signature(parameters=(), context=None, positional=(), others=EMPTY)


def final_answer(output: OutputType[Any]) -> Tool:
    """A tool whose arguments are the output. It does nothing: that it was called with right ones is the answer."""
    said = f" {output.description}" if output.description else ""

    def check(arguments: Mapping[str, JsonValue]) -> dict[str, Any]:
        output.validate(arguments)
        return {}

    return Tool(
        fn=_accept,
        name=FINAL_ANSWER,
        description=f"Give the final answer. Call this once you know it, instead of answering in words.{said}",
        parameters=output.schema,
        delivery="idempotent",
        signature=_NOTHING,
        check=check,
    )


async def _accept() -> str:
    return "The answer is accepted."
