"""The models that a run may ask, by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..backends.contract import Backend, Capabilities
from .errors import NameTwice


class Models:
    """An agent's own model, those that stand in for it, and any other that has a name.

    ``find`` makes the backend of a name that is none of the agent's: a policy may have put it into a request.

    :raises NameTwice: two different models have one name, so that a log could not tell them apart.
    """

    def __init__(self, first: Backend, others: Sequence[Backend], find: Callable[[str], Backend]) -> None:
        self._known = _by_name((first, *others))
        self._find = find
        self.first = first
        self.others: tuple[str, ...] = tuple(name for name in self._known if name != first.model)

    def __getitem__(self, name: str) -> Backend:
        """The model of this name.

        :raises NotConfigured: there is none, or its key or extra is missing.
        """
        backend = self._known.get(name)
        return backend if backend is not None else self._find(name)

    @property
    def capabilities(self) -> Capabilities:
        """What the first model can do; but no way to give an answer that not all of the agent's models know."""
        each = [backend.capabilities for backend in self._known.values()]
        return replace(
            each[0],
            output=all(can.output for can in each),
            output_with_tools=all(can.output_with_tools for can in each),
            tools=all(can.tools for can in each),
        )


def _by_name(backends: Sequence[Backend]) -> Mapping[str, Backend]:
    known: dict[str, Backend] = {}
    for backend in backends:
        if known.setdefault(backend.model, backend) is not backend:
            raise NameTwice(
                f"two models of one agent are called {backend.model!r}: give one of them another name, as in "
                "Scripted(..., model='second')"
            )
    return known
