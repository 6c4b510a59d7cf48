"""The command line of `python -m runtime`."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime import cli
from runtime.base.errors import ExitCode, ShoestringError
from runtime.base.paths import find


@pytest.mark.parametrize(
    "words",
    [
        ("--data-directory", "/srv/demo", "--json", "plan"),
        ("plan", "--data-directory=/srv/demo", "--json"),
        ("--json", "plan", "--data-directory", "/srv/demo"),
        ("--data-directory", "/srv/other", "plan", "--data-directory", "/srv/demo", "--json"),
    ],
)
def test_parser_shared_options_before_and_after_command(words: tuple[str, ...]) -> None:
    options = cli.parser().parse_args(words)
    assert (options.command, options.data_directory, options.json) == ("plan", Path("/srv/demo"), True)


def test_parser_shared_options_have_defaults() -> None:
    options = cli.parser().parse_args(["reload", "public"])
    assert (options.side, options.data_directory, options.json) == ("public", None, False)


@pytest.mark.parametrize("command", ["start", "stop", "reload", "renew", "plan", "status", "check", "alarm"])
def test_main_reports_wrong_data_directory(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([command, "--data-directory", str(tmp_path)]) == ExitCode.USAGE
    printed = capsys.readouterr().err
    with pytest.raises(ShoestringError) as refused:
        find(tmp_path)
    assert printed.startswith(f"{str(refused.value).split('. ')[0]}. ")
    assert f"sudo shoestring setup --data-directory {tmp_path}" in printed
