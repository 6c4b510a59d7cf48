from __future__ import annotations

from pathlib import Path

import pytest

from installer.host.cron import runs
from installer.host.timers import cron_lines

ROOT = Path("/srv/shoestring")


@pytest.mark.parametrize("line", cron_lines(ROOT, "example.com", "/opt/pipx/venvs/shoestring/bin/python")[2:])
def test_runs_finds_cron_lines(line: str) -> None:
    assert runs(f"MAILTO=ops\n{line}\n", ROOT, is_default=False)
    assert not runs(line, Path("/srv/other"), is_default=True)
    assert not runs(f"# {line}", ROOT, is_default=True)


def test_runs_finds_directory_with_percent_sign() -> None:
    root = Path("/srv/100% mine")
    assert all(runs(line, root, is_default=False) for line in cron_lines(root, "example.com", "/opt/python")[2:])


@pytest.mark.parametrize(
    "line",
    [
        "* * * * * root /opt/pipx/venvs/shoestring/bin/python -m runtime watchdog",
        "* * * * * /usr/local/bin/shoestring watchdog",
    ],
)
def test_runs_line_without_directory_is_default_directory(line: str) -> None:
    assert runs(line, ROOT, is_default=True)
    assert not runs(line, ROOT, is_default=False)


@pytest.mark.parametrize("line", ["* * * * * root apt-get update", "* * * * * root echo it's watchdog", ""])
def test_runs_ignores_other_lines(line: str) -> None:
    assert not runs(line, ROOT, is_default=True)
