"""The exit of the command line, where it needs no engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from installer.cli import main
from installer.data_directory import settings_file
from runtime.base import paths as path_module
from runtime.base.errors import ExitCode
from runtime.base.paths import Paths
from tests.support.builders.runtime import make_settings


@pytest.mark.parametrize("recorded", [True, False])
def test_main_error_hint_has_data_directory_of_instance(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], recorded: bool
) -> None:
    paths.settings.write_text(settings_file.render(make_settings()))
    record = tmp_path / "recorded"
    record.write_text(str(paths.root if recorded else paths.root / "other"))
    monkeypatch.setattr(path_module, "DEFAULT_DIRECTORY_FILE", record)
    monkeypatch.setattr("sys.argv", ["shoestring", "ssl", "ca", "--data-directory", str(paths.root)])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == ExitCode.FAILED
    printed = capsys.readouterr().err.splitlines()
    option = "" if recorded else f" --data-directory {paths.root}"
    assert printed[-1].endswith(f"Create it with: shoestring start{option}")


def test_main_error_with_json_is_an_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "new"
    monkeypatch.setattr("sys.argv", ["shoestring", "setup", "--json", "--data-directory", str(directory)])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == ExitCode.USAGE
    printed = capsys.readouterr()
    answer = json.loads(printed.out)
    assert (answer["version"], answer["ok"], answer["code"], answer["problems"]) == (2, False, "usage", [])
    assert answer["error"].startswith("Nothing is asked with --json, and these answers are missing: domain, email.")
    assert printed.err == f"{answer['error']}\n"
    assert not directory.exists()


def test_main_settings_error_with_json_lists_problems(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths.settings.write_text(settings_file.render(make_settings()).replace("domain:", "domains:", 1))
    monkeypatch.setattr("sys.argv", ["shoestring", "history", "a", "--json", "--data-directory", str(paths.root)])
    with pytest.raises(SystemExit):
        main.main()
    answer = json.loads(capsys.readouterr().out)
    assert answer["code"] == "settings"
    assert "did you mean domain?" in " ".join(each["what"] for each in answer["problems"])
