"""Screens of `--help`, one a command."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import typer
from typer.testing import CliRunner

from installer.cli.main import app
from tests.support.screens.screen import WIDTH, Screens


def _paths(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command but those of hidden ones."""
    yield path
    for child in getattr(command, "commands", {}).values():
        if child.hidden:
            continue
        yield from _paths(child, (*path, str(child.name)))


def _help(path: tuple[str, ...]) -> str:
    ran = CliRunner().invoke(app, [*path, "--help"], prog_name="shoestring", terminal_width=WIDTH)
    assert ran.exit_code == 0, ran.output
    return f"{ran.output.rstrip()}\n"


def screens() -> Screens:
    """Return the help of every command by the name of its file."""
    return {
        f"help-{'-'.join(path) or 'shoestring'}": partial(_help, path) for path in _paths(typer.main.get_command(app))
    }
