"""The man page has every command, every option and every exit code."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from installer.cli import main, man_page
from runtime.base.errors import ExitCode

PAGE = man_page.page("1.2.3", "2026-01-31")
# As a terminal shows it, but for the fonts.
SHOWN = PAGE.replace("\\fB", "").replace("\\fI", "").replace("\\fR", "").replace("\\-", "-")


def commands(group: Any, name: str) -> list[tuple[str, Any]]:
    found = []
    for child in group.commands.values():
        if not child.hidden:
            path = f"{name} {child.name}"
            found += commands(child, path) if hasattr(child, "commands") else [(path, child)]
    return found


COMMANDS = commands(typer.main.get_command(main.app), "shoestring")


def section(path: str) -> str:
    """Return the lines of a command, without its heading."""
    _, _, after = SHOWN.partition(f"\n.SS {path}")
    return after.partition("\n.S")[0]


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_page_has_the_command_and_its_options(path: str, command: Any) -> None:
    text = section(path)
    names = {name for each in command.params if not each.hidden for name in (*each.opts, *each.secondary_opts)}
    assert {name for name in names if name.startswith("-") and name not in text} == set()


def test_page_has_every_exit_code() -> None:
    _, _, text = SHOWN.partition(".SH EXIT STATUS")
    assert [f".TP\n{int(code)}\n" in text for code in ExitCode] == [True] * len(ExitCode)


def test_page_of_a_version() -> None:
    assert '1 "2026-01-31" "Shoestring 1.2.3"' in PAGE


def test_text_that_troff_would_change() -> None:
    escaped = man_page._text(".so what's `a-b` \\n")
    assert escaped == "\\&.so what\\(aqs \\fBa\\-b\\fR \\en"
