"""An event that this program does not know, kept byte for byte."""

from ..bus.event import Event


class OpaqueEvent(Event, abstract=True):
    """Stands in a log for an event whose name or version this program does not know: a newer one's, an application's.

    ``body`` is the JSON that was written, so that the event can be copied and exported unchanged. No fold takes it in,
    so whoever resumes a run decides whether it matters.
    """

    name: str
    version: int
    body: bytes
