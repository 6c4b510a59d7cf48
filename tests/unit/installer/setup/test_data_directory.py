"""The data directory is created completely or not at all, and user-provided files are kept."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from installer.data_directory import staging, templates
from installer.data_directory.templates import Action, TemplateFile
from installer.setup import data_directory
from installer.setup.data_directory import create, plan_update, update
from runtime.base import files
from runtime.base.paths import Paths, Side
from runtime.certificates.store import private_ca
from runtime.config import settings
from runtime.config.sections import InternalSettings, InternalTls, PublicSettings
from runtime.config.settings import Settings
from tests.support.interrupt import Interrupt

pytestmark = pytest.mark.processes

SETTINGS = Settings(domain="example.com", email="a@example.com")
CHANGED = replace(SETTINGS, public=PublicSettings(http_port=8080))
GROUP = os.getgid()
IGNORED = {"conf/secrets.yaml"}


def git(paths: Paths, *arguments: str) -> str:
    return subprocess.run(
        ("git", "-c", "safe.directory=*", "-C", str(paths.conf), *arguments),
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def tree(root: Path) -> dict[str, tuple[str, bytes]]:
    """Return mode and content of all files and folders, without git's own."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if not name.startswith("conf/.git/"):
            found[name] = (stat.filemode(path.stat().st_mode), path.read_bytes() if path.is_file() else b"")
    return found


@pytest.fixture
def made(target: Path) -> Paths:
    paths = Paths(target)
    create(paths, SETTINGS, proxy_group=GROUP)
    return paths


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
        InternalSettings(tls=InternalTls.DNS_01),
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


def test_remove_leftovers_keeps_directory_of_running_process(target: Path) -> None:
    with staging.staged(target) as content:
        content.mkdir()
        assert staging.remove_leftovers(target) == ()
        assert content.is_dir()


def test_create_keeps_similar_directory_of_user(target: Path) -> None:
    own = target.parent / f"{staging.prefix(target)}backup"
    own.mkdir()
    (own / "thesis.tex").touch()
    create(Paths(target), SETTINGS, proxy_group=GROUP)
    assert (own / "thesis.tex").exists()


def rerun(paths: Paths, wanted: Settings) -> data_directory.DirectoryUpdate:
    change = plan_update(paths, wanted)
    assert update(paths, change, proxy_group=GROUP) == ""
    return change


def stamps(root: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in root.rglob("*")}


def test_update_without_change_touches_nothing(made: Paths) -> None:
    before = stamps(made.root)
    assert rerun(made, SETTINGS).is_empty
    assert stamps(made.root) == before


def test_update_commits_only_changed_setting(made: Paths) -> None:
    (made.applications(Side.PUBLIC) / "own.yaml").write_text("services: {}\n")
    made.settings.write_text(made.settings.read_text().replace("# Docker networks", "# my networks"))
    rerun(made, CHANGED)
    assert settings.load(made.settings) == CHANGED
    assert "# my networks" in made.settings.read_text()
    assert git(made, "show", "--format=%s", "--name-only").split("\n")[:3] == [
        "Changed by shoestring setup",
        "",
        "shoestring.yaml",
    ]
    assert git(made, "status", "--porcelain") == "?? applications-public/own.yaml\n"


def test_update_keeps_changed_and_deleted_files(made: Paths) -> None:
    template = made.proxy_template(Side.PUBLIC)
    template.write_text("mine\n")
    (made.applications(Side.PUBLIC) / "example.yaml").unlink()
    made.proxy_template(Side.INTERNAL).unlink()
    change = rerun(made, SETTINGS)
    assert [(str(each.path), each.action) for each in change.changes] == [
        ("haproxy-internal/haproxy.cfg.j2", Action.WRITE)
    ]
    assert template.read_text() == "mine\n"
    assert not (made.applications(Side.PUBLIC) / "example.yaml").exists()
    assert git(made, "log", "--format=%s").count("\n") == 1


