"""The data directory is created completely or not at all."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from installer.data_directory import staging
from installer.setup.data_directory import create
from runtime.base import files
from runtime.base.paths import Paths
from runtime.certificates.store import private_ca
from runtime.config import settings
from runtime.config.sections import InternalSettings, InternalTls, PublicSettings
from tests.support.builders.data_directory import SETTINGS, git, tree
from tests.support.interrupt import Interrupt

pytestmark = pytest.mark.processes

CHANGED = replace(SETTINGS, public=PublicSettings(http_port=8080))
GROUP = os.getgid()
IGNORED = {"conf/secrets.yaml"}


def test_create_files_and_modes(made: Paths) -> None:
    modes = {name: mode for name, (mode, _) in tree(made.root).items()}
    assert modes == {
        "conf": "drwxr-xr-x",
        "conf/.git": "drwxr-xr-x",
        "conf/.gitignore": "-rw-r--r--",
        "conf/.templates.json": "-rw-r--r--",
        "conf/applications-internal": "drwxr-xr-x",
        "conf/applications-internal/README.md": "-rw-r--r--",
        "conf/applications-public": "drwxr-xr-x",
        "conf/applications-public/example.yaml": "-rw-r--r--",
        "conf/haproxy-internal": "drwxr-xr-x",
        "conf/haproxy-internal/haproxy.cfg.j2": "-rw-r--r--",
        "conf/haproxy-public": "drwxr-xr-x",
        "conf/haproxy-public/haproxy.cfg.j2": "-rw-r--r--",
        "conf/secrets.yaml": "-rw-------",
        "conf/shoestring.yaml": "-rw-r--r--",
        "data": "drwxr-xr-x",
        "data/haproxy-internal-ssl": "drwxr-x---",
        "data/haproxy-public-ssl": "drwxr-x---",
        "data/haproxy-public-ssl/invalid.pem": "-rw-r--r--",
        "data/haproxy-public-ssl/invalid.pem.key": "-rw-r-----",
        "data/private-ca": "drwxr-xr-x",
        "data/private-ca/root.key": "-rw-------",
        "data/private-ca/root.pem": "-rw-r--r--",
        "generated": "drwxr-xr-x",
    }
    assert settings.load(made.settings) == SETTINGS
    assert [each.name for each in made.root.parent.iterdir()] == [made.root.name]


@pytest.mark.parametrize(
    "internal",
    [
        None,
        InternalSettings(tls=InternalTls.NONE),
    ],
)
def test_create_private_ca_only_if_needed(target: Path, internal: InternalSettings | None) -> None:
    paths = Paths(target)
    create(paths, replace(SETTINGS, internal=internal), proxy_group=GROUP)
    assert not paths.private_ca.exists()


def test_create_private_ca_for_internal_domain(made: Paths) -> None:
    assert private_ca.root_problem(made.private_ca, "internal.example.com", time.time()) == ""
    assert "is for internal.example.com" in private_ca.root_problem(made.private_ca, "other.example", time.time())


def test_create_commits_all_but_secrets(made: Paths) -> None:
    in_conf = {name for name, (mode, _) in tree(made.root).items() if name.startswith("conf/") and mode[0] == "-"}
    committed = {f"conf/{name}" for name in git(made, "ls-files").splitlines()}
    assert committed == in_conf - IGNORED
    assert git(made, "status", "--porcelain") == ""
    assert git(made, "branch", "--show-current") == "main\n"
    assert git(made, "log", "--format=%an %s") == "Shoestring Configuration as set up\n"


def test_create_ignores_secrets_without_gitignore(made: Paths) -> None:
    (made.conf / ".gitignore").write_text("")
    (made.conf / "wireguard").mkdir()
    (made.conf / "wireguard" / "wg0.key").write_text("x")
    git(made, "add", "--all")
    assert "secrets.yaml" not in git(made, "ls-files")
    assert "wireguard" not in git(made, "ls-files")


def test_create_despite_user_git_settings(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = target.parent.parent
    (home / ".gitconfig").write_text(
        "[commit]\ngpgSign = true\n[user]\nsigningKey = none\n[init]\ntemplateDir = /none\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", "/none/.git")
    monkeypatch.setenv("GIT_INDEX_FILE", "/none/index")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2020-01-01T00:00:00Z")
    create(Paths(target), SETTINGS, proxy_group=GROUP)
    monkeypatch.delenv("GIT_DIR")
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert git(Paths(target), "status", "--porcelain") == ""


def test_create_in_empty_directory_and_missing_parents(target: Path) -> None:
    target.mkdir()
    create(Paths(target), SETTINGS, proxy_group=GROUP)
    deeper = target.parent / "a" / "b" / "c"
    target.parent.chmod(0o701)
    create(Paths(deeper), SETTINGS, proxy_group=GROUP)
    assert Paths(deeper).settings.is_file()
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o701


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "failed"])
def test_create_interrupted_is_complete_or_absent(target: Path, interrupted: Interrupt, kill: bool) -> None:
    paths = Paths(target)
    create(Paths(target.parent / "whole"), SETTINGS, proxy_group=GROUP)
    whole = tree(target.parent / "whole").keys()
    files.remove_tree(target.parent / "whole")
    step = complete = 0
    while interrupted(lambda: create(paths, SETTINGS, proxy_group=GROUP), step := step + 1, kill):
        if target.exists():
            complete += 1
            assert tree(target).keys() == whole
            assert git(paths, "status", "--porcelain") == ""
            files.remove_tree(target)
        staging.remove_leftovers(target)
        assert list(target.parent.iterdir()) == []
    assert step > 30
    assert complete > 0
    assert tree(target).keys() == whole
    assert list(target.parent.iterdir()) == [target]


def test_create_removes_leftovers_of_killed_run(target: Path, interrupted: Interrupt) -> None:
    assert interrupted(lambda: create(Paths(target), SETTINGS, proxy_group=GROUP), 30, True)
    assert [each.name.startswith(staging.prefix(target)) for each in target.parent.iterdir()] == [True]
    create(Paths(target), SETTINGS, proxy_group=GROUP)
    assert list(target.parent.iterdir()) == [target]


def test_create_keeps_similar_directory_of_user(target: Path) -> None:
    own = target.parent / f"{staging.prefix(target)}backup"
    own.mkdir()
    (own / "thesis.tex").touch()
    create(Paths(target), SETTINGS, proxy_group=GROUP)
    assert (own / "thesis.tex").exists()
