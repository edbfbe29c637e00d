"""Stages: each hears one event and causes the next, so that a run moves on."""
