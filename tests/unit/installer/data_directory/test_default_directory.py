"""The default data directory of the host."""

from __future__ import annotations

from pathlib import Path

from installer.data_directory import default_directory


def test_write_keeps_first_directory(tmp_path: Path) -> None:
    file, first, second = tmp_path / "etc" / "data-directory", tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    assert default_directory.write(first, file) == ""
    assert file.read_text() == f"{first}\n"
    assert default_directory.write(first, file) == ""
    explanation = default_directory.write(second, file)
    assert f"stays {first}" in explanation
    assert f"--data-directory {second}" in explanation
    assert file.read_text() == f"{first}\n"


def test_write_replaces_missing_directory(tmp_path: Path) -> None:
    file, second = tmp_path / "data-directory", tmp_path / "second"
    file.write_text("/does/not/exist\n")
    second.mkdir()
    assert default_directory.write(second, file) == ""
    assert file.read_text() == f"{second}\n"


def test_option_for_other_directory_only(tmp_path: Path) -> None:
    file, here, there = tmp_path / "data-directory", tmp_path / "here", tmp_path / "there"
    assert default_directory.option(here, file) == f" --data-directory {here}"
    file.write_text(f"{here}\n")
    assert default_directory.option(here, file) == ""
    assert default_directory.option(there, file) == f" --data-directory {there}"
