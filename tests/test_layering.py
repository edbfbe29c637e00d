"""The rooms keep the design's law: each rule walks the whole library, and each is shown to catch its breach."""

import ast
import sys
from collections.abc import Callable, Iterator

import pytest

from .architecture import BELOW_CLI, OWN, ROOMS, Module, is_below, library, stands_in

Breaches = Iterator[tuple[int, str]]
Law = Callable[[Module], Breaches]

CORE = frozenset({"anyio", "httpx", "opentelemetry", "pydantic", "pydantic_core", "structlog"})
EVERYWHERE = frozenset({"typing_extensions"})
"""Later Pythons' typing names, which pydantic brings along."""
CLIENTS = frozenset({"httpx", "httpx2"})
CONCRETE = ("handlers.stages", "handlers.policies", "handlers.observers")
NAMES_HANDLERS = {"runtime.assemble": CONCRETE, "cli": ("handlers.observers",), "evals": ("handlers.observers",)}
MAKES_TASKS = frozenset({"create_task", "ensure_future", "run_coroutine_threadsafe"})


def arrows_point_one_way(module: Module) -> Breaches:
    """A room imports only the rooms that the table allows it."""
    for found in module.imports:
        if found.own and found.target and not stands_in(found.target, module.room.own):
            yield found.line, f"imports {found.target}, which its room may not"
        elif found.own and not found.target:
            yield found.line, "imports the package's face, which stands above every room"


def rooms_import_only_what_they_may_from_outside(module: Module) -> Breaches:
    """A room imports only the third-party packages in its row, and nothing of Python's own that its row bans."""
    allowed = (sys.stdlib_module_names | EVERYWHERE | module.room.outside) - module.room.banned
    for found in module.imports:
        if not found.own and found.top not in allowed:
            yield found.line, f"imports {found.top}, which its room may not"


def own_imports_are_relative(module: Module) -> Breaches:
    """Inside the library every import of our own is relative."""
    for found in module.imports:
        if found.own and not found.relative:
            yield found.line, f"imports {found.target or OWN} by its absolute name"


def no_import_hides_in_a_function(module: Module) -> Breaches:
    """An import inside a function is one of an optional dependency."""
    for found in module.imports:
        if found.in_function and (found.own or found.top in CORE or found.top in sys.stdlib_module_names):
            yield found.line, f"hides the import of {found.target} in a function"


def one_file_speaks_http(module: Module) -> Breaches:
    """Only backends/http.py touches httpx."""
    for found in module.imports:
        if found.top in CLIENTS and module.name != "backends.http":
            yield found.line, f"imports {found.top}: speak to backends/http.py"


def no_handler_knows_another(module: Module) -> Breaches:
    """Handlers meet on the bus; what several need stands in handlers/ itself, and imports none of them."""
    own_folder = ".".join(module.name.split(".")[: 2 if module.is_package else 3])
    for found in module.imports if is_below(module.name, "handlers") else ():
        if stands_in(found.target, CONCRETE) and not is_below(found.target, own_folder):
            yield found.line, f"imports the handler {found.target}"


def handlers_are_named_where_the_runtime_is_put_together(module: Module) -> Breaches:
    """Only runtime/assemble.py names concrete handlers; a door for people may attach an observer, as its users may."""
    allowed = next((kinds for place, kinds in NAMES_HANDLERS.items() if is_below(module.name, place)), ())
    for found in module.imports if not is_below(module.name, "handlers") else ():
        if stands_in(found.target, CONCRETE) and not stands_in(found.target, allowed):
            yield found.line, f"names the handler {found.target}"


def tasks_have_an_owner(module: Module) -> Breaches:
    """Only bus/tasks.py creates tasks, on whatever object that is done."""
    for node in module.nodes if module.name != "bus.tasks" else ():
        match node:
            case ast.Attribute(attr=name) if name in MAKES_TASKS:
                yield node.lineno, f"reaches for {name}"
            case ast.Attribute(value=ast.Name(id="asyncio"), attr="gather"):
                yield node.lineno, "reaches for gather"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="asyncio"), attr="Task")):
                yield node.lineno, "makes a Task"
            case ast.ImportFrom(module="asyncio", names=names):
                for alias in names:
                    if alias.name in MAKES_TASKS | {"gather", "Task"}:
                        yield node.lineno, f"imports {alias.name}"
            case _:
                pass


def one_room_opens_long_lived_tasks(module: Module) -> Breaches:
    """Only runtime/runtime.py makes a TaskOwner."""
    for node in module.nodes if module.name != "runtime.runtime" else ():
        match node:
            case ast.Call(func=ast.Name(id="TaskOwner") | ast.Attribute(attr="TaskOwner")):
                yield node.lineno, "makes a TaskOwner"
            case _:
                pass


