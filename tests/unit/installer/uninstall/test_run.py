from __future__ import annotations

import io
import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pexpect
import pytest
from typer.testing import CliRunner

from installer.cli.main import app
from installer.host.timers import instances
from installer.terminal.confirm import confirm_by_typing, confirmed
from installer.terminal.progress import ProgressLines
from installer.uninstall import run
from installer.uninstall.json_results import UninstallJson
from installer.uninstall.report import uninstall_lines
from installer.uninstall.run import PACKAGE_HINT, UninstallPlan, finish, plan_unfinished_purge, unused_images
from runtime.base.constants import LABEL_INSTANCE
from runtime.base.errors import UsageError
from runtime.base.paths import Paths
from runtime.docker.images import HAPROXY
from runtime.output.encoder import result_json
from tests.support.builders.uninstall import PLAN
from tests.support.interrupt import Interrupt


def test_uninstall_lines() -> None:
    assert uninstall_lines(PLAN) == [
        "  -  timer       shoestring.service",
        "  -  containers  blog",
        "  -  network     shoestring_main",
        "  -  container   0123456789ab, left by a command",
        "  -  image       localhost/shoestring/haproxy:1",
        "  -  VPN         wg0, its interface and its file in /etc/wireguard",
        "  -  firewall    its table in nftables, and its unit",
        "  -  swap        that Shoestring added",
        "  ~  Docker      /etc/docker/daemon.json: restored",
        "  -  default     data directory of commands, in /etc/shoestring",
        "  The data directory stays: /srv/shoestring (add --purge to delete it).",
        f"  {PACKAGE_HINT}",
    ]


def test_uninstall_lines_of_several_vpn_interfaces() -> None:
    two = replace(PLAN, vpn=("wg0", "wg1"))
    lines = uninstall_lines(two)
    for name in two.vpn:
        assert f"  -  VPN         {name}, its interface and its file in /etc/wireguard" in lines
    found = [UninstallJson.of(replace(PLAN, vpn=names)).vpn for names in (two.vpn, ("wg0",), ())]
    assert found == ["wg0, wg1", "wg0", ""]


def test_uninstall_lines_of_purge() -> None:
    lines = uninstall_lines(replace(PLAN, purge=True, volumes=("shoestring_blog_pages",)))
    assert "  -  volume      shoestring_blog_pages" in lines
    assert "  -  data        /srv/shoestring with all data" in lines
    assert not any("stays" in line for line in lines)


def test_uninstall_lines_of_other_instances_and_cron() -> None:
    lines = uninstall_lines(replace(PLAN, others=("demo",), cron=(Path("/etc/cron.d/shoestring"),)))
    assert "  Images, swap and Docker's settings stay, because other instances use this host: demo." in lines
    assert any("lines from /etc/cron.d/shoestring." in line for line in lines)
    answer = json.loads(result_json(UninstallJson.of(replace(PLAN, cron=(Path("/etc/cron.d/shoestring"),)))))
    assert answer["cron"] == ["/etc/cron.d/shoestring"]


def test_uninstall_json() -> None:
    answer = json.loads(result_json(UninstallJson.of(PLAN)))
    assert answer["changes"] == [
        {"kind": "remove", "name": "blog"},
        {"kind": "remove-network", "name": "shoestring_main"},
    ]
    assert (answer["version"], answer["directory"], answer["images"]) == (2, "/srv/shoestring", list(PLAN.images))


def test_unused_images_leave_out_used_and_other_images() -> None:
    listed = [
        {"Id": "base", "Created": 1, "RepoTags": ["localhost/shoestring/base:1"]},
        {"Id": "built", "Created": 2, "RepoTags": ["localhost/shoestring/haproxy:1", "mine:1"]},
        {"Id": "pulled", "Created": 9, "RepoTags": [HAPROXY.reference]},
        {"Id": "used", "Created": 5, "RepoTags": ["localhost/shoestring/busybox:1"]},
        {"Id": "theirs", "Created": 6, "RepoTags": ["postgres:17"]},
        {"Id": "untagged", "Created": 7, "RepoTags": None},
    ]
    containers = [
        {"ImageID": "built", "Labels": {LABEL_INSTANCE: "shoestring"}},
        {"ImageID": "used", "Labels": None},
    ]
    assert list(unused_images(listed, containers, "shoestring")) == [
        HAPROXY.reference,
        "localhost/shoestring/haproxy:1",
        "localhost/shoestring/base:1",
    ]


PARTS = ("conf/secrets.yaml", "conf/wireguard/server.key", "data/postgres/18/base/1", "generated/core.compose.yaml")


def fill(paths: Paths, record: Path) -> Path:
    """Fill a data directory with one file of each part and set it as the default; return the default's file."""
    for name in ("conf/shoestring.yaml", *PARTS):
        file = paths.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    record.parent.mkdir(exist_ok=True)
    record.write_text(f"{paths.root}\n")
    return record


