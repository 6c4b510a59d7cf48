"""The git repository of conf/, with real git."""

from __future__ import annotations

import os
import time
from pathlib import Path, PurePosixPath

import pytest

from installer.data_directory import conf_repository
from runtime.base import files
from runtime.base.errors import ShoestringError

pytestmark = pytest.mark.processes
FILE = PurePosixPath("file.yaml")
LOCKS = ("index.lock", "HEAD.lock", "refs/heads/main.lock")


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """A repository whose one file has changed since its commit."""
    (tmp_path / FILE).write_text("a: 1\n")
    conf_repository.create(tmp_path, "First")
    (tmp_path / FILE).write_text("a: 2\n")
    return tmp_path


def lock(conf: Path, name: str, changed: float) -> Path:
    file = conf / ".git" / name
    file.touch()
    os.utime(file, (changed, changed))
    return file


@pytest.mark.parametrize("name", LOCKS)
def test_commit_removes_lock_from_before_boot(conf: Path, name: str) -> None:
    before_boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) - 1
    left = lock(conf, name, before_boot)
    assert conf_repository.commit(conf, [FILE], "Second")
    assert not left.exists()
    assert conf_repository.ask(conf, "log", "-1", "--format=%s").strip() == "Second"


@pytest.mark.parametrize("name", LOCKS)
def test_commit_respects_lock_of_running_git(conf: Path, name: str) -> None:
    held = lock(conf, name, time.time())
    with pytest.raises(ShoestringError):
        conf_repository.commit(conf, [FILE], "Second")
    assert held.exists()


def test_commit_or_explain_commits(conf: Path) -> None:
    assert conf_repository.commit_or_explain(conf, [FILE], "Second") == ""
    assert conf_repository.ask(conf, "log", "-1", "--format=%s").strip() == "Second"


def test_commit_or_explain_failure(conf: Path) -> None:
    lock(conf, "index.lock", time.time())
    explanation = conf_repository.commit_or_explain(conf, [FILE], "Second")
    assert explanation.startswith(f"The changes in {conf} are made but not committed. Commit {FILE} with git. ")


def test_commit_or_explain_without_repository(conf: Path) -> None:
    files.remove_tree(conf / ".git")
    assert "is not a git repository" in conf_repository.commit_or_explain(conf, [FILE], "Second")
    assert not (conf / ".git").exists()
    assert conf_repository.commit_or_explain(conf, [FILE], "Second", first="First") == ""
    assert conf_repository.ask(conf, "log", "-1", "--format=%s").strip() == "First"


def test_commit_removed_and_never_committed_files(conf: Path) -> None:
    (conf / "a").write_text("one\n")
    assert conf_repository.commit(conf, (PurePosixPath("a"),), "first")
    (conf / "a").unlink()
    assert conf_repository.commit(conf, (PurePosixPath("a"), PurePosixPath("never")), "second")
    assert conf_repository.ask(conf, "show", "--format=", "--name-status").strip() == "D\ta"


def test_commit_name_with_special_characters(conf: Path) -> None:
    name = 'ä "b" c'
    (conf / name).write_text("one\n")
    assert conf_repository.commit(conf, (PurePosixPath(name),), "first")
    assert conf_repository.ask(conf, "status", "--porcelain", "-z") == f" M {FILE}\0"
