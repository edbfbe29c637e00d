"""What a chat and a prompt have in common in Ollama's own API: how to sample, whether to think, what to answer in.

Source of the format: https://docs.ollama.com/api and, for the options, https://docs.ollama.com/modelfile.
"""

import base64
from collections.abc import Mapping
from typing import Any, cast

from ...events.content import Image
from ..contract import Request
from ..errors import Refused
from . import sampling

Json = dict[str, Any]

THINK: Mapping[str | None, bool | str | None] = {
    None: None,
    "none": False,
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
}
"""``think`` for our effort. Models that cannot grade their thinking take any word as a yes."""


def options(request: Request, *, tools: bool = False) -> Json:
    """The fields of a request that are about all of it, ``extra_body`` merged in last, with its ``options`` one by one.

    Ollama counts no tokens of thinking: of ``reasoning_tokens``, only 0 has a meaning. It makes a grammar of an
    output's schema, which would forbid every call, so beside ``tools`` the schema is left out.
    """
    settings = request.settings
    extra = dict(settings.extra_body)
    merged = {**sampling.write(settings, sampling.OLLAMA), **_object(extra.pop("options", None))}
    think = False if settings.reasoning_tokens == 0 else THINK[settings.reasoning_effort]
    body: Json = {"stream": request.streaming}
    if merged:
        body["options"] = merged
    if think is not None:
        body["think"] = think
    if request.output is not None and not tools:
        body["format"] = dict(request.output.schema)
    return {**body, **extra}


def _object(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value)
    raise Refused(f"Ollama's options are an object such as {{'num_ctx': 8192}}, not {value!r:.50}")


def picture(image: Image) -> str:
    """``image`` as Ollama takes it: its bytes as base64.

    :raises Refused: it is an address.
    """
    if image.data is None:
        raise Refused(f"Ollama does not fetch pictures: load {image.url} and pass Image(data=...)")
    return base64.b64encode(image.data).decode()
