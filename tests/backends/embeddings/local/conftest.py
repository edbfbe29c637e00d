"""A cache of its own for every test; the tests of the real model share the user's."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """Where this test's downloads go."""
    folder = tmp_path / "cache"
    if request.node.get_closest_marker("local") is None:
        monkeypatch.setenv("LOOPBUS_CACHE", str(folder))
    return folder
