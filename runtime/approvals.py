"""A person's say about a tool call."""

from ..bus.interception import Ask
from ..events.human import ApprovalRequested
from ..events.tool import ToolRequested


def ask(request: ToolRequested, question: Ask) -> ApprovalRequested:
    """The event that puts a policy's question to a person."""
    return ApprovalRequested(
        call_id=request.call_id,
        name=request.name,
        arguments=request.arguments,
        approver=question.approver,
        reason=question.reason,
    )
