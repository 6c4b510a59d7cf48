"""Commits of one application's file in `conf/`."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from installer.data_directory import conf_repository


def commit_file(conf: Path, file: Path, message: str) -> str:
    """Commit an application file alone. Return an empty string, or a sentence that says why it is not committed."""
    return conf_repository.commit_or_explain(conf, (PurePosixPath(file.relative_to(conf)),), message)


def commit_user_edit(conf: Path, file: Path, name: str) -> str:
    """Commit what the user changed in the file of the application `name` and did not commit.

    A commit of Shoestring's after this one has only its own change in it. Return an empty string, or a sentence that
    says why the edit is not committed.
    """
    return commit_file(conf, file, f"edit {name}: changed by hand")
