"""OpenAI's embeddings."""

import base64
import struct

import pytest

from loopbus.backends.embeddings.wire.openai import AZURE_DEPLOYMENT, MISTRAL, OPENAI, OPENAI_COMPATIBLE

from .shapes import VECTORS, body, meaning


def test_a_request_asks_for_nothing_that_a_plain_server_may_not_know() -> None:
    """Other than OpenAI itself, which sends base64 on demand."""
    assert body(OPENAI_COMPATIBLE, "a", "b") == {"model": "m", "input": ["a", "b"]}
    assert body(OPENAI, "a") == {"model": "m", "input": ["a"], "encoding_format": "base64"}


def test_dimensions_have_the_servers_name() -> None:
    """Mistral has another one."""
    assert body(OPENAI, "a", dimensions=256)["dimensions"] == 256
    assert body(MISTRAL, "a", dimensions=256) == {"model": "m", "input": ["a"], "output_dimension": 256}


@pytest.mark.parametrize("packed", [True, False])
def test_vectors_stand_where_their_index_says(packed: bool) -> None:
    """As lists or as base64, in any order; the tokens are the prompt's."""

    def written(vector: list[float]) -> list[float] | str:
        return base64.b64encode(struct.pack("<2f", *vector)).decode() if packed else vector

    data = [{"index": index, "embedding": written(vector)} for index, vector in enumerate(VECTORS)]
    answer = {"data": data[::-1], "usage": {"prompt_tokens": 7, "total_tokens": 7}}
    assert meaning(OPENAI, answer) == (VECTORS, 7)


def test_vectors_without_an_index_stand_as_they_come() -> None:
    """Some servers leave it out, or write 0 for all."""
    assert meaning(OPENAI, {"data": [{"embedding": vector} for vector in VECTORS]}) == (VECTORS, 0)
    assert meaning(OPENAI, {"data": [{"embedding": vector, "index": 0} for vector in VECTORS]}) == (VECTORS, 0)


def test_azures_older_address_names_the_deployment() -> None:
    """Whatever its name is made of."""
    assert OPENAI.path("m") == "/embeddings"
    assert AZURE_DEPLOYMENT.path("my ada/2") == "/openai/deployments/my%20ada%2F2/embeddings"
