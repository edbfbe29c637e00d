"""The environment of a process that a test starts and coverage passes over."""

import os

MEASURED = "COVERAGE_PROCESS_"
"""How the variables begin by which coverage hands itself on."""


def unmeasured() -> dict[str, str]:
    """This process's environment, without what makes coverage count the lines of a child."""
    return {name: value for name, value in os.environ.items() if not name.startswith(MEASURED)}
