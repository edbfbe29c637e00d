"""Lets a person change what may be changed of an event, as JSON."""

import json
import os
import shlex
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast

import anyio

from ..bus.data import dump, load
from ..bus.errors import BadEvent
from ..bus.event import Event
from .errors import BadEdit
from .keyboard import Keyboard

E = TypeVar("E", bound=Event)

_STDERR = 2


async def edited(event: E, keyboard: Keyboard) -> E:
    """The event with what a person made of its fields, in ``$VISUAL`` or ``$EDITOR``, or on one line without these.

    Only the fields that a policy may change are shown, and can be given. An empty text leaves the event as it is.

    :raises BadEdit: nothing of it may be changed, the editor failed, or the answer cannot stand in the event.
    """
    if not event.may_change:
        raise BadEdit(f"nothing of a {event.event_name} may be changed, it can only be refused")
    fields = {name: value for name, value in dump(event).items() if name in event.may_change}
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if editor:
        answer = await _in_editor(editor, json.dumps(fields, indent=2, ensure_ascii=False) + "\n")
    else:
        line = json.dumps(fields, ensure_ascii=False)
        answer = await keyboard.ask(f"{line}\nnew: " if not keyboard.is_attended else "new: ", line) or ""
    return replaced(event, answer) if answer.strip() else event


def replaced(event: E, answer: str) -> E:
    """The event with the fields that a JSON object gives.

    :raises BadEdit: it is no JSON object, names a field that may not be changed, or a value cannot stand there.
    """
    try:
        given: Any = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise BadEdit(f"that is no JSON: {error}") from error
    if not isinstance(given, dict):
        raise BadEdit(f"that is no JSON object: give one with {_names(event)}")
    fields = cast("dict[str, Any]", given)
    if forbidden := sorted(fields.keys() - event.may_change):
        raise BadEdit(f"{', '.join(forbidden)} may not be changed; of a {event.event_name} what may is {_names(event)}")
    try:
        return cast("E", load({**dump(event), **fields}))
    except BadEvent as error:
        raise BadEdit(str(error)) from error


async def _in_editor(editor: str, text: str) -> str:
    with TemporaryDirectory(prefix="loopbus-") as folder:
        file = anyio.Path(Path(folder, "event.json"))
        await file.write_text(text, "utf-8")
        try:
            # Our stdout may be a pipe, and is not the editor's to write to.
            done = await anyio.run_process(
                [*shlex.split(editor), str(file)], stdin=None, stdout=_STDERR, stderr=None, check=False
            )
        except (OSError, ValueError) as error:
            raise BadEdit(f"cannot start the editor {editor!r}: {error}") from error
        if done.returncode:
            raise BadEdit(f"the editor {editor!r} ended with code {done.returncode}, so nothing is changed")
        return await file.read_text("utf-8", "replace")


def _names(event: Event) -> str:
    return ", ".join(sorted(event.may_change))