def test_update_new_version_of_templates(made: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    old = templates.load(SETTINGS)
    new = tuple(TemplateFile(each.path, each.content + b"# a new version\n") for each in old)
    monkeypatch.setattr(templates, "load", lambda *_: new)
    mine, other = made.proxy_template(Side.PUBLIC), made.proxy_template(Side.INTERNAL)
    mine.write_text("mine\n")
    link = made.applications(Side.PUBLIC) / "example.yaml"
    (made.root / "elsewhere.yaml").write_bytes(link.read_bytes())
    link.unlink()
    link.symlink_to(made.root / "elsewhere.yaml")
    change = rerun(made, SETTINGS)
    actions = {str(each.path): each.action for each in change.changes}
    assert actions["haproxy-public/haproxy.cfg.j2.new"] is Action.BESIDE
    assert actions["applications-public/example.yaml.new"] is Action.BESIDE
    assert actions["haproxy-internal/haproxy.cfg.j2"] is Action.UPDATE
    assert mine.read_text() == "mine\n"
    assert mine.with_name("haproxy.cfg.j2.new").read_text().endswith("# a new version\n")
    assert other.read_text().endswith("# a new version\n")
    assert link.is_symlink()
    mine.with_name("haproxy.cfg.j2.new").unlink()
    before = stamps(made.root)
    assert rerun(made, SETTINGS).is_empty, "the new version is offered once"
    assert stamps(made.root) == before


def as_version_0_1_0(paths: Paths) -> None:
    """Give the manifest the name that 0.1.0 gave it, and commit that."""
    git(paths, "mv", ".templates.json", ".shipped.json")
    identity = ("-c", "user.name=root", "-c", "user.email=root@localhost")
    git(paths, *identity, "commit", "--quiet", "--message", "as 0.1.0 has it")


def test_update_data_directory_of_0_1_0(made: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    as_version_0_1_0(made)
    made.proxy_template(Side.PUBLIC).write_text("mine\n")
    new = tuple(TemplateFile(each.path, each.content + b"# a new version\n") for each in templates.load(SETTINGS))
    monkeypatch.setattr(templates, "load", lambda *_: new)
    actions = {str(each.path): each.action for each in rerun(made, SETTINGS).changes}
    assert actions.pop("haproxy-public/haproxy.cfg.j2.new") is Action.BESIDE
    assert set(actions.values()) == {Action.UPDATE}
    assert made.proxy_template(Side.PUBLIC).read_text() == "mine\n"
    assert git(made, "ls-files", ".shipped.json", ".templates.json") == ".templates.json\n"
    assert "json" not in git(made, "status", "--porcelain")


def test_plan_update_unchanged_data_directory_of_0_1_0(made: Paths) -> None:
    as_version_0_1_0(made)
    assert plan_update(made, SETTINGS).is_empty


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "failed"])
def test_update_completes_after_interruption(
    target: Path, interrupted: Interrupt, kill: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = Paths(target)
    real = templates.load
    new = tuple(TemplateFile(each.path, each.content + b"# a new version\n") for each in real(SETTINGS))
    expected: dict[str, tuple[str, bytes]] = {}
    step = 0
    going = True
    while going:
        monkeypatch.setattr(templates, "load", real)
        create(paths, SETTINGS, proxy_group=GROUP)
        paths.proxy_template(Side.PUBLIC).write_text("mine\n")
        (paths.proxy_certificates(Side.PUBLIC) / "invalid.pem").unlink()
        monkeypatch.setattr(templates, "load", lambda *_: new)
        going = interrupted(
            lambda: update(paths, plan_update(paths, CHANGED), proxy_group=GROUP), step := step + 1, kill
        )
        settings.load(paths.settings)
        (paths.conf / ".git" / "index.lock").unlink(missing_ok=True)
        rerun(paths, CHANGED)
        now = {name: each for name, each in tree(target).items() if "invalid" not in name and "/." not in name}
        now = {name: each for name, each in now.items() if not name.rpartition("/")[2].startswith(".haproxy")}
        # Each data directory has its own root.
        now = {name: each for name, each in now.items() if not name.startswith("data/private-ca/")}
        expected = expected or now
        assert now == expected
        assert "haproxy-public" in git(paths, "status", "--porcelain")
        files.remove_tree(target)
    assert step > 10


def test_update_restores_missing_parts(made: Paths) -> None:
    files.remove_tree(made.generated)
    files.remove_tree(made.proxy_certificates(Side.PUBLIC))
    files.remove_tree(made.conf / ".git")
    files.remove_tree(made.applications(Side.INTERNAL))
    made.secrets.unlink()
    rerun(made, SETTINGS)
    assert made.generated.is_dir()
    assert made.applications(Side.INTERNAL).is_dir()
    assert stat.S_IMODE(made.secrets.stat().st_mode) == 0o600
    assert (made.proxy_certificates(Side.PUBLIC) / "invalid.pem.key").exists()
    assert git(made, "status", "--porcelain") == ""


def test_update_reports_failed_commit(made: Paths) -> None:
    (made.conf / ".git" / "index.lock").touch()
    explanation = update(made, plan_update(made, CHANGED), proxy_group=GROUP)
    assert "are made but not committed" in explanation
    assert settings.load(made.settings) == CHANGED
