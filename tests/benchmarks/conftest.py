"""Makes the benchmarks importable: they are run from the checkout's root and are no part of the package."""

import gc
import sys

import pytest

from ..architecture import ROOT

sys.path.insert(0, str(ROOT))


@pytest.fixture(autouse=True)
def frozen_heap() -> None:
    """A benchmark collects garbage before each sample: what the other tests have left is none of its garbage.

    It stays frozen, along with what was frozen before: to thaw it would be to thaw all of that.
    """
    gc.freeze()
