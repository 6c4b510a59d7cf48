"""The page of JSON answers has a section for each command that takes --json."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from installer.cli.main import app

PAGE = Path(__file__).parents[2] / "docs" / "json.md"


def answering(command: Any, name: str = "") -> Iterator[str]:
    """Yield the commands that take --json, but hidden ones."""
    if any("--json" in each.opts for each in command.params):
        yield name
    for child in getattr(command, "commands", {}).values():
        if child.hidden:
            continue
        yield from answering(child, f"{name} {child.name}".strip())


def test_each_command_that_answers_in_json_has_a_section() -> None:
    headings = [line[3:] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("## ")]
    described = {each for heading in headings for each in heading.split(", ")}
    assert described - {"and the answer of a --dry-run"} == set(answering(typer.main.get_command(app)))
