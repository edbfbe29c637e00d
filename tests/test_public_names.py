"""Each ``__init__.py`` re-exports and says so: ``__all__`` is what it imports from below, and each name is there."""

import ast
import importlib

import pytest

from .architecture import OWN, Module, library


def re_exported(package: Module) -> set[str]:
    """The public names that a package takes from its own modules, also those it names for type checkers only."""
    taken = (node for node in package.nodes if isinstance(node, ast.ImportFrom) and node.level)
    names = {alias.asname or alias.name for node in taken for alias in node.names}
    return {name for name in names if not name.startswith("_")}


def listed(package: Module) -> list[str] | None:
    """What ``__all__`` lists; ``None`` where there is none."""
    for node in package.nodes:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return None


FACES = {package.name: package for package in library() if package.is_package and listed(package) is not None}


@pytest.mark.parametrize("name", FACES)
def test_what_a_package_lists_is_what_it_re_exports(name: str) -> None:
    """No name is re-exported unlisted, and none is listed that the package does not take from its modules."""
    assert set(listed(FACES[name]) or ()) - {"__version__"} == re_exported(FACES[name])


@pytest.mark.parametrize("name", FACES)
def test_every_listed_name_can_be_imported(name: str) -> None:
    """A name in ``__all__`` is an attribute of the package, also where the package loads it on first use."""
    package = importlib.import_module(f"{OWN}.{name}".rstrip("."))
    assert [public for public in package.__all__ if not hasattr(package, public)] == []
