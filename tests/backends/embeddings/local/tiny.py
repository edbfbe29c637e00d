"""A model of the same make as the real one, with few and random weights: files, tensors, and the plain arithmetic."""

import hashlib
import math
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy
from pydantic_core import to_json

from loopbus.backends.local.catalogue import Weights

HEADS, HIDDEN, WIDE, LAYERS, PLACES = 12, 24, 40, 2, 256
DIGITS = [f"{mark}{digit}" for mark in ("", "##") for digit in range(10)]
PIECES = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "the", "number", "text", "word", "$", ",", "你"),
    *DIGITS,
]

PARTS = ("query", "key", "value")

Tensors = Mapping[str, Any]


def tensors(seed: int = 0) -> dict[str, Any]:
    """Random weights by their published names."""
    random = numpy.random.default_rng(seed)

    def some(*shape: int) -> Any:
        return random.normal(scale=0.3, size=shape).astype("<f4")

    found = {
        "embeddings.word_embeddings.weight": some(len(PIECES), HIDDEN),
        "embeddings.position_embeddings.weight": some(PLACES, HIDDEN),
        "embeddings.token_type_embeddings.weight": some(2, HIDDEN),
        "embeddings.position_ids": numpy.arange(PLACES, dtype="<i8")[None],
    }
    dense = {"intermediate.dense": (WIDE, HIDDEN), "output.dense": (HIDDEN, WIDE)}
    dense |= {f"attention.self.{part}": (HIDDEN, HIDDEN) for part in PARTS}
    dense["attention.output.dense"] = (HIDDEN, HIDDEN)
    for layer in range(LAYERS):
        for name, shape in dense.items():
            found[f"encoder.layer.{layer}.{name}.weight"] = some(*shape)
            found[f"encoder.layer.{layer}.{name}.bias"] = some(shape[0])
    norms = [f"encoder.layer.{layer}.{part}" for layer in range(LAYERS) for part in ("attention.output", "output")]
    for name in ("embeddings", *norms):
        found[f"{name}.LayerNorm.weight"] = 1 + some(HIDDEN)
        found[f"{name}.LayerNorm.bias"] = some(HIDDEN)
    return found


def safetensors(found: Tensors, **changes: Any) -> bytes:
    """The file that holds ``found``; ``changes`` replace what its header says of a tensor."""
    kinds = {"<f4": "F32", "<f2": "F16", "<i8": "I64", "|b1": "BOOL"}
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, tensor in found.items():
        told = {"dtype": kinds[tensor.dtype.str], "shape": tensor.shape}
        header[name] = told | {"data_offsets": [len(data), len(data) + tensor.nbytes]} | changes.get(name, {})
        data += tensor.tobytes()
    head = to_json(header)
    head += b" " * (-len(head) % 8)
    return struct.pack("<Q", len(head)) + head + data


def put(folder: Path, file: str, content: bytes) -> Weights:
    """Write a file where downloads go, and its row of the catalogue."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return Weights(name=file, file=file, size=len(content), sha256=digest, places=())


def plain_vector(found: Tensors, tokens: Sequence[int], heads: int = HEADS) -> list[float]:
    """One text's vector by the book: a token at a time, in 64 bits, with the error function of ``math``."""
    weights = {name: tensor.astype(float) for name, tensor in found.items()}

    def dense(name: str, state: Any) -> Any:
        return weights[f"{name}.weight"] @ state + weights[f"{name}.bias"]

    def norm(name: str, state: Any) -> Any:
        centred = state - state.mean()
        scaled = centred / math.sqrt((centred**2).mean() + 1e-12)
        return scaled * weights[f"{name}.LayerNorm.weight"] + weights[f"{name}.LayerNorm.bias"]

    words, places = weights["embeddings.word_embeddings.weight"], weights["embeddings.position_embeddings.weight"]
    kind = weights["embeddings.token_type_embeddings.weight"][0]
    states: list[Any] = [norm("embeddings", words[token] + places[place] + kind) for place, token in enumerate(tokens)]
    for layer in range(sum(name.endswith("intermediate.dense.bias") for name in weights)):
        at = f"encoder.layer.{layer}"
        query, key, value = ([dense(f"{at}.attention.self.{part}", state) for state in states] for part in PARTS)
        heard = _attention(query, key, value, heads)
        joined = [dense(f"{at}.attention.output.dense", state) for state in heard]
        states = [norm(f"{at}.attention.output", old + new) for old, new in zip(states, joined, strict=True)]
        wide = [dense(f"{at}.intermediate.dense", state) for state in states]
        wide = [numpy.array([x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in state]) for state in wide]
        narrow = [dense(f"{at}.output.dense", state) for state in wide]
        states = [norm(f"{at}.output", old + new) for old, new in zip(states, narrow, strict=True)]
    mean = numpy.mean(states, axis=0)
    return (mean / math.sqrt((mean**2).sum())).tolist()


def _attention(query: list[Any], key: list[Any], value: list[Any], heads: int) -> list[Any]:
    queries, keys, values = ([numpy.split(state, heads) for state in states] for states in (query, key, value))
    heard: list[Any] = []
    for asks in queries:
        found: list[Any] = []
        for head, asked in enumerate(asks):
            scores = numpy.array([math.exp(asked @ told[head] / math.sqrt(len(asked))) for told in keys])
            found.append(scores @ numpy.array([told[head] for told in values]) / scores.sum())
        heard.append(numpy.concatenate(found))
    return heard