LAWS: dict[Law, tuple[tuple[str, str], ...]] = {
    arrows_point_one_way: (
        ("bus.queue", "from ..events.content import Text"),
        ("tools.tool", "from ..bus import Bus"),
        ("backends.wire.sse", "from .. import http"),
        ("handlers.stages.model", "from ...backends import Scripted"),
        ("handlers.limits", "from ..runtime.run import Run"),
        ("hosting.sse", "from ..tools import Tool"),
        ("runtime.run", "from .. import Agent"),
    ),
    rooms_import_only_what_they_may_from_outside: (
        ("bus.queue", "import structlog"),
        ("events.content", "import anyio"),
        ("handlers.stages.model", "from opentelemetry import trace"),
        ("backends.wire.sse", "from time import monotonic"),
        ("backends.wire.sse", "import asyncio"),
        ("backends.wire.sse", "import anyio"),
    ),
    own_imports_are_relative: (
        ("bus.queue", "from loopbus.bus.event import Event"),
        ("bus.queue", "import loopbus"),
        ("bus.queue", "import bus.event"),
    ),
    no_import_hides_in_a_function: (
        ("bus.queue", "def f():\n    from .event import Event"),
        ("bus.queue", "async def f():\n    import pydantic"),
        ("bus.queue", "class A:\n    def f(self):\n        if self:\n            import json"),
    ),
    one_file_speaks_http: (
        ("backends.scripted", "import httpx"),
        ("backends.local.weights", "def f():\n    import httpx2"),
    ),
    no_handler_knows_another: (
        ("handlers.stages.model", "from .route import Route"),
        ("handlers.stages.model", "from ..policies import Budget"),
        ("handlers.limits", "from .stages.model import Model"),
    ),
    handlers_are_named_where_the_runtime_is_put_together: (
        ("runtime.run", "from ..handlers.stages.model import Model"),
        ("cli", "from ..handlers.stages import Model"),
        ("", "from .handlers.observers import Terminal"),
    ),
    tasks_have_an_owner: (
        ("runtime.run", "import asyncio\nasyncio.create_task(f())"),
        ("runtime.run", "asyncio.get_running_loop().create_task(f())"),
        ("runtime.run", "later = loop.create_task"),
        ("runtime.run", "asyncio.gather(f(), g())"),
        ("runtime.run", "asyncio.Task(f(), loop=loop)"),
        ("runtime.run", "from asyncio import ensure_future as soon"),
    ),
    one_room_opens_long_lived_tasks: (
        ("bus.bus", "from .tasks import TaskOwner\nowner = TaskOwner('bus')"),
        ("handlers.stages.tools", "tasks.TaskOwner('tools')"),
    ),
}
"""Every law, with sources that break it."""

LAWFUL = (
    ("backends.http", "import httpx2\nimport httpx"),
    ("backends.local.engine", "def start():\n    import xllamacpp"),
    ("backends.wire.sse", "from ..contract import Delta\nfrom ...events.content import Text\nimport json"),
    ("bus.tasks", "asyncio.get_running_loop().create_task(work)"),
    ("cli.run", "import typer\nfrom ..handlers.observers.terminal import Terminal"),
    ("handlers.stages.model", "from ...backends.contract import Backend\nfrom ..scope import RunScope"),
    ("handlers.stages.model", "def f(task: asyncio.Task[None]) -> None:\n    executor.gather(task)"),
    ("runtime.assemble", "from ..handlers.stages.model import Model"),
    ("runtime.runtime", "from ..bus.tasks import TaskOwner\nowner = TaskOwner('runtime')"),
)


@pytest.mark.parametrize("law", LAWS)
def test_the_library_keeps(law: Law) -> None:
    """Every module of every room keeps the law; a breach is named by module and line."""
    breaches = [f"{module.name}:{line} {what}" for module in library() for line, what in law(module)]
    assert not breaches, f"{law.__doc__} Broken by:\n" + "\n".join(breaches)


@pytest.mark.parametrize(("law", "name", "source"), [(law, *breach) for law, rows in LAWS.items() for breach in rows])
def test_a_breach_is_caught_of(law: Law, name: str, source: str) -> None:
    """A source that breaks the law is flagged by it, so the walker is not blind."""
    known = frozenset({"", *BELOW_CLI.split(), "backends.http", "backends.wire"})
    assert list(law(Module(name, source, is_package=name in ROOMS, known=known)))


@pytest.mark.parametrize(("name", "source"), LAWFUL)
def test_what_the_design_allows_is_no_breach(name: str, source: str) -> None:
    """The named exceptions pass every law."""
    assert [law.__name__ for law in LAWS for _ in law(Module(name, source))] == []


def test_a_package_may_re_export_its_own_handlers() -> None:
    """``handlers/observers/__init__.py`` imports its handlers, but none of another kind."""
    face = Module("handlers.observers", "from .ledger import Ledger", is_package=True)
    assert not list(no_handler_knows_another(face))
    assert list(no_handler_knows_another(Module(face.name, "from ..stages.model import Model", is_package=True)))


def test_every_room_has_its_row() -> None:
    """A folder that is new at the root gets a row in the table before it gets code."""
    rooms = {module.name.partition(".")[0] for module in library() if module.is_package}
    assert rooms <= set(ROOMS)
    assert {"bus", "events", "tools", "backends", "handlers", "runtime"} <= rooms
