from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from installer.cli.main import app
from installer.terminal.progress import ProgressLines
from installer.uninstall import run
from installer.uninstall.run import UninstallPlan, finish, plan_unfinished_purge, unused_images
from runtime.base.constants import LABEL_INSTANCE
from runtime.base.paths import Paths
from runtime.docker.images import HAPROXY
from tests.support.builders.uninstall import PLAN
from tests.support.interrupt import Interrupt


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