@pytest.fixture
def recorded(paths: Paths, tmp_path: Path) -> Path:
    """The file with the default data directory, for a filled data directory."""
    return fill(paths, tmp_path / "etc" / "data-directory")


def purge_of(paths: Paths) -> UninstallPlan:
    return replace(PLAN, directory=paths.root, purge=True)


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "refused"])
def test_finish_interrupted_purge(
    paths: Paths, recorded: Path, tmp_path: Path, interrupted: Interrupt, kill: bool
) -> None:
    step, cut_off = 0, True
    while cut_off:
        step += 1
        fill(paths, recorded)
        cut_off = interrupted(lambda: finish(purge_of(paths), ProgressLines(io.StringIO()), recorded), step, kill)
        if (paths.data / "postgres").exists():
            assert paths.secrets.exists(), "passwords are removed after the data"
        if paths.root.exists():
            assert recorded.exists(), "without it the rest would not be found"

        again = purge_of(paths) if paths.settings.exists() else plan_unfinished_purge(None, recorded, tmp_path)
        if again:
            finish(again, ProgressLines(io.StringIO()), recorded)
        assert (paths.root.exists(), recorded.exists()) == (False, False)
    assert step > len(PARTS)


def test_plan_unfinished_purge_only_without_settings_and_data(paths: Paths, recorded: Path, tmp_path: Path) -> None:
    # The settings exist.
    assert plan_unfinished_purge(None, recorded, tmp_path) is None
    paths.settings.unlink()
    # The data exist.
    assert plan_unfinished_purge(None, recorded, tmp_path) is None
    for each in paths.root.iterdir():
        shutil.rmtree(each)
    found = plan_unfinished_purge(None, recorded, tmp_path)
    assert found
    assert (found.is_default, found.purge, found.directory, found.units) == (True, True, paths.root, ())
    assert plan_unfinished_purge(paths.root, recorded, tmp_path) == found
    # Another directory, and no default data directory.
    assert plan_unfinished_purge(tmp_path / "other", recorded, tmp_path) is None
    assert plan_unfinished_purge(paths.root, tmp_path / "none", tmp_path) is None
    # The disk is not mounted: the units exist.
    (tmp_path / "shoestring.service").write_text(f'RequiresMountsFor="{paths.root}"\n')
    assert plan_unfinished_purge(None, recorded, tmp_path) is None


@pytest.mark.parametrize("option", ["--confirm", "--name"])
def test_uninstall_of_unfinished_purge_needs_no_engine(
    option: str, paths: Paths, recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in paths.root.iterdir():
        shutil.rmtree(each)
    monkeypatch.setattr(
        run, "plan_unfinished_purge", lambda argument: plan_unfinished_purge(argument, recorded, tmp_path)
    )
    monkeypatch.setattr(run, "finish", lambda wanted, lines: finish(wanted, lines, recorded))
    root = str(paths.root)
    result = CliRunner().invoke(app, ["uninstall", "--data-directory", root, "--purge", "--yes", option, root])
    assert result.exit_code == 0, result.output
    assert f"✓ data directory          {root} removed" in result.output
    assert (paths.root.exists(), recorded.exists()) == (False, False)


def test_instances_by_units(tmp_path: Path) -> None:
    for name in ("shoestring-watchdog.service", "shoestring-watchdog@demo.service", "shoestring-watchdog.timer"):
        (tmp_path / name).write_text("")
    assert instances(tmp_path) == {"shoestring", "demo"}


def test_confirmed_without_terminal_needs_yes() -> None:
    assert confirmed("Remove?", yes=True)
    with pytest.raises(UsageError, match="--yes"):
        confirmed("Remove?", yes=False)
    with pytest.raises(UsageError, match="--yes"):
        confirmed("Remove?", yes=False, json=True)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("keys", "printed"),
    [("/srv/a", "Continued"), (" /srv/a ", "Continued"), ("/srv", "That is not /srv/a"), ("", "not /srv/a")],
)
def test_confirm_by_typing_at_terminal(keys: str, printed: str) -> None:
    """A permanent removal is not confirmed by one key."""
    program = (
        "from installer.terminal.confirm import confirm_by_typing; "
        "confirm_by_typing('Type the path', '/srv/a'); print('Continued.')"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    terminal = pexpect.spawn(sys.executable, ["-c", program], env=environment, encoding="utf-8", timeout=30)
    terminal.expect_exact("Type the path: ")
    terminal.sendline(keys)
    terminal.expect_exact(printed)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert (terminal.exitstatus == 0) is (printed == "Continued")


def test_confirm_by_typing_with_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    confirm_by_typing("Type it", "/srv/a", "/srv/a")
    for given in ("", "/srv", "/srv/a/"):
        with pytest.raises(UsageError, match="nothing was removed"):
            confirm_by_typing("Type it", "/srv/a", given)
