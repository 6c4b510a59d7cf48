"""The output of the installer, and its failures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.install.shell import Shell

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("have", "want", "enough"),
    [
        ("2.20.0", "2.20", True),
        ("2.19.9", "2.20", False),
        ("v2.26.1", "2.20", True),
        ("2.26.1-4", "2.20", True),
        ("3.0", "2.20", True),
        ("1.29.2-3", "2.20", False),
        ("", "2.20", False),
        ("(none)", "2.20", False),
        ("dev", "2.20", False),
    ],
)
def test_version_at_least(shell: Shell, have: str, want: str, enough: bool) -> None:
    assert (shell('version_at_least "$1" "$2"', have, want).returncode == 0) == enough


def test_done_with_prints_aligned_line(shell: Shell) -> None:
    result = shell("begin Compose; done_with 2.26.1")
    assert result.stdout == "  ✓ Compose                 2.26.1\n"


def test_must_writes_output_to_log(shell: Shell, tmp_path: Path) -> None:
    result = shell("begin step; must echo output; done_with well")
    assert "output" not in result.stdout
    assert (tmp_path / "log").read_text() == "\n$ echo output \noutput\n"
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_must_failure_prints_command_last_lines_and_advice(shell: Shell) -> None:
    script = "begin step; must echo before; ADVICE='Do this.'; must bash -c 'seq 1 20; exit 3'; echo never"
    result = shell(script)
    assert result.returncode == 1
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert lines[0].split() == ["✗", "step", "exit", "code", "3"]
    assert lines[1].startswith("$ bash -c")
    assert lines[2:14] == [f"| {number}" for number in range(9, 21)]
    assert lines[14] == "Do this."
    assert lines[15].endswith("log.")
    assert "never" not in result.stdout


def test_must_has_no_input(shell: Shell) -> None:
    assert shell("begin step; must cat; done_with end").returncode == 0
