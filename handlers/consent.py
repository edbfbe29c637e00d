"""What a person is asked about a tool call, and whether their yes is to the call as it is now."""

from typing import Any

from ..bus.interception import Ask
from ..events.human import ApprovalRequested, Consent
from ..events.tool import ToolRequested
from ..tools.approval import question
from ..tools.tool import Tool

_AGAIN = "asked again, because it is no longer what was approved"


def asked(request: ToolRequested, ask: Ask, schema_hash: str = "") -> ApprovalRequested:
    """The event that puts a question about a call to a person, under the tool's schema as it is now."""
    return ApprovalRequested(
        call_id=request.call_id,
        name=request.name,
        arguments=request.arguments,
        approver=ask.approver,
        reason=ask.reason,
        schema_hash=schema_hash,
        timeout_s=ask.timeout_s,
        escalate_to=ask.escalate_to,
        on_timeout=ask.on_timeout,
    )


def still_to_ask(
    request: ToolRequested, tool: Tool, kwargs: dict[str, Any], consent: Consent | None
) -> ApprovalRequested | None:
    """The question that stands between a call and its start; None where nobody has to agree, or somebody has.

    A consent is to the tool's name, its schema and the very arguments. To anything else it is void, and whoever was
    asked is asked again.
    """
    if consent is None:
        needed = question(tool.needs_approval, kwargs)
        return asked(request, needed, tool.schema_hash) if needed is not None else None
    if consent.covers(request.name, request.arguments, tool.schema_hash):
        return None
    before = consent.question
    reason = before.reason if before.reason.startswith(_AGAIN) else f"{_AGAIN}: {before.reason}".rstrip(": ")
    again = Ask(before.approver, reason, before.timeout_s, before.escalate_to, before.on_timeout)
    return asked(request, again, tool.schema_hash)
