"""Requests of Amazon Bedrock's InvokeModel out of ours: each family of models has a body of its own.

Source of the formats: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html. The model and whether
to stream are said in the path, not in the body.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ..contract import Request
from ..errors import Refused
from . import anthropic_messages_request, cohere_v1_request, openai_chat_request, sampling
from .bedrock_converse_history import History
from .bedrock_converse_request import write_tool_choice, write_tools
from .bedrock_families import ANY_FAMILY, FAMILIES
from .bedrock_prompts import DEEPSEEK, LLAMA, MISTRAL, TITAN, Template
from .of_model import of_model

Json = dict[str, Any]
Write = Callable[[Request, str, str], Json]


def encode(request: Request, model: str, *, provider: str = "bedrock") -> Json:
    """The body of the HTTP request, as the model's family takes it; ``provider`` says whose opaque blocks go back.

    A model of no family that is known gets the body of Chat Completions, as most newer ones do.

    :raises Refused: the request holds what the family's body cannot carry.
    """
    return of_model(model, WRITERS, _chat)(request, model, provider) | dict(request.settings.extra_body)


def _claude(request: Request, model: str, provider: str) -> Json:
    return anthropic_messages_request.encode(
        request, model, provider=provider, dialect=anthropic_messages_request.BEDROCK
    )


def _nova(request: Request, model: str, provider: str) -> Json:
    if request.output is not None:
        raise Refused("Amazon Nova takes no output schema in InvokeModel: use Converse")
    history = History(provider, of_model(model, FAMILIES, ANY_FAMILY))
    if request.instructions:
        history.system.append({"text": request.instructions})
    for message in request.messages:
        history.add(message)
    body: Json = {"schemaVersion": "messages-v1", "messages": history.finish()}
    if history.system:
        body["system"] = history.system
    if inference := sampling.write(request.settings, sampling.NOVA):
        body["inferenceConfig"] = inference
    if tools := write_tools(request, history.called):
        body["toolConfig"] = {"tools": tools, **write_tool_choice(request)}
    return body


def _titan(request: Request, model: str, provider: str) -> Json:
    config = sampling.write(request.settings, sampling.TITAN)
    return {"inputText": TITAN.write(request)} | ({"textGenerationConfig": config} if config else {})


def _prompt(template: Template, names: sampling.Names) -> Write:
    """A body whose ``prompt`` follows the template; ``names`` says what the family calls each of our settings."""

    def write(request: Request, model: str, provider: str) -> Json:
        return {"prompt": template.write(request), **sampling.write(request.settings, names)}

    return write


def _cohere(request: Request, model: str, provider: str) -> Json:
    return _without(cohere_v1_request.encode(request, model, provider=provider), "model", "stream")


def _chat(request: Request, model: str, provider: str) -> Json:
    body = openai_chat_request.encode(request, model, provider=provider)
    return _without(body, "model", "stream", "stream_options")


def _without(body: Json, *names: str) -> Json:
    return {name: value for name, value in body.items() if name not in names}


_LLAMA = _prompt(LLAMA, sampling.LLAMA)
_MISTRAL = _prompt(MISTRAL, sampling.MISTRAL)
_DEEPSEEK = _prompt(DEEPSEEK, sampling.DEEPSEEK)

WRITERS: Mapping[str, Write] = {
    "anthropic.": _claude,
    "amazon.nova": _nova,
    "amazon.titan": _titan,
    "meta.": _LLAMA,
    "mistral.mistral-7b": _MISTRAL,
    "mistral.mixtral": _MISTRAL,
    "mistral.mistral-large-2402": _MISTRAL,
    "mistral.mistral-small-2402": _MISTRAL,
    "cohere.": _cohere,
    "deepseek.r1": _DEEPSEEK,
}
"""By the beginning of a model's name."""
