"""The embedded embedding model: downloaded once, checked, and computed in a thread."""

import sys
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import anyio
from anyio import from_thread, to_thread

from ....events.usage import NO_USAGE, Usage
from ...errors import NotConfigured, Refused
from ...extras import load
from ...local.catalogue import Weights
from ...local.errors import UnknownLocalModel
from ...local.progress import Progress, ProgressBar
from ...local.weights import obtain
from ..contract import Embeddings, Purpose
from ..errors import TextTooLong
from ..texts import check_texts
from ..vectors import Vector, from_bytes
from .bert import Bert
from .catalogue import NAME, VOCABULARY, WEIGHTS
from .safetensors import MISSING, read_tensors
from .wordpiece import WordPiece
