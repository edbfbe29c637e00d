"""What is named as ``module:name`` is found, or it is said why not."""

import sys
from pathlib import Path

import pytest

from loopbus.backends import Backend
from loopbus.cli.errors import BadReference
from loopbus.cli.references import load, load_model, load_tools
from loopbus.tools import BadTool


def test_a_module_in_the_working_directory_is_found(shop: Path) -> None:
    """An installed command is told where it is run, and looks there first."""
    assert load("shop:number") == 7
    assert sys.path[0] == str(shop)
    load("shop:number")
    assert sys.path.count(str(shop)) == 1


def test_a_name_may_have_dots() -> None:
    """In the module and in the name."""
    assert load("os.path:join.__name__") == "join"


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("shop", "write module:name"),
        ("shop:", "write module:name"),
        (":add", "write module:name"),
        ("nowhere:add", "cannot import 'nowhere'"),
        ("shop:ad", "did you mean 'add'?"),
        ("shop:add.nothing", "no 'nothing' in 'shop'"),
        ("broken:add", "RuntimeError: on purpose"),
        ("leaves:add", "SystemExit: 3"),
        ("..shop:add", "cannot import"),
    ],
)
def test_what_cannot_be_found_is_said_with_the_reason(shop: Path, reference: str, words: str) -> None:
    """A module that fails or exits while it is imported is such a reason."""
    (shop / "broken.py").write_text("raise RuntimeError('on purpose')")
    (shop / "leaves.py").write_text("raise SystemExit(3)")
    with pytest.raises(BadReference, match=words.replace("?", r"\?")):
        load(reference)


def test_tools_come_as_functions_tools_and_lists(shop: Path) -> None:
    """Several references, each of several with commas."""
    assert [tool.name for tool in load_tools(["shop:plain, shop:add", "shop:tools"])] == [
        "plain",
        "add",
        "add",
        "refund",
    ]


def test_what_cannot_be_a_tool_is_refused(shop: Path) -> None:
    """By us if it is no function, by the tools if it is one without types."""
    with pytest.raises(BadReference, match="is int, no tool"):
        load_tools(["shop:number"])
    with pytest.raises(BadTool):
        load_tools(["shop:namespace"])


def test_a_known_provider_goes_before_a_module_of_the_same_name(shop: Path) -> None:
    """A file ``openai.py`` in the working directory changes nothing."""
    (shop / "openai.py").write_text("gpt = 1")
    assert load_model("openai:gpt") == "openai:gpt"
    assert load_model("http://127.0.0.1:8000/v1#m") == "http://127.0.0.1:8000/v1#m"
    assert load_model("local") == "local"


def test_a_backend_of_ones_own_is_a_model(shop: Path) -> None:
    """And anything else of that module is not."""
    assert isinstance(load_model("shop:adds"), Backend)
    with pytest.raises(BadReference, match="is int, no Backend"):
        load_model("shop:number")
    (shop / "clerks.py").write_text("from loopbus import Agent\nclerk = Agent('local')\n")
    with pytest.raises(BadReference, match="is Agent, no Backend: give it as --agent clerks:clerk"):
        load_model("clerks:clerk")


@pytest.mark.parametrize("name", ["acme:large", "a.b:c", "..:x"])
def test_a_name_that_is_no_module_is_left_to_the_backends(shop: Path, name: str) -> None:
    """Who know which models there are."""
    assert load_model(name) == name
