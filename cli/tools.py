"""``loopbus tools``: what a model would be told about tools."""

from typing import Annotated

import typer

from .output import write, write_json
from .references import load_tools


def tools(
    references: Annotated[list[str], typer.Argument(metavar="MODULE:NAME...", help="A tool, a function or a list.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Show the names, descriptions and JSON schemas of tools."""
    described = [
        {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
        for tool in load_tools(references)
    ]
    if as_json:
        write_json(described, indent=2)
        return
    for tool in described:
        write(f"{tool['name']}\n{_indented(str(tool['description']))}")
        write_json(tool["parameters"], indent=2)
        write("\n")


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())
