"""The owner of conf/ names programs in its repository, and a caller has a loose umask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from installer.data_directory import conf_repository
from installer.deploy import history
from runtime.base.paths import Side
from tests.support.engine import Instance, plain

# Nobody's on any distribution.
OWNER = 54_321
FILE = PurePosixPath("file.yaml")
PROGRAM = """#!/bin/sh
echo "$1 $(id -u)" >>{log}
[ "$1" = monitor ] || cat
"""


@pytest.fixture
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that every user can enter."""
    made = Path("/tmp") / tmp_path_factory.mktemp("owned").relative_to("/tmp")
    for each in (made, *made.parents):
        if each != Path("/tmp") and each != Path("/"):
            each.chmod(each.stat().st_mode | 0o711)
    return made


@pytest.fixture
def log(directory: Path) -> Path:
    file = directory / "log"
    file.touch()
    file.chmod(0o666)
    return file


@pytest.fixture
def conf(directory: Path, log: Path) -> Path:
    """A repository of that owner, whose settings name programs for each thing that git does."""
    program = directory / "program"
    program.write_text(PROGRAM.format(log=log))
    program.chmod(0o755)
    conf = directory / "conf"
    conf.mkdir()
    (conf / FILE).write_text("a: 1\n")
    os.chown(conf, OWNER, OWNER)
    conf_repository.create(conf, "First")
    settings = {
        "core.fsmonitor": f"{program} monitor",
        "filter.evil.clean": f"{program} clean",
        "filter.evil.smudge": f"{program} smudge",
        "diff.evil.textconv": f"{program} textconv",
        "core.pager": f"{program} pager",
        "core.hooksPath": str(directory),
    }
    for name, value in settings.items():
        subprocess.run(
            ("git", "config", "--file", conf / ".git/config", name, value), check=True, user=OWNER, group=OWNER
        )
    (conf / ".gitattributes").write_text("* filter=evil diff=evil\n")
    return conf


def test_git_runs_programs_as_the_owner_alone(conf: Path, log: Path) -> None:
    (conf / FILE).write_text("a: 2\n")
    assert conf_repository.commit_or_explain(conf, (FILE, PurePosixPath(".gitattributes")), "Second") == ""
    assert conf_repository.ask(conf, "cat-file", "blob", f"HEAD:{FILE}") == "a: 2\n"
    conf_repository.ask(conf, *history.LOG, "--", str(FILE))
    ran = log.read_text().split()
    assert "clean" in ran
    assert set(ran[1::2]) == {str(OWNER)}
    assert "monitor" not in ran
    assert {each.stat().st_uid for each in (conf / ".git").rglob("*")} == {OWNER}


@pytest.mark.parametrize("linked", [".git", ".git/refs/heads"])
def test_git_locks_links_to_other_directories(conf: Path, tmp_path: Path, linked: str) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    lock = victim / "other.lock"
    lock.touch()
    os.utime(lock, (0, 0))
    path = conf / linked
    shutil.move(path, path.with_name("aside"))
    path.symlink_to(victim)
    os.chown(path, OWNER, OWNER, follow_symlinks=False)
    (conf / FILE).write_text("a: 3\n")
    assert "not committed" in conf_repository.commit_or_explain(conf, (FILE,), "Third")
    assert lock.exists()


def test_start_umask_of_caller(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test"))
    argv = (sys.executable, "-m", "runtime", "--data-directory", str(instance.paths.root), "start")
    subprocess.run(argv, check=True, capture_output=True, umask=0)
    run = instance.cluster.run.directory
    written = [*run.rglob("*"), *instance.paths.generated.rglob("*"), *(instance.paths.conf / ".git").rglob("*")]
    plain_files = [each for each in written if not (each.is_symlink() or each.is_socket())]
    loose = [each for each in plain_files if each.stat().st_mode & 0o002]
    assert loose == []
