"""One reply of the local model: as many completions as it takes to get a sound call or an answer."""

import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple, cast

from pydantic import JsonValue

from ...events.content import Message, Text, ToolResult
from ...events.usage import Usage
from ..contract import Delta, Request, Settings, StopPiece, StopReason, TextPiece, ToolCallPiece, ToolSpec, UsagePiece
from ..errors import Misunderstood
from ..wire.objects import write_object
from .calls import Found, find_calls, has_a_source, meant_tool
from .completions import Completions, End, Piece
from .draft import Draft
from .prompt import CALL_OPENING, answering_turns, calling_turns, has_results, is_calling
from .schema import Schema, closed, fits

MAX_TOKENS = 1024
"""For a reply, unless the settings say otherwise: small models like to go on for ever."""

CUT = "limit"
STOPS: Mapping[str, StopReason] = {"eos": "end", "word": "stop_sequence", CUT: "length"}
"""What the engine's word for the end of a completion means."""

EVEN_ODDS = math.log(0.5)
"""A call that takes nothing from the conversation, and one of whose tokens the model itself thought less likely than
this, is made up: small models would rather invent a call than say that no tool fits."""

GUIDANCE = {
    "whitespace_flexible": False,
    "key_separator": ": ",
    "item_separator": ", ",
    "coerce_one_of": True,
    "lenient": True,
}
"""How the engine is to enforce a schema: with the white space that the model was trained on, since left free to choose,
it writes white space until it is cut; and as far as it can, since one unknown keyword would make it give up."""

TALKING = {"repeat_penalty": 1.1, "repeat_last_n": 256}
"""Keeps a small model from getting stuck in a phrase. Not where it is to repeat what a tool said."""


class Call(NamedTuple):
    """A tool and arguments that fit it."""

    tool: ToolSpec
    arguments: dict[str, JsonValue]


