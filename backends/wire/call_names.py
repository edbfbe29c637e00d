"""Names of the tools that a model called: it may have made one up, in letters that providers refuse in a history."""

import re

LONGEST_NAME = 64

UNNAMED = "unnamed"
"""What stands for no name at all."""

_UNFIT = re.compile(r"[^a-zA-Z0-9_-]")


def call_name(name: str) -> str:
    """The name as every wire takes it; that of a tool of ours is such a one already.

    OpenAI's models are known to call ``multi_tool_use.parallel``, and OpenAI then refuses what its model said.
    """
    return _UNFIT.sub("_", name)[:LONGEST_NAME] or UNNAMED
