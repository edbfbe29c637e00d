"""What is built is what stands here: the list of packages, the extras, the typing marker, the README's two commands."""

import importlib.metadata
import re
import tomllib
from typing import Any

import pytest

import loopbus

from .architecture import OWN, ROOT, package_folders

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]


def names(requirements: list[str]) -> set[str]:
    """The distributions that requirements name, without versions."""
    return {re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in requirements}


def test_the_list_of_packages_is_the_folders_that_hold_one() -> None:
    """A room that is added, renamed or removed is told to setuptools, or its code would be missing from the wheel."""
    folders = {".".join((OWN, *folder.relative_to(ROOT).parts)) for folder in package_folders()}
    listed: list[str] = PROJECT["tool"]["setuptools"]["packages"]
    assert set(listed) == folders
    assert listed == sorted(listed)


def test_no_source_file_stands_outside_the_packages() -> None:
    """A folder of code without an ``__init__.py`` would be left out of the wheel in silence."""
    packages = set(package_folders())
    rooms = [folder for folder in packages if folder != ROOT]
    strays = {file for folder in rooms for file in folder.rglob("*.py") if file.parent not in packages}
    assert not strays


def test_the_root_holds_the_face_and_nothing_else() -> None:
    """Every module at the root would be packaged; a folder ``loopbus`` would shadow the installed package."""
    assert {file.name for file in ROOT.glob("*.py")} <= {"__init__.py", "__main__.py"}
    assert not (ROOT / OWN).exists()


def test_annotations_are_for_users_too() -> None:
    """The marker that makes type checkers read the annotations is packaged."""
    assert (ROOT / "py.typed").is_file()
    assert PROJECT["tool"]["setuptools"]["package-data"] == {OWN: ["py.typed"]}


def test_the_core_needs_only_what_every_user_needs() -> None:
    """What only some users need is an extra."""
    core = names(PROJECT["project"]["dependencies"])
    assert core == {"anyio", "httpx", "opentelemetry-api", "pydantic", "structlog"}
    assert core.isdisjoint(names([name for extra in EXTRAS.values() for name in extra]))


def test_all_is_every_other_extra() -> None:
    """``loopbus[all]`` leaves none out."""
    (everything,) = EXTRAS["all"]
    assert everything == f"{OWN}[{','.join(name for name in EXTRAS if name != 'all')}]"


def test_every_direct_requirement_is_pinned_for_ci() -> None:
    """CI meets no release that nobody has looked at."""
    pins = names((ROOT / "constraints.txt").read_text("utf-8").splitlines())
    groups: dict[str, list[Any]] = PROJECT["dependency-groups"]
    grouped = [entry for group in groups.values() for entry in group if isinstance(entry, str)]
    wanted = names(
        [*PROJECT["project"]["dependencies"], *grouped, *(name for extra in EXTRAS.values() for name in extra)]
    )
    assert wanted - {OWN} <= pins


def test_the_installed_package_is_this_checkout() -> None:
    """Tests that ran against another install would say nothing about this source."""
    assert importlib.metadata.version(OWN) == PROJECT["project"]["version"]
    assert loopbus.__name__ == OWN


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_readme_names_the_two_commands(target: str) -> None:
    """A newcomer needs two commands, and the Makefile has both."""
    assert f"make {target}" in (ROOT / "README.md").read_text("utf-8")
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
