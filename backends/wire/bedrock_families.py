"""What the families of models behind Bedrock's one API take differently, as data.

Sources: https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html and
the page of each family under https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..contract import Request
from .anthropic_messages_request import CHOICES
from .anthropic_thinking import EFFORTS, thinking

Json = dict[str, Any]


def _nothing(_: str, __: Request) -> Json:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """How a family of models takes what Converse has no field for: in ``additionalModelRequestFields``."""

    extra: Callable[[str, Request], Json] = _nothing
    """Those fields, for a model and a request."""
    tells_status: bool = False
    """Whether a tool's result may say that it is an error."""
    caches_tools: bool = False
    """Whether a cache point may stand behind the tools."""


def _claude(model: str, request: Request) -> Json:
    settings, choice = request.settings, request.settings.tool_choice or "auto"
    fields = thinking(model, settings)
    if settings.top_k is not None:
        fields["top_k"] = settings.top_k
    if settings.parallel_tool_calls is False and request.tools and choice != "none":
        chosen = {"type": CHOICES[choice]} if choice in CHOICES else {"type": "tool", "name": choice}
        fields["tool_choice"] = {**chosen, "disable_parallel_tool_use": True}
    return fields


def _top_k(name: str) -> Callable[[str, Request], Json]:
    return lambda _, request: {} if request.settings.top_k is None else {name: request.settings.top_k}


def _nova(_: str, request: Request) -> Json:
    top_k = request.settings.top_k
    return {} if top_k is None else {"inferenceConfig": {"topK": top_k}}


def _nova_2(model: str, request: Request) -> Json:
    fields, effort = _nova(model, request), request.settings.reasoning_effort or ""
    if effort == "none":
        fields["reasoningConfig"] = {"type": "disabled"}
    elif effort:
        fields["reasoningConfig"] = {"type": "enabled", "maxReasoningEffort": EFFORTS[effort]}
    return fields


def _openai(_: str, request: Request) -> Json:
    effort = EFFORTS.get(request.settings.reasoning_effort or "")
    return {"reasoning_effort": effort} if effort else {}


FAMILIES: Mapping[str, Family] = {
    "anthropic.": Family(extra=_claude, tells_status=True, caches_tools=True),
    "amazon.nova-2": Family(extra=_nova_2, tells_status=True),
    "amazon.nova": Family(extra=_nova, tells_status=True),
    "cohere.": Family(extra=_top_k("k")),
    "mistral.": Family(extra=_top_k("top_k")),
    "openai.": Family(extra=_openai),
}
"""By the beginning of a model's name, the longer before the shorter."""

ANY_FAMILY = Family()
