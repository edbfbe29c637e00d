"""The vocabulary of a run, and the pure folds over it."""

from ..bus.event import Event
from ..bus.house import EventsDropped, House, LoopBlocked, SubscriberFailed
from .content import (
    Audio,
    Block,
    File,
    Image,
    Message,
    Opaque,
    Outcome,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    user,
)
from .control import CancelRequested, LoopDetected, MessageInjected
from .custom import Custom
from .errors import BadContent
from .fault import Fault
from .human import ApprovalDecided, ApprovalEscalated, ApprovalRequested
from .model import (
    ModelFailed,
    ModelReplied,
    ModelRequested,
    Piece,
    StreamRestarted,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
)
from .money import BudgetExceeded, CostCounted, ReplyRecalled
from .output import OutputRejected
from .recovery import CircuitClosed, CircuitOpened, ContextCompacted, FallbackChosen, HedgeStarted, RetryScheduled
from .run import RunFinished, RunForked, RunResumed, RunStarted, RunSuspended, Status
from .state import RunState
from .tool import LateToolResult, ToolFinished, ToolProgress, ToolRequested, ToolStarted
from .transcript import Transcript, fold
from .turn import TurnFinished, TurnStarted
from .usage import Usage

__all__ = [
    "ApprovalDecided",
    "ApprovalEscalated",
    "ApprovalRequested",
    "Audio",
    "BadContent",
    "Block",
    "BudgetExceeded",
    "CancelRequested",
    "CircuitClosed",
    "CircuitOpened",
    "ContextCompacted",
    "CostCounted",
    "Custom",
    "Event",
    "EventsDropped",
    "FallbackChosen",
    "Fault",
    "File",
    "HedgeStarted",
    "House",
    "Image",
    "LateToolResult",
    "LoopBlocked",
    "LoopDetected",
    "Message",
    "MessageInjected",
    "ModelFailed",
    "ModelReplied",
    "ModelRequested",
    "Opaque",
    "Outcome",
    "OutputRejected",
    "Piece",
    "Refusal",
    "ReplyRecalled",
    "RetryScheduled",
    "RunFinished",
    "RunForked",
    "RunResumed",
    "RunStarted",
    "RunState",
    "RunSuspended",
    "Status",
    "StreamRestarted",
    "SubscriberFailed",
    "Text",
    "TextDelta",
    "Thinking",
    "ThinkingDelta",
    "ToolCall",
    "ToolCallDelta",
    "ToolFinished",
    "ToolProgress",
    "ToolRequested",
    "ToolResult",
    "ToolStarted",
    "Transcript",
    "TurnFinished",
    "TurnStarted",
    "Usage",
    "fold",
    "user",
]
