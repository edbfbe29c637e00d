"""Observers are imported when they are asked for, and not before."""

import subprocess
import sys

import pytest

import loopbus.handlers.observers as observers


def test_an_observer_does_not_pay_for_another() -> None:
    """The ledger is imported without structlog's, OpenTelemetry's or rich's being imported by it."""
    script = (
        "import sys; from loopbus.handlers.observers import CostLedger; "
        "assert not {'rich', 'loopbus.handlers.observers.logs', 'loopbus.handlers.observers.otel'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_what_is_not_there_is_named() -> None:
    """As by any module."""
    slip = "TerminalVeiw"
    with pytest.raises(AttributeError, match=slip):
        getattr(observers, slip)
