"""Makes the benchmarks importable: they are run from the checkout's root and are no part of the package."""

import gc
import sys
from collections.abc import Generator

import pytest

from ..architecture import ROOT

sys.path.insert(0, str(ROOT))


@pytest.fixture(autouse=True)
def frozen_heap() -> Generator[None, None, None]:
    """A benchmark collects garbage before each sample: what the other tests have left is none of its garbage."""
    gc.freeze()
    yield
    gc.unfreeze()
