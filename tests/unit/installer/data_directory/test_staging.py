"""Directories that are built next to their final path."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.data_directory import staging


def test_staged_publishes_content(target: Path) -> None:
    with staging.staged(target / "below") as content:
        content.mkdir()
        (content / "file").touch()
        assert not (target / "below").exists()
    assert [each.name for each in target.rglob("*")] == ["below", "file"]


def test_staged_error_leaves_nothing(target: Path) -> None:
    def build() -> None:
        with staging.staged(target) as content:
            content.mkdir()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        build()
    assert list(target.parent.iterdir()) == []


def test_remove_leftovers_keeps_directory_of_running_process(target: Path) -> None:
    with staging.staged(target) as content:
        content.mkdir()
        assert staging.remove_leftovers(target) == ()
        assert content.is_dir()


def test_remove_leftovers_of_killed_run_only(target: Path) -> None:
    killed, other = (target.parent / f"{staging.prefix(target)}{name}" for name in ("killed", "mine"))
    for directory, file in ((killed, staging.MARKER), (other, "thesis.tex")):
        directory.mkdir()
        (directory / file).touch()
    assert staging.remove_leftovers(target) == (killed,)
    assert list(target.parent.iterdir()) == [other]
    assert staging.remove_leftovers(target / "missing") == ()
