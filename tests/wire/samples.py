"""Made-up exchanges, written as the recorded ones are."""
# JSON of any shape is taken apart here.
# pyright: reportUnknownVariableType=false

import json
from collections.abc import Mapping
from typing import Any

from ..backends.recorded import Recording, read

BODY = {
    "choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}
EXPECTED = {
    "text": "Hello",
    "tool_calls": [],
    "stop_reason": "stop",
    "usage": {"input": 3, "output": 2, "cached": None, "reasoning": None},
    "thinking_text": "",
}
ASKED = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def entry(
    body: Any = BODY,
    expected: Mapping[str, Any] = EXPECTED,
    *,
    api: str = "openai.chat",
    provider: str = "acme",
    streaming: bool = False,
    status: int = 200,
    asked: Mapping[str, Any] = ASKED,
) -> dict[str, Any]:
    """The JSON of one file; a ``body`` that is no text is sent as JSON."""
    kind = "text/event-stream" if streaming else "application/json"
    return {
        "provider": provider,
        "api": api,
        "streaming": streaming,
        "request": {"method": "POST", "url_path": "/v1/chat/completions", "body": dict(asked)},
        "response": {
            "status": status,
            "headers": {"content-type": kind},
            "body_encoding": "utf-8",
            "body": body if isinstance(body, str) else json.dumps(body),
        },
        "expected": dict(expected),
    }


def recording(**fields: Any) -> Recording:
    """The same, read."""
    return read("sample", entry(**fields))
