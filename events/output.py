"""An answer is not what the agent's output must be."""

from ..bus.event import Event


class OutputRejected(Event):
    """A final answer is not of the type that the agent's ``output`` wants; the model is told, and may answer again.

    Published by ``handlers.stages.judge``, once for each turn that ends with such an answer.
    """

    turn: int
    reason: str
    """What is wrong, field by field, in the words that the model is told."""
    call_id: str = ""
    """The call that the answer was, where it was one."""
