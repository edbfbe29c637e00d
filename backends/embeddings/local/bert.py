"""The encoder of BERT, in numpy: token numbers in, one vector of length 1 for each text.

Source of the model: https://arxiv.org/abs/1810.04805; what is made of the tokens' states, their mean, is that of
https://arxiv.org/abs/1908.10084. Names of tensors are those of the published weights.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...extras import load
from ...local.errors import BrokenWeights
from .safetensors import MISSING

Array = Any
"""A numpy array of 32-bit floats, unless it says otherwise."""

EPSILON = 1e-12
"""Keeps a division by a variance from being one by zero; the published configuration's."""
NO_LESS = -1e9
"""Added to the score of what is no token, so that nothing attends to it."""
ERFC = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
ERFC_P = 0.3275911
"""Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: the error is below 1.5e-7."""
GELU_BLOCK = 1 << 15
"""So many numbers at a time stay in a core's cache while they are worked on."""


class Bert:
    """An encoder with ``heads`` attention heads.

    :raises BrokenWeights: a tensor is missing, or does not fit the others.
    :raises NotConfigured: numpy is not installed.
    """

    def __init__(self, tensors: Mapping[str, Array], heads: int) -> None:
        self._numpy = load("numpy", MISSING)
        try:
            self._words = tensors["embeddings.word_embeddings.weight"]
            # There is one kind of segment here, so what it adds is the same for every token.
            kind = tensors["embeddings.token_type_embeddings.weight"][0]
            self._places = tensors["embeddings.position_embeddings.weight"] + kind
            self._norm = _Norm(tensors, "embeddings.LayerNorm")
            layers = sum(name.endswith(".intermediate.dense.bias") for name in tensors)
            self._layers = [_Layer(self._numpy, tensors, f"encoder.layer.{n}", heads) for n in range(layers)]
            self.dimensions: int = self._words.shape[1]
            # What does not fit together shows when it is used.
            self.vectors([[0, 0], [0]])
        except (KeyError, ValueError, IndexError) as exc:
            raise BrokenWeights(f"the weights are not those of such a model ({exc})") from exc

    def vectors(self, texts: Sequence[Sequence[int]]) -> Array:
        """A row for each text, from the numbers of its tokens. Texts of about one length waste the least work."""
        numpy = self._numpy
        length = max(map(len, texts))
        tokens = numpy.zeros((len(texts), length), numpy.int64)
        mask = numpy.zeros((len(texts), length), numpy.float32)
        for row, text in enumerate(texts):
            tokens[row, : len(text)] = text
            mask[row, : len(text)] = 1
        states = self._norm(self._words[tokens] + self._places[:length])
        bias = ((1 - mask) * numpy.float32(NO_LESS))[:, None, None, :]
        for layer in self._layers:
            states = layer(states, bias)
        means = numpy.einsum("nth,nt->nh", states, mask / mask.sum(axis=1, keepdims=True))
        return means / numpy.linalg.norm(means, axis=1, keepdims=True)


class _Dense:
    """``x @ weight + bias``; several of them with one input are one, with their outputs side by side."""

    def __init__(self, numpy: Any, tensors: Mapping[str, Array], *names: str) -> None:
        weights = [tensors[f"{name}.weight"] for name in names]
        self._weight = numpy.ascontiguousarray(numpy.concatenate(weights).T)
        self._bias = numpy.concatenate([tensors[f"{name}.bias"] for name in names])

    def __call__(self, states: Array) -> Array:
        # Over all tokens at once: numpy would multiply text by text, which takes several times as long.
        result = states.reshape(-1, states.shape[-1]) @ self._weight
        result += self._bias
        return result.reshape(*states.shape[:-1], -1)


class _Norm:
    """Brings every state to a mean of 0 and a variance of 1, then scales it as was learned."""

    def __init__(self, tensors: Mapping[str, Array], name: str) -> None:
        self._scale, self._shift = tensors[f"{name}.weight"], tensors[f"{name}.bias"]

    def __call__(self, states: Array) -> Array:
        states = states - states.mean(axis=-1, keepdims=True)
        states /= ((states * states).mean(axis=-1, keepdims=True) + EPSILON) ** 0.5
        states *= self._scale
        states += self._shift
        return states


class _Layer:
    """One layer: every token looks at the others, then each is thought over by itself."""

    def __init__(self, numpy: Any, tensors: Mapping[str, Array], name: str, heads: int) -> None:
        attention = f"{name}.attention"
        self._numpy = numpy
        self._heads = heads
        self._project = _Dense(numpy, tensors, *(f"{attention}.self.{part}" for part in ("query", "key", "value")))
        self._join = _Dense(numpy, tensors, f"{attention}.output.dense")
        self._norm_joined = _Norm(tensors, f"{attention}.output.LayerNorm")
        self._widen = _Dense(numpy, tensors, f"{name}.intermediate.dense")
        self._narrow = _Dense(numpy, tensors, f"{name}.output.dense")
        self._norm = _Norm(tensors, f"{name}.output.LayerNorm")

    def __call__(self, states: Array, bias: Array) -> Array:
        states = self._norm_joined(states + self._join(self._attend(states, bias)))
        wide = self._widen(states)
        gelu(self._numpy, wide)
        return self._norm(states + self._narrow(wide))

    def _attend(self, states: Array, bias: Array) -> Array:
        numpy = self._numpy
        texts, length, size = states.shape
        parts = self._project(states).reshape(texts, length, 3, self._heads, size // self._heads)
        query, key, value = parts.transpose(2, 0, 3, 1, 4)
        scores = query @ key.swapaxes(-1, -2)
        scores *= numpy.float32(1 / math.sqrt(size // self._heads))
        scores += bias
        scores -= scores.max(axis=-1, keepdims=True)
        numpy.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        return (scores @ value).transpose(0, 2, 1, 3).reshape(texts, length, size)


def gelu(numpy: Any, states: Array) -> None:
    """``x * P(X <= x)`` for a normal X, in place: ``max(x, 0) - |x| / 2 * erfc(|x| / sqrt(2))``."""
    flat = states.reshape(-1)
    for start in range(0, len(flat), GELU_BLOCK):
        block = flat[start : start + GELU_BLOCK]
        size = numpy.abs(block) * numpy.float32(math.sqrt(0.5))
        step = 1 / (1 + numpy.float32(ERFC_P) * size)
        series = numpy.full_like(step, ERFC[-1])
        for factor in ERFC[-2::-1]:
            series *= step
            series += numpy.float32(factor)
        series *= step
        series *= numpy.exp(-size * size)
        series *= size
        series *= numpy.float32(math.sqrt(0.5))
        numpy.maximum(block, 0, out=block)
        block -= series
