"""The rooms of the library as a table, and the walker that reads from its source who imports what.

The table is the design's: ``bus <- events <- tools, stores, backends <- handlers <- runtime <- hosting, evals <- cli``.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
OWN = "loopbus"
BESIDE_THE_ROOMS = frozenset({"benchmarks", "docs", "examples", "scripts", "tests"})
"""Folders of the checkout that are no part of the package."""


class Room(NamedTuple):
    """What the modules of a room may import of ours and from outside, and what of the standard library they may not."""

    own: frozenset[str]
    outside: frozenset[str]
    banned: frozenset[str]


def room(own: str, outside: str = "", banned: str = "") -> Room:
    """Write a row of the table, each cell as words."""
    return Room(*(frozenset(cell.split()) for cell in (own, outside, banned)))


HANDLER = (
    "bus events tools handlers stores.contract stores.errors "
    "backends.contract backends.errors backends.fold backends.catalogue"
)
BELOW_RUNTIME = "bus events tools stores backends handlers"
BELOW_CLI = f"{BELOW_RUNTIME} runtime hosting evals"

ROOMS = {
    "": room(f"{BELOW_CLI} cli"),
    "bus": room("bus", "pydantic pydantic_core anyio"),
    "events": room("bus events", "pydantic pydantic_core"),
    "tools": room("events tools", "pydantic pydantic_core"),
    "stores": room("bus events stores", "pydantic pydantic_core anyio psycopg"),
    "backends": room("events backends", "pydantic pydantic_core anyio httpx httpx2 aiohttp yarl botocore google"),
    "backends.local": room("events backends", "pydantic pydantic_core anyio xllamacpp"),
    "backends.wire": room(
        "events backends.wire backends.contract backends.errors",
        "pydantic pydantic_core",
        banned="asyncio datetime socket ssl subprocess threading time",
    ),
    "handlers": room(HANDLER, "anyio"),
    "handlers.observers": room(HANDLER, "anyio structlog opentelemetry rich"),
    "runtime": room(f"{BELOW_RUNTIME} runtime", "anyio pydantic"),
    "hosting": room("bus events runtime hosting", "anyio starlette sse_starlette uvicorn"),
    "evals": room(f"{BELOW_RUNTIME} runtime evals", "anyio pydantic"),
    "cli": room(f"{BELOW_CLI} cli", "anyio typer rich prompt_toolkit"),
}


class Import(NamedTuple):
    """One name that a module imports. A ``target`` of ours is written without the package's name."""

    line: int
    target: str
    own: bool
    relative: bool
    in_function: bool

    @property
    def top(self) -> str:
        """The distribution's or the standard library's name."""
        return self.target.partition(".")[0]


@dataclass(frozen=True)
class Module:
    """A source file, named as inside the package: ``bus.queue``; a package bears its folder's name: ``bus``."""

    name: str
    source: str
    is_package: bool = False
    known: frozenset[str] = frozenset()
    """Every module of the library: tells ``from ..backends import contract`` from the import of a plain name."""

    @property
    def room(self) -> Room:
        """The row of the innermost room in which the module stands."""
        return ROOMS[max((place for place in ROOMS if is_below(self.name, place)), key=len)]

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the source."""
        return tuple(ast.walk(ast.parse(self.source)))

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import, wherever it stands."""
        inside = {id(node) for function in self.nodes if isinstance(function, FUNCTIONS) for node in ast.walk(function)}
        return tuple(
            Import(node.lineno, target, own, relative, id(node) in inside)
            for node in self.nodes
            if isinstance(node, ast.Import | ast.ImportFrom)
            for target, own, relative in self._targets(node)
        )

    def _targets(self, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, bool, bool]]:
        if isinstance(node, ast.ImportFrom) and node.level:
            origin = self._origin(node)
            for alias in node.names:
                inner = ".".join(filter(None, (origin, alias.name)))
                yield (inner if inner in self.known else origin), True, True
            return
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        for name in names:
            top, _, rest = name.partition(".")
            yield (rest, True, False) if top == OWN else (name, top in ROOMS, False)

    def _origin(self, node: ast.ImportFrom) -> str:
        """The module that a relative import starts from."""
        parts = self.name.split(".")
        kept = len(parts) - node.level + self.is_package
        return ".".join(filter(None, (*parts[: max(kept, 0)], node.module)))


FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def is_below(name: str, place: str) -> bool:
    """Say whether the module ``name`` is ``place`` or stands in it; everything stands in the root, ``""``."""
    return not place or name == place or name.startswith(f"{place}.")


def stands_in(name: str, places: Iterable[str]) -> bool:
    """Say whether the module ``name`` is below any of ``places``."""
    return any(is_below(name, place) for place in places)


def package_folders(folder: Path = ROOT) -> Iterator[Path]:
    """The root and every folder below it that holds an ``__init__.py``, as setuptools must be told."""
    yield folder
    for child in sorted(folder.iterdir()):
        if child.name not in BESIDE_THE_ROOMS and (child / "__init__.py").is_file():
            yield from package_folders(child)


@cache
def library() -> tuple[Module, ...]:
    """Every module of the library."""
    files = {file: name_of(file) for folder in package_folders() for file in sorted(folder.glob("*.py"))}
    known = frozenset(files.values())
    return tuple(Module(name, file.read_text("utf-8"), file.stem == "__init__", known) for file, name in files.items())


def name_of(file: Path) -> str:
    """The name of a source file inside the package."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")
