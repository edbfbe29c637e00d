"""Of an event only that may be edited which a policy may change, and only to what it can be."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopbus.cli.editing import edited, replaced
from loopbus.cli.errors import BadEdit
from loopbus.cli.keyboard import Keyboard
from loopbus.events import ModelReplied, RunStarted, Text, ToolCall, ToolRequested, user

REQUESTED = ToolRequested(call_id="3.0", name="refund", arguments={"usd": 20})
REPLIED = ModelReplied(turn=1, content=(Text("Well."), ToolCall("3.0", "refund", {"usd": 20})), stop="tool_calls")


class Typing(Keyboard):
    """Somebody who answers every question the same."""

    def __init__(self, answer: str | None) -> None:
        super().__init__()
        self.asked: list[tuple[str, str]] = []
        self._answer = answer

    async def ask(self, question: str, default: str = "") -> str | None:
        self.asked.append((question, default))
        return self._answer


@pytest.fixture(autouse=True)
def no_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the person at the tests likes."""
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)


def editor(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Make an editor of a script, which finds the file's path in ``path``."""
    (folder / "my editor.py").write_text(f"import sys, json; path = sys.argv[-1]\n{script}\n", "utf-8")
    monkeypatch.setenv("EDITOR", f"'{sys.executable}' -S '{folder / 'my editor.py'}' --wait")


async def test_without_an_editor_it_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Filled in with what is there; in a pipe, which cannot be filled in, that is shown before."""
    line = '{"arguments": {"usd": 20}}'
    keyboard = Typing('{"arguments": {"usd": 5}}')
    assert (await edited(REQUESTED, keyboard)).arguments == {"usd": 5}
    monkeypatch.setattr(Keyboard, "is_attended", True)
    assert (await edited(REQUESTED, keyboard)).arguments == {"usd": 5}
    assert keyboard.asked == [(f"{line}\nnew: ", line), ("new: ", line)]


@pytest.mark.parametrize("answer", ["", "  ", None])
async def test_no_answer_changes_nothing(answer: str | None) -> None:
    """Nor does the end of input."""
    assert await edited(REQUESTED, Typing(answer)) is REQUESTED


async def test_an_editor_is_given_only_what_may_be_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As JSON that a person can read; its path may have blanks and options in it."""
    editor(
        tmp_path,
        monkeypatch,
        'text = open(path).read(); assert text == \'{\\n  "arguments": {\\n    "usd": 20\\n  }\\n}\\n\'',
    )
    assert await edited(REQUESTED, Typing(None)) == REQUESTED
    editor(tmp_path, monkeypatch, 'json.dump({"content": [{"kind": "text", "text": "grüße"}]}, open(path, "w"))')
    assert (await edited(REPLIED, Typing(None))).content == (Text("grüße"),)


@pytest.mark.parametrize("name", ["sys.exit(3)", "no such editor", "unbalanced"])
async def test_an_editor_that_fails_changes_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is named."""
    if name == "sys.exit(3)":
        editor(tmp_path, monkeypatch, name)
    else:
        monkeypatch.setenv("EDITOR", "'" if name == "unbalanced" else "/no/such/editor")
    with pytest.raises(BadEdit, match=r"editor .*(ended with code 3|no/such/editor|No closing quotation)"):
        await edited(REQUESTED, Typing(None))


async def test_what_may_not_be_changed_is_not_asked_for() -> None:
    """A fact is a fact."""
    with pytest.raises(BadEdit, match="nothing of a RunStarted"):
        await edited(RunStarted(agent="a", model="m", prompt=user("hi")), Typing("{}"))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[1]", "no JSON object: give one with arguments"),
        ('{"name": "drop"}', "name may not be changed; of a ToolRequested what may is arguments"),
        ('{"seq": 5, "at": 1}', "at, seq may not be changed"),
        ('{"arguments": 5}', "no ToolRequested version 1: arguments"),
    ],
)
def test_what_cannot_stand_there_is_refused(answer: str, words: str) -> None:
    """In words that say what is wrong."""
    with pytest.raises(BadEdit, match=words):
        replaced(REQUESTED, answer)


@settings(max_examples=25)
@given(
    st.dictionaries(st.text(max_size=5), st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5))
)
def test_any_arguments_can_be_given(arguments: dict[str, object]) -> None:
    """What is left out stays as it was."""
    changed = replaced(REQUESTED, json.dumps({"arguments": arguments}))
    assert (changed.arguments, changed.call_id, changed.name) == (arguments, "3.0", "refund")
    assert replaced(REQUESTED, "{}") == REQUESTED
