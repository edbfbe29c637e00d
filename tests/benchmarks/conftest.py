"""Makes the benchmarks importable: they are run from the checkout's root and are no part of the package."""

import sys

from ..architecture import ROOT

sys.path.insert(0, str(ROOT))
