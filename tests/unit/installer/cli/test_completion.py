"""The names that a shell completes."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from installer.cli import completion, main
from runtime.base.paths import Paths, Side


def context(command: str, before: Path | None = None, after: Path | None = None) -> typer.Context:
    """Return what a completer gets for a command line with `--data-directory` before or after the command."""
    program = typer.main.get_command(main.app)
    above = program.make_context("shoestring", [], resilient_parsing=True)
    above.params["data_directory"] = before
    below = program.commands[command].make_context(command, [], parent=above, resilient_parsing=True)  # type: ignore[attr-defined]
    below.params["data_directory"] = after
    found: typer.Context = below
    return found


@pytest.fixture
def instance(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A data directory with applications on both sides, and no other on this host."""
    monkeypatch.delenv("SHOESTRING_DATA_DIRECTORY", raising=False)
    paths.settings.touch()
    for side, name in (
        *((Side.PUBLIC, "blog.yaml"), (Side.PUBLIC, "notes.txt"), (Side.PUBLIC, ".hidden.yaml")),
        *((Side.INTERNAL, "wiki.yml"), (Side.INTERNAL, "$(reboot).yaml")),
    ):
        (paths.applications(side) / name).touch()
    return paths


def test_application_names_of_both_sides(instance: Paths) -> None:
    assert completion.application_names(context("deploy", after=instance.root), "") == ["blog", "wiki"]


def test_application_names_of_a_directory_before_the_command(instance: Paths) -> None:
    assert completion.application_names(context("history", before=instance.root), "w") == ["wiki"]


def test_application_names_without_a_data_directory(tmp_path: Path) -> None:
    assert completion.application_names(context("rollback", after=tmp_path / "missing"), "") == []


def test_application_names_of_a_side_without_a_directory(instance: Paths) -> None:
    for file in instance.applications(Side.INTERNAL).iterdir():
        file.unlink()
    instance.applications(Side.INTERNAL).rmdir()
    assert completion.application_names(context("deploy", after=instance.root), "") == []


def test_service_names_with_a_prefix() -> None:
    assert completion.service_names("post") == ["postgres"]
