"""Uninstall one of two instances: all of it is removed, and nothing of the other."""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from installer.data_directory import default_directory
from installer.terminal.progress import ProgressLines
from installer.uninstall import run
from installer.uninstall.run import UninstallPlan
from runtime.base.errors import ExitCode
from runtime.base.paths import Side
from runtime.certificates.acme.container import LABEL as LABEL_TASK
from runtime.reconcile import operations
from tests.support.engine import Instance, new_settings, plain
from tests.support.terminal import spawn

if TYPE_CHECKING:
    from docker import DockerClient

VOLUME = "volumes: {pages: {}}\n"


@pytest.fixture
def other(tmp_path: Path, client: DockerClient, tools: str) -> Iterator[Instance]:
    """Another instance on this host, which serves."""
    made = Instance(tmp_path / "other", new_settings())
    try:
        made.add(Side.PUBLIC, "stays", plain(tools, "stays", "stays.example.test"))
        assert made.start().ok
        made.wait("stays.example.test")
        yield made
    finally:
        made.close()


@pytest.fixture
def used(instance: Instance, tools: str) -> Iterator[Instance]:
    """An instance that serves, with a Docker volume and a container that a killed command left."""
    mount = "    volumes: ['pages:/pages']\n"
    instance.add(Side.PUBLIC, "goes", plain(tools, "goes", "goes.example.test", more=mount) + VOLUME)
    assert instance.start().ok
    instance.wait("goes.example.test")
    client, name = instance.cluster.client, instance.settings.instance
    client.containers.create(tools, ["left"], name=f"{name}_certbot", labels={LABEL_TASK: name})
    try:
        yield instance
    finally:
        for left in client.containers.list(all=True, filters={"label": f"{LABEL_TASK}={name}"}):
            left.remove(force=True)
        operations.stop(instance.cluster, timeout=30)
        for volume in client.volumes.list(filters={"label": f"com.docker.compose.project={name}_goes"}):
            volume.remove(force=True)


def apply(instance: Instance, wanted: UninstallPlan, recorded: Path) -> str:
    out = io.StringIO()
    run.apply(instance.cluster, wanted, ProgressLines(out), recorded)
    return out.getvalue()


def plan_unshared(instance: Instance, recorded: Path) -> UninstallPlan:
    """Plan the removal of the instance, without what it shares with others: they may begin or end at any moment."""
    wanted = run.plan(instance.cluster, purge=False, default_file=recorded)
    return replace(wanted, images=(), swap=False, daemon="")


def left_of(instance: Instance) -> list[str]:
    """Return the names of all objects in Docker that begin with the name of an instance."""
    client = instance.cluster.client
    names = [str(each["Names"][0]).strip("/") for each in client.api.containers(all=True)]
    names += [str(each["Name"]) for each in (*client.api.networks(), *(client.api.volumes()["Volumes"] or ()))]
    return [name for name in names if name.startswith(f"{instance.settings.instance}_")]


def test_uninstall_keeps_data_and_other_instance(used: Instance, other: Instance, tmp_path: Path) -> None:
    recorded = tmp_path / "etc" / "data-directory"
    default_directory.write(used.paths.root, recorded)
    before = other.containers()

    wanted = run.plan(used.cluster, purge=False, default_file=recorded)

    assert other.settings.instance in wanted.others
    assert (wanted.images, wanted.swap, wanted.daemon, wanted.volumes) == ((), False, "", ())
    assert (len(wanted.tasks), wanted.is_default) == (1, True)
    said = apply(used, wanted, recorded)
    assert "✓ containers, networks" in said
    assert left_of(used) == [f"{used.settings.instance}_goes_pages"]
    assert not used.cluster.run.directory.exists()
    assert not recorded.parent.exists()
    assert used.paths.settings.is_file()
    assert other.containers() == before
    assert other.get("stays.example.test").status == 200


def test_uninstall_again(used: Instance, tmp_path: Path) -> None:
    recorded = tmp_path / "etc" / "data-directory"
    apply(used, plan_unshared(used, recorded), recorded)
    again = plan_unshared(used, recorded)
    assert (again.changes, again.tasks, again.units, again.is_default) == ((), (), (), False)
    apply(used, again, recorded)


def test_uninstall_purge(used: Instance, other: Instance, tmp_path: Path) -> None:
    recorded = tmp_path / "etc" / "data-directory"
    (used.paths.root / "mine.txt").write_text("mine")
    wanted = run.plan(used.cluster, purge=True, default_file=recorded)
    assert wanted.volumes == (f"{used.settings.instance}_goes_pages",)
    said = apply(used, wanted, recorded)
    assert left_of(used) == []
    assert [each.name for each in used.paths.root.iterdir()] == ["mine.txt"]
    assert f"removed; other files in {used.paths.root} stay" in said
    assert other.paths.settings.is_file()


def test_uninstall_purge_asks_for_directory(used: Instance, other: Instance) -> None:
    root = str(used.paths.root)
    main = "from installer.cli.main import main; main()"
    argv = (sys.executable, "-c", main, "uninstall", "--purge", "--data-directory", root)
    for typed, code, left in ((str(other.paths.root), ExitCode.USAGE, True), (root, ExitCode.DONE, False)):
        terminal = spawn(argv, 120, columns=200)
        # Of this instance alone: what both share stays with the other.
        terminal.expect_exact(other.settings.instance)
        terminal.expect_exact("Remove all of this?")
        terminal.send("y")
        terminal.expect_exact("Type the path of the data directory: ")
        terminal.sendline(typed)
        terminal.expect(pexpect.EOF)
        terminal.close()
        assert terminal.exitstatus == code, terminal.before
        assert used.paths.settings.exists() is left
        assert bool(left_of(used)) is left
    assert other.get("stays.example.test").status == 200


def test_uninstall_keeps_image_in_use(used: Instance, tmp_path: Path) -> None:
    client, name = used.cluster.client, used.settings.instance
    free, busy = (f"localhost/shoestring-test/{name}:{tag}" for tag in ("free", "busy"))
    for image in (free, busy):
        made = client.api.import_image_from_data(archive(image), *image.rsplit(":", 1))
        assert "errorDetail" not in str(made)
    container = client.containers.create(busy, ["x"], name=f"{name}_busy")
    try:
        recorded = tmp_path / "etc" / "data-directory"
        wanted = replace(plan_unshared(used, recorded), images=(free, busy))
        said = apply(used, wanted, recorded)
        assert not client.images.list(name=free)
        assert client.images.list(name=busy)
        assert f"{busy} stays" in said
    finally:
        container.remove(force=True)
        for image in (free, busy):
            if client.images.list(name=image):
                client.images.remove(image)


def archive(text: str) -> bytes:
    """Return a root file system with one file, of its own content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        item = tarfile.TarInfo("name")
        item.size = len(text)
        tar.addfile(item, io.BytesIO(text.encode()))
    return out.getvalue()


def test_uninstall_refused_with_cron_job(used: Instance, tmp_path: Path) -> None:
    recorded = tmp_path / "etc" / "data-directory"
    before = used.containers()
    wanted = plan_unshared(used, recorded)
    with pytest.raises(Exception, match=r"cron would start everything again.*/etc/cron\.d/mine"):
        apply(used, replace(wanted, cron=(Path("/etc/cron.d/mine"),)), recorded)
    assert used.containers() == before
