from __future__ import annotations

import pytest

from installer import output
from installer.output import Cell, Column

COLUMNS = (Column("NAME", folds=True), Column("STATE"))
ROWS = [(Cell("blog"), Cell("running", "green"))]


def test_print_table_to_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(COLUMNS, ROWS)
    assert capsys.readouterr().out == "  NAME  STATE\n  blog  running\n"


def test_print_table_on_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    # The terminal of the test run may have no colors.
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    output.print_table(COLUMNS, ROWS)
    assert "\x1b[32mrunning\x1b[0m" in capsys.readouterr().out


def test_print_line_is_never_truncated(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    output.print_line("a [bold] sentence that is longer, ", Cell("and has a color", "red"))
    assert capsys.readouterr().out == "a [bold] sentence that is longer, and has a color\n"
