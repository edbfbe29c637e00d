"""What an item of a Responses answer holds beside what our blocks have a place for.

It stands in an ``Opaque`` behind those blocks, and ``openai_responses_history`` puts the two together again:

=========================  =======================================================================================
``message``                its phase; for people, what it quotes, and parts that nobody knows yet
``function_call``          its namespace and its caller
``reasoning``              all of it, where there is something that the model wants back
``image_generation_call``  all but the picture, if that can be looked at
any other                  all of it: calls of custom tools, and what the provider's own tools did
=========================  =======================================================================================
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from ...events.content import Image
from .fields import items, text

Json = dict[str, Any]

SUBTYPES: Mapping[str, str] = {"svg": "svg+xml"}
"""A media type's second half for the ``output_format`` of a picture, where the two differ."""


def beside(item: Json) -> Json:
    """The fields to keep; none if there are none."""
    return _BESIDE.get(text(item["type"]), dict)(item)


def parts_of(item: Json) -> list[Any]:
    """The parts of a message."""
    return items(item.get("content") or [])


def call_id_of(item: Json) -> str:
    """What a call is answered by: its own id, or that of its item where a server gives no other."""
    return text(item.get("call_id") or item.get("id") or "")


def picture_of(item: Json) -> Image | None:
    """The picture that was made, if it came out and can be looked at."""
    try:
        data = base64.b64decode(text(item.get("result") or ""), validate=True)
    except ValueError:
        return None
    kind = text(item.get("output_format") or "png")
    return Image(f"image/{SUBTYPES.get(kind, kind)}", data=data) if data else None


def _beside_message(item: Json) -> Json:
    fields: Json = {
        "phase": item.get("phase"),
        "annotations": [note for part in parts_of(item) for note in part.get("annotations") or ()],
        "content": [part for part in parts_of(item) if part["type"] not in ("output_text", "refusal")],
    }
    kept = {name: value for name, value in fields.items() if value}
    return {"type": "message", **kept} if kept else {}


def _beside_call(item: Json) -> Json:
    kept = {name: item[name] for name in ("namespace", "caller") if item.get(name)}
    return {"type": "function_call", "call_id": call_id_of(item), **kept} if kept else {}


def _beside_thinking(item: Json) -> Json:
    if not (item.get("content") or item.get("encrypted_content")):
        return {}
    # Under its id, sealed reasoning is looked for in what the provider stored, along with what followed it.
    unwanted = {"status"} if item.get("content") else {"id", "status"}
    fields: Json = {"summary": []}
    return fields | {name: item[name] for name in item if name not in unwanted and item[name] is not None}


def _beside_picture(item: Json) -> Json:
    unseen = {"result": item["result"]} if item.get("result") and picture_of(item) is None else {}
    return {name: item[name] for name in item if name != "result"} | unseen


_BESIDE: Mapping[str, Callable[[Json], Json]] = {
    "message": _beside_message,
    "function_call": _beside_call,
    "reasoning": _beside_thinking,
    "image_generation_call": _beside_picture,
}
