"""A cache of its own for every test, and no word from the machine's environment."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FAKE_ENGINE = Path(__file__).with_name("fake_engine")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """Where this test's downloads go. The tests of the real model share the user's."""
    folder = tmp_path / "cache"
    if request.node.get_closest_marker("local") is None:
        monkeypatch.setenv("LOOPBUS_CACHE", str(folder))
        monkeypatch.delenv("LOOPBUS_LOCAL_MODEL", raising=False)
        monkeypatch.delenv("HF_ENDPOINT", raising=False)
    return folder


@pytest.fixture
def fake_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes weights for the engine in ``fake_engine``, which says what they may ask for."""
    monkeypatch.setenv("PYTHONPATH", str(FAKE_ENGINE))

    def make(**behaviour: Any) -> Path:
        path = tmp_path / "model.gguf"
        path.write_text(json.dumps(behaviour))
        return path

    return make
