"""An update of the data directory keeps user-provided files, and completes an interrupted one."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from installer.data_directory import templates
from installer.data_directory.templates import Action, TemplateFile
from installer.setup import data_directory
from installer.setup.data_directory import create, plan_update, update
from runtime.base import files
from runtime.base.paths import Paths, Side
from runtime.config import settings
from runtime.config.sections import PublicSettings
from runtime.config.settings import Settings
from tests.support.builders.data_directory import SETTINGS, git, tree
from tests.support.interrupt import Interrupt

pytestmark = pytest.mark.processes

CHANGED = replace(SETTINGS, public=PublicSettings(http_port=8080))
GROUP = os.getgid()
IGNORED = {"conf/secrets.yaml"}


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
    assert "index.lock" in explanation
    assert settings.load(made.settings) == CHANGED
