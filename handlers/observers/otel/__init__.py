"""An observer: OpenTelemetry spans of runs, built from their events alone."""

from .observer import OpenTelemetrySpans

__all__ = ["OpenTelemetrySpans"]
