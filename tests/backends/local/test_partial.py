"""A download may stop anywhere and go on, and counts only once its hash is right."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopbus.backends.local.errors import BrokenWeights
from loopbus.backends.local.partial import Partial, has_the_right_bytes

from .weights import CONTENT, put, row


def download(target: Path, *pieces: bytes) -> None:
    """Write the pieces, and say that this is all."""
    with Partial(target, row()) as partial:
        for piece in pieces:
            partial.write(piece)
        partial.finish()


@given(cuts=st.lists(st.integers(0, len(CONTENT)), max_size=6).map(sorted))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wherever_it_stops_the_whole_comes_out(cuts: list[int], tmp_path: Path) -> None:
    """Each attempt takes up what the last one left."""
    target = tmp_path / "tiny.gguf"
    target.unlink(missing_ok=True)
    for start, end in zip([0, *cuts], [*cuts, len(CONTENT)], strict=True):
        with Partial(target, row()) as partial:
            assert partial.written == start
            partial.write(CONTENT[start:end])
            if partial.is_whole:
                partial.finish()
                break
            assert not target.exists()
    assert target.read_bytes() == CONTENT
    assert has_the_right_bytes(target, row())
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.gguf"]


def test_wrong_bytes_are_refused_and_not_kept(tmp_path: Path) -> None:
    """Under no name: the next attempt must not build on them."""
    with pytest.raises(BrokenWeights, match="should have the SHA-256"):
        download(tmp_path / "w", bytes(len(CONTENT)))
    assert not list(tmp_path.iterdir())


def test_more_bytes_than_there_should_be_are_refused(tmp_path: Path) -> None:
    """At once, before they fill the disk."""
    with pytest.raises(BrokenWeights, match="and more came"):
        download(tmp_path / "w", CONTENT, b"!")
    assert not list(tmp_path.iterdir())


def test_what_another_failure_leaves_is_kept(tmp_path: Path) -> None:
    """A lost connection is no reason to begin again."""
    with suppress(OSError), Partial(tmp_path / "w", row()) as partial:
        partial.write(CONTENT[:100])
        raise OSError("lost")
    with Partial(tmp_path / "w", row()) as partial:
        assert partial.written == 100


def test_a_part_that_is_too_long_is_cut(tmp_path: Path) -> None:
    """It is another file's, or an older one's; the hash will tell."""
    put(tmp_path, CONTENT + b"too long", "w.part")
    with Partial(tmp_path / "w", row()) as partial:
        assert partial.is_whole
        partial.finish()
    assert (tmp_path / "w").read_bytes() == CONTENT


def test_the_end_can_be_dropped(tmp_path: Path) -> None:
    """Where a place cannot go on from any byte."""
    with Partial(tmp_path / "w", row()) as partial:
        partial.write(CONTENT[:500])
        partial.keep(200)
        assert partial.written == 200
        partial.write(CONTENT[200:])
        partial.finish()
    assert (tmp_path / "w").read_bytes() == CONTENT


def test_only_the_right_bytes_are_right(tmp_path: Path) -> None:
    """No file, a folder, a shorter one, one with a wrong byte: all are not."""
    assert not has_the_right_bytes(tmp_path / "none", row())
    assert not has_the_right_bytes(tmp_path, row())
    assert not has_the_right_bytes(put(tmp_path, CONTENT[:-1]), row())
    assert not has_the_right_bytes(put(tmp_path, b"!" + CONTENT[1:]), row())
    assert has_the_right_bytes(put(tmp_path, CONTENT), row())