class LocalReply:
    """Answers one request."""

    def __init__(self, completions: Completions, request: Request) -> None:
        self._completions = completions
        self._request = request
        self._settings = _engine_settings(request.settings)
        self._usage = Usage()
        self._ended = ""

    async def deltas(self) -> AsyncGenerator[Delta, None]:
        """Words as they are written, calls once they are whole, then the counts and the stop."""
        calls = False
        async with aclosing(self._way()) as deltas:
            async for delta in deltas:
                calls = calls or isinstance(delta, ToolCallPiece)
                yield delta
        yield UsagePiece(self._usage)
        yield StopPiece("tool_calls" if calls else STOPS.get(self._ended, "other"), self._ended)

    def _way(self) -> AsyncGenerator[Delta, None]:
        if not is_calling(self._request):
            return self._answer()
        if chosen := _chosen_tools(self._request):
            return self._call_one_of(chosen)
        return self._call_or_answer()

    async def _call_or_answer(self) -> AsyncGenerator[Delta, None]:
        prompt = await self._completions.render(calling_turns(self._request))
        draft = Draft()
        formed = self._request.output is not None
        async with aclosing(self._complete(prompt, n_probs=1)) as pieces:
            async for piece in pieces:
                words = draft.feed(piece.text, piece.logprob)
                if words and not formed:
                    yield TextPiece(words)
        was_cut = self._ended == CUT
        calls = [] if was_cut else await self._sound_calls(prompt, draft)
        for piece in _call_pieces(calls):
            yield piece
        if calls:
            return
        if formed or (draft.has_call and draft.is_silent and not was_cut):
            # Its words have no form; or it wished for a tool that is not there, or made a call up. Without tools in
            # sight it answers.
            async with aclosing(self._answer()) as deltas:
                async for delta in deltas:
                    yield delta
        elif draft.rest:
            yield TextPiece(draft.rest)

    async def _call_one_of(self, tools: Sequence[ToolSpec]) -> AsyncGenerator[Delta, None]:
        prompt = await self._completions.render(calling_turns(self._request))
        call = await self._force(prompt, tools)
        if call is None and self._ended != CUT:
            raise Misunderstood(f"the model would not call {' or '.join(tool.name for tool in tools)}")
        for piece in _call_pieces([call] if call else []):
            yield piece

    async def _answer(self) -> AsyncGenerator[Delta, None]:
        prompt = await self._completions.render(answering_turns(self._request))
        async with aclosing(self._complete(prompt, **self._manner())) as pieces:
            async for piece in pieces:
                if piece.text:
                    yield TextPiece(piece.text)

    def _manner(self) -> Mapping[str, Any]:
        """What keeps an answer to its form, or to the point."""
        output = self._request.output
        if output is not None:
            return {"json_schema": {**output.schema, "x-guidance": GUIDANCE}}
        return {} if has_results(self._request) else TALKING

    async def _sound_calls(self, prompt: str, draft: Draft) -> list[Call]:
        """The calls of the draft that can be made; one whose arguments do not fit is written anew."""
        calls: list[Call] = []
        for found in find_calls(draft.text):
            tool = meant_tool(found.name, self._request.tools)
            call = None if tool is None else await self._fitting(prompt, tool, found)
            if call and call not in calls and not self._is_made_up(call, draft.least_likely(found.start, found.end)):
                calls.append(call)
        return calls[:1] if self._request.settings.parallel_tool_calls is False else calls

    async def _fitting(self, prompt: str, tool: ToolSpec, found: Found) -> Call | None:
        if found.arguments is not None and fits(found.arguments, closed(tool.parameters)):
            return Call(tool, found.arguments)
        return await self._force(prompt, [tool])

    def _is_made_up(self, call: Call, logprob: float) -> bool:
        if logprob > EVEN_ODDS:
            return False
        said = "\n".join(_words_of(message) for message in self._request.messages)
        return not has_a_source(call.arguments, call.tool.parameters, said)

    async def _force(self, prompt: str, tools: Sequence[ToolSpec]) -> Call | None:
        """A call of one of ``tools`` whose arguments cannot but fit; None if it became too long."""
        schema = {"anyOf": [_call_schema(tool) for tool in tools], **_definitions(tools), "x-guidance": GUIDANCE}
        async with aclosing(self._complete(prompt + CALL_OPENING, json_schema=schema)) as pieces:
            text = "".join([piece.text async for piece in pieces])
        for found in find_calls(text):
            tool = next((tool for tool in tools if tool.name == found.name), None)
            # The engine leaves out of account what it cannot enforce in a schema, so its word is not enough.
            if tool and found.arguments is not None and fits(found.arguments, closed(tool.parameters)):
                return Call(tool, found.arguments)
        return None

    async def _complete(self, prompt: str, **more: Any) -> AsyncGenerator[Piece, None]:
        async with aclosing(self._completions.complete(prompt, {**more, **self._settings})) as pieces:
            async for piece in pieces:
                if isinstance(piece, End):
                    self._usage += piece.usage
                    self._ended = piece.why
                else:
                    yield piece


def _engine_settings(settings: Settings) -> dict[str, Any]:
    chosen = {
        "temperature": settings.temperature or 0.0,
        "n_predict": settings.max_tokens or MAX_TOKENS,
        "top_p": settings.top_p,
        "seed": settings.seed,
        "stop": list(settings.stop),
    }
    return {name: value for name, value in chosen.items() if value is not None} | dict(settings.extra_body)


def _chosen_tools(request: Request) -> list[ToolSpec]:
    """The tools of which the caller demands one."""
    choice = request.settings.tool_choice
    return [tool for tool in request.tools if choice in ("required", tool.name)]


def _call_schema(tool: ToolSpec) -> dict[str, Any]:
    arguments = {name: value for name, value in closed(tool.parameters).items() if name != "$defs"}
    properties = {"name": {"const": tool.name}, "arguments": arguments}
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _definitions(tools: Sequence[ToolSpec]) -> dict[str, Any]:
    # References begin at the root of the whole schema.
    found = [cast("Schema", tool.parameters["$defs"]) for tool in tools if "$defs" in tool.parameters]
    return {"$defs": {name: schema for definitions in found for name, schema in definitions.items()}} if found else {}


def _call_pieces(calls: Sequence[Call]) -> list[ToolCallPiece]:
    return [
        ToolCallPiece(index, "", call.tool.name, write_object(call.arguments).decode())
        for index, call in enumerate(calls)
    ]


def _words_of(message: Message) -> str:
    if message.role not in ("user", "tool"):
        return ""
    return "\n".join(
        block.output if isinstance(block, ToolResult) else block.text
        for block in message.content
        if isinstance(block, Text | ToolResult)
    )
