"""Completion in real shells: what is typed, with tabs, is what the program is then called with."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

SHARE = Path(__file__).parents[2] / "packaging" / "share"
PROGRAM = Path(sys.executable).with_name("shoestring")
# Completes as the real one, but only notes down what it is called with.
RECORDER = """#!/bin/sh
[ -z "$_SHOESTRING_COMPLETE" ] || exec {program} "$@"
printf '%s\\n' "$@" >{called}.new
mv {called}.new {called}
"""
# How each shell starts, and what it reads first. Each then finds the completion by the program's name.
SHELLS = {
    "bash": ("bash --noprofile --rcfile {start}", ". /usr/share/bash-completion/bash_completion"),
    "zsh": (
        "zsh --no-global-rcs -i",
        f"fpath=({SHARE}/zsh/site-functions $fpath); autoload -Uz compinit; compinit -u -D",
    ),
    "fish": ("fish --interactive", "function fish_greeting; end"),
}
START_FILES = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}

Typed = Callable[[str], list[str]]


@pytest.fixture(params=SHELLS)
def typed(request: pytest.FixtureRequest, tmp_path: Path) -> Typed:
    """Return what types a line into a new shell, and returns the arguments that the program is called with."""
    called = tmp_path / "called"
    programs = tmp_path / "programs"
    programs.mkdir()
    recorder = programs / "shoestring"
    recorder.write_text(RECORDER.format(program=shlex.quote(str(PROGRAM)), called=shlex.quote(str(called))))
    recorder.chmod(0o755)
    command, script = SHELLS[request.param]
    start = tmp_path / START_FILES[request.param]
    start.parent.mkdir(parents=True, exist_ok=True)
    start.write_text(f"{script}\n")
    for name in ("public/blog.yaml", "internal/wiki.yml", "internal/blue green.yaml"):
        file = tmp_path / "data" / "conf" / f"applications-{name}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / "data" / "conf" / "shoestring.yaml").touch()
    environment = {
        "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "TERM": "xterm",
        "XDG_DATA_DIRS": f"{SHARE}:/usr/share",
        "SHOESTRING_DATA_DIRECTORY": str(tmp_path / "data"),
    }

    def type_line(line: str) -> list[str]:
        shell = pexpect.spawn(command.format(start=start), env=environment, cwd=str(tmp_path), timeout=60)
        try:
            shell.send(f"{line}\rexit\r")
            shell.expect(pexpect.EOF)
            return called.read_text().splitlines()
        finally:
            shell.close(force=True)

    return type_line


def test_completion_of_a_command_an_application_and_an_option(typed: Typed) -> None:
    assert typed("shoestring dep\tbl\t--dry\t") == ["deploy", "blog", "--dry-run"]


def test_completion_of_a_command_in_a_group(typed: Typed) -> None:
    assert typed("shoestring serv\tad\tpostg\t") == ["service", "add", "postgres"]


def test_completion_of_a_file_where_the_program_has_no_answer(typed: Typed) -> None:
    option, directory = typed("shoestring --data-dir\tdat\t")
    assert (option, directory.rstrip("/")) == ("--data-directory", "data")
