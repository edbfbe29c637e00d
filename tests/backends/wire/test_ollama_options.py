"""What a chat and a prompt have in common in Ollama's own API."""

from typing import Any

import pytest

from loopbus.backends.contract import Request, Settings
from loopbus.backends.errors import Refused
from loopbus.backends.wire.ollama_options import options, picture
from loopbus.events.content import Image

from .specs import PERSON


def asked(**settings: Any) -> dict[str, Any]:
    """The fields for ``settings``."""
    return options(Request([], settings=Settings(**settings), streaming=False))


def test_whether_to_stream_is_always_said() -> None:
    """A server streams unless it is told not to."""
    assert asked() == {"stream": False}
    assert options(Request([])) == {"stream": True}


def test_settings_are_options() -> None:
    """Under the names that Ollama has for them."""
    assert asked(
        temperature=0.0,
        top_p=0.5,
        top_k=3,
        presence_penalty=0.1,
        frequency_penalty=0.2,
        max_tokens=9,
        stop=("x",),
        seed=0,
    )["options"] == {
        "temperature": 0.0,
        "top_p": 0.5,
        "top_k": 3,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "num_predict": 9,
        "stop": ["x"],
        "seed": 0,
    }


def test_extra_options_are_merged_one_by_one() -> None:
    """A user who sets the size of the context keeps the temperature; other fields are the user's as a whole."""
    extra = {"options": {"num_ctx": 8192, "seed": 2}, "keep_alive": "5m"}
    assert asked(temperature=1, seed=1, extra_body=extra) == {
        "stream": False,
        "options": {"temperature": 1, "seed": 2, "num_ctx": 8192},
        "keep_alive": "5m",
    }
    assert asked(extra_body={"options": None}) == {"stream": False}
    with pytest.raises(Refused, match="options are an object"):
        asked(extra_body={"options": [1]})


@pytest.mark.parametrize(
    ("wish", "think"),
    [
        ({"reasoning_effort": "none"}, False),
        ({"reasoning_effort": "minimal"}, "low"),
        ({"reasoning_effort": "high"}, "high"),
        ({"reasoning_effort": "high", "reasoning_tokens": 0}, False),
    ],
)
def test_thinking_is_a_word_or_a_switch(wish: dict[str, Any], think: bool | str) -> None:
    """Unasked, the model's own way."""
    assert asked(**wish)["think"] == think
    assert "think" not in asked(reasoning_tokens=9)


def test_an_outputs_schema_is_the_format() -> None:
    """As it is: Ollama makes a grammar of it. Beside tools there is none, for it would forbid every call."""
    assert options(Request([], output=PERSON))["format"] == {"type": "object"}
    assert "format" not in options(Request([], output=PERSON), tools=True)


def test_a_picture_is_its_bytes() -> None:
    """Ollama loads nothing from elsewhere."""
    assert picture(Image("image/png", data=b"png")) == "cG5n"
    with pytest.raises(Refused, match="load https://x/y and pass"):
        picture(Image("image/*", url="https://x/y"))
