"""How a model is asked for an output of a type: by the provider itself, by a tool call, or in words."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from ..backends.contract import Capabilities, OutputSpec, Settings
from ..tools.final_answer import FINAL_ANSWER, final_answer
from ..tools.output import OutputType
from ..tools.tool import Tool
from .instructions import OfDeps, written

OutputMode = Literal["auto", "native", "tool", "prompt"]
"""``native``: the provider keeps the answer to a schema. ``tool``: the answer is a call of ``final_answer``.
``prompt``: the instructions ask for JSON. ``auto``: the first of these that the model's backend can do."""

_WORDS = """\
When you give the final answer, give it as one JSON object and nothing else: no explanation, no Markdown. It must be \
what this JSON schema allows:
{schema}"""


class Asking(NamedTuple):
    """What a request has in it so that the answer is of a type. Nothing, where any text will do."""

    spec: OutputSpec | None = None
    tools: tuple[Tool, ...] = ()
    words: str = ""
    again: str = ""
    """What a model is told that answered wrongly in words."""

    def settings(self, settings: Settings) -> Settings:
        """Have some tool called in every reply, where the answer is one and the caller has not said otherwise."""
        # Providers refuse to force a call while the model reasons.
        reasons = settings.reasoning_tokens or settings.reasoning_effort not in (None, "none")
        if not self.tools or settings.tool_choice is not None or reasons:
            return settings
        return replace(settings, tool_choice="required")

    def instructions(self, instructions: OfDeps) -> OfDeps:
        """The agent's own instructions, with what must be said of the answer behind them."""
        if not self.words:
            return instructions
        if isinstance(instructions, str):
            return _joined(instructions, self.words)

        async def both(deps: Any) -> str:
            return _joined(await written(instructions, deps), self.words)

        return both


FREE = Asking()
"""Any text is an answer."""


def asking_for(output: OutputType[Any], mode: OutputMode, can: Capabilities, *, beside_tools: bool = False) -> Asking:
    """How to ask a backend that can do this for an output, in requests that may have tools in them already."""
    return _WAYS[_best(can, beside_tools) if mode == "auto" else mode](output)


def _best(can: Capabilities, beside_tools: bool) -> OutputMode:
    if can.output and (can.output_with_tools or not beside_tools):
        return "native"
    return "tool" if can.tools else "prompt"


def _natively(output: OutputType[Any]) -> Asking:
    return Asking(OutputSpec(output.name, output.schema, output.description), again="Answer again, with all of it.")


def _by_tool(output: OutputType[Any]) -> Asking:
    return Asking(tools=(final_answer(output),), again=f"Give the answer by calling the tool {FINAL_ANSWER}.")


def _by_prompt(output: OutputType[Any]) -> Asking:
    words = _WORDS.format(schema=output.schema_text)
    return Asking(words=words, again="Answer again with the whole JSON object, and nothing else.")


_WAYS: Mapping[OutputMode, Callable[[OutputType[Any]], Asking]] = {
    "native": _natively,
    "tool": _by_tool,
    "prompt": _by_prompt,
}


def _joined(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))
