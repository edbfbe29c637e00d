"""Settings of sampling go under each wire's own names."""

import pytest

from loopbus.backends.contract import Settings
from loopbus.backends.wire import sampling

TABLES = {name: table for name, table in vars(sampling).items() if name.isupper()}


def test_what_is_set_goes_under_the_names_of_the_wire() -> None:
    """Nought is a setting, nothing is none; what the wire has no name for is left out."""
    settings = Settings(temperature=0.0, top_p=0.5, max_tokens=7, stop=("a", "b"), seed=1)
    told = {"temperature": 0.0, "topP": 0.5, "maxTokens": 7, "stopSequences": ["a", "b"]}
    assert sampling.write(settings, sampling.CONVERSE) == told
    assert sampling.write(Settings(), sampling.CHAT) == {}


@pytest.mark.parametrize("name", TABLES)
def test_every_name_of_ours_is_a_setting(name: str) -> None:
    """And no two go under one name."""
    table = TABLES[name]
    assert sampling.write(Settings(), table) == {}
    assert len({*table.values()}) == len(table)
