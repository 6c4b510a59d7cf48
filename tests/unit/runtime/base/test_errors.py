"""Errors as the user reads them."""

from __future__ import annotations

from pathlib import Path

from runtime.base.errors import ExitCode, Problem, SettingsError, UsageError, explain


def test_explain_gives_sentence_and_exit_code() -> None:
    settings_error = SettingsError(Path("/c/shoestring.yaml"), (Problem(Path("x"), "is wrong", "a.b"),))
    assert explain(settings_error) == ("settings: 1 problem in /c/shoestring.yaml\n  a.b: is wrong", ExitCode.USAGE)
    assert explain(UsageError("No.")) == ("No.", ExitCode.USAGE)
    assert explain(PermissionError(13, "Permission denied"))[1] == ExitCode.FAILED
    sentence, code = explain(KeyError("x"))
    assert "Internal error: KeyError" in sentence
    assert code == ExitCode.FAILED
