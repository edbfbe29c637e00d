"""What Chat Completions tell about an answer: its sources, what the provider's own tools did, how sure the model was.

It stands in an ``Opaque`` behind the answer, for whoever reads it, and is not sent back. Where it comes from:

==================  ==========================================================================================
``annotations``     a message: sources of OpenAI's and OpenRouter's searches, files that OpenRouter has read
``executed_tools``  a message: what Groq's tools were asked, and found
``logprobs``        a choice, where it was asked for: an entry for each token
``citations``       the answer itself: addresses of Perplexity's sources
``search_results``  the answer itself: the same with their titles and dates
==================  ==========================================================================================
"""

from collections.abc import Mapping
from typing import Any

from .fields import items

OF_ANSWER = frozenset({"citations", "search_results"})
"""A stream tells these anew with every chunk; the others come piece by piece."""

OF_MESSAGE = ("annotations", "executed_tools")

ABOUT = OF_ANSWER | {*OF_MESSAGE, "logprobs"}


class About:
    """Collects it."""

    def __init__(self) -> None:
        self._told: dict[str, Any] = {}

    def add(self, name: str, pieces: Any) -> None:
        """Take in some more of a list.

        :raises TypeError: they are none.
        """
        if found := items(pieces):
            self._told.setdefault(name, []).extend(found)

    def renew(self, answer: Mapping[str, Any]) -> None:
        """Take in what the answer itself tells, in the place of what it told before."""
        self._told |= {name: answer[name] for name in OF_ANSWER & answer.keys() if answer[name]}

    def whole(self) -> dict[str, Any]:
        """Everything, by its name."""
        return self._told
