"""One function call of Gemini's, whose arguments come whole or, on Vertex AI, value by value.

Source of the format: https://ai.google.dev/api/caching#FunctionCall and, for ``streamFunctionCallArguments``,
https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling: the first part names the call, and
each but the last says ``willContinue``.
"""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from ...events.content import ToolCall
from .fields import WRONG_SHAPE, items, text
from .partial_args import PartialArgs


class StreamedCall:
    """Puts one call together.

    :raises TypeError: a field has the wrong type.
    """

    def __init__(self, call: Mapping[str, Any], signature: object) -> None:
        self._name = text(call.get("name") or "")
        self._provider_id = text(call.get("id") or "")
        self._signature = None if signature is None else text(signature)
        self._whole: Mapping[str, Any] = {}
        self._partial: PartialArgs | None = None

    def add(self, call: Mapping[str, Any]) -> ToolCall | None:
        """Take in the next part of it; the call, if that was the last.

        :raises TypeError: a field has the wrong type.
        :raises ValueError: the values that came are no arguments.
        """
        if "args" in call:
            self._whole = call["args"] or {}
        for value in items(call.get("partialArgs") or []):
            self._partial = self._partial or PartialArgs()
            self._partial.add(value)
        if call.get("willContinue"):
            return None
        return ToolCall("", self._name, self._arguments(), self._provider_id, signature=self._signature)

    def cut(self) -> ToolCall:
        """The call as one that never runs."""
        try:
            came = to_json(dict(self._arguments())).decode()
        except WRONG_SHAPE:
            came = ""
        return ToolCall("", self._name, {}, self._provider_id, came, self._signature)

    def _arguments(self) -> Mapping[str, Any]:
        return self._whole if self._partial is None else {**self._whole, **self._partial.value()}
