"""An upgrade of Postgres between two real major versions: all data, or the old version unchanged."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime.docker.images import POSTGRES
from tests.support.deploy.stand import git, killed_at
from tests.support.engine import until
from tests.support.services.postgres_stand import NEW, OLD
from tests.support.services.postgres_upgrade_stand import Stage, open_old_version

if TYPE_CHECKING:
    from docker import DockerClient

ROOT = Path(__file__).parents[2]
CLI = "from installer.cli.main import main; main()"
UPGRADE = ("postgres", "upgrade", str(NEW), "--image", POSTGRES.reference, "--yes")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, client: DockerClient) -> Iterator[Stage]:
    with open_old_version(tmp_path_factory.mktemp("upgrade"), client) as opened:
        yield opened


@pytest.fixture
def begun(stage: Stage) -> Stage:
    stage.begin()
    return stage


def test_upgrade_moves_all_data(begun: Stage) -> None:
    site = begun.site
    anna = {"user": "Anna%20B", "password": "anna", "url": f"postgres://Anna%20B@{site.address}:5432/odd%20name"}
    planned = site.answer(*UPGRADE[:-1], "--dry-run")
    assert (planned["before"], planned["after"], planned["image"]) == (OLD, NEW, POSTGRES.reference)
    assert begun.site.file.read_text() == begun.text

    upgraded = site.command(*UPGRADE).out

    assert begun.version() == NEW
    assert begun.facts_now() == begun.facts
    assert site.client("SELECT 1", **anna).stdout == "1\n"
    assert site.client("SELECT 1", password=site.secrets["POSTGRES_PASSWORD"]).stdout == "1\n"
    assert site.client("SELECT 1", user="shop", password=site.secrets["SHOP_DATABASE_PASSWORD"]).stdout == "1\n"
    # The file, and no other character of it.
    before, after = begun.text.splitlines(), site.file.read_text().splitlines()
    changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert [new.strip() for _, new in changed] == [
        f"image: {POSTGRES.reference}",
        f"- ${{DATA_BASE_PATH}}/postgres/{NEW}:/var/lib/postgresql/data",
    ]
    assert git(site.instance, "log", "-1", "--format=%s").strip() == f"Postgres: from version {OLD} to {NEW}"
    assert git(site.instance, "status", "--porcelain", "--", "applications-internal") == ""
    # Only the old data is left over, and nothing is left to do.
    assert begun.left() == [str(NEW)]
    assert (site.folder / str(OLD) / "PG_VERSION").read_text() == f"{OLD}\n"
    assert site.answer("plan")["changes"] == []
    assert f"shoestring postgres prune {OLD} --data-directory {site.instance.paths.root}" in upgraded
    assert upgraded.count("✓ restored") == 5
    assert "already runs" in site.command(*UPGRADE).out
    assert site.run("postgres", "upgrade", str(OLD), "--yes").code == 2
    assert site.sql("SELECT count(*) FROM pg_stats WHERE tablename = 'orders'", "shop") != "0"


def test_prune_old_data(begun: Stage) -> None:
    site = begun.site
    assert "Postgres uses" in site.run("postgres", "prune", str(OLD), "--yes").err
    assert site.run("postgres", "prune", "../haproxy-public-ssl", "--yes").code == 2
    site.command(*UPGRADE)
    prune = ("postgres", "prune", str(OLD))
    would = site.answer(*prune, "--dry-run")
    assert (would["folder"], would["removed"]) == (str(site.folder / str(OLD)), False)
    assert (site.folder / str(OLD)).exists()
    for refused in (site.run(*prune), site.run(*prune, "--json")):
        assert (refused.code, "Add --yes to confirm" in refused.err) == (2, True)
    # Killed in the middle, it is completed by the next call.
    assert killed_at(site.instance, "postgres-emptied", *prune, "--yes").code == -signal.SIGKILL
    assert [each.name for each in (site.folder / str(OLD)).iterdir()] == ["PG_VERSION"]
    assert site.answer(*prune, "--yes")["removed"] is True
    assert [each.name for each in site.folder.iterdir()] == [str(NEW)]
    assert "nothing to prune" in site.run("postgres", "prune", str(OLD), "--yes").err


def test_upgrade_while_client_writes(begun: Stage) -> None:
    site = begun.site
    site.sql("CREATE TABLE written (n int PRIMARY KEY)", "shop")
    acknowledged: list[int] = []
    over = threading.Event()
    password = site.secrets["POSTGRES_PASSWORD"]

    def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            sql = f"INSERT INTO written VALUES ({number}) RETURNING n"  # noqa: S608 - a number
            url = f"postgres://postgres@{site.address}:5432/shop"
            if site.client(sql, url=url, password=password).stdout.split()[:1] == [str(number)]:
                acknowledged.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        until(lambda: len(acknowledged), lambda count: count > 2)
        upgraded = site.run(*UPGRADE)
    finally:
        over.set()
        writer.join()
    assert upgraded.code == 0, upgraded.err
    assert begun.version() == NEW
    there = {int(number) for number in site.sql("SELECT n FROM written", "shop").split()}
    assert set(acknowledged) <= there
    assert len(there - set(acknowledged)) <= 1


def test_upgrade_holds_lock(begun: Stage) -> None:
    site = begun.site
    root = str(site.instance.paths.root)
    argv = (sys.executable, "-u", "-c", CLI, *UPGRADE, "--data-directory", root)
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout
    with process:
        for line in process.stdout:
            if "✓ roles" in line:
                watchdog = (sys.executable, "-m", "runtime", "--data-directory", root, "watchdog")
                held = subprocess.run(watchdog, cwd=ROOT, check=False, capture_output=True, text=True)
                assert "Nothing done. Another command is running" in held.stdout
                assert site.run("start", "--timeout", "0").code == 3
                break
        else:
            raise AssertionError("the upgrade never reached the roles")
        process.stdout.read()
    assert process.returncode == 0
    assert begun.version() == NEW


def test_upgrade_missing_rows(begun: Stage) -> None:
    """pg_dump leaves the rows of an extension's own tables out."""
    begun.site.sql("CREATE TABLE lost AS SELECT 1 AS n; ALTER EXTENSION pg_trgm ADD TABLE lost", "shop")
    refused = begun.site.run(*UPGRADE)
    assert refused.code == 1
    assert "does not have what the old one has" in refused.err
    assert "shop: rows of public.lost: 1 before, none now" in refused.err
    assert "serves as before" in refused.err
    begun.assert_as_before()


def test_upgrade_unreadable_table(begun: Stage) -> None:
    path = begun.site.sql("CHECKPOINT; SELECT pg_relation_filepath('archive.parts_old')", "shop")
    begun.end()
    with (begun.site.folder / str(OLD) / path).open("r+b") as file:
        file.write(b"\xff" * 8192)
    begun.start()
    refused = begun.site.run(*UPGRADE)
    assert refused.code == 1
    assert "The database shop could not be read" in refused.err
    assert "invalid page" in refused.err
    assert begun.version() == OLD
    assert begun.left() == []
    begun.site.wait()


def test_upgrade_dump_cannot_be_restored(begun: Stage) -> None:
    """A check constraint that queries another table, which is not restored yet: a known limit of dumps."""
    begun.site.sql(
        "CREATE TABLE z (n int); INSERT INTO z VALUES (1);"
        "CREATE FUNCTION known(int) RETURNS boolean LANGUAGE sql "
        "AS 'SELECT EXISTS (SELECT FROM public.z WHERE n = $1)';"
        "CREATE TABLE a (n int CHECK (known(n))); INSERT INTO a VALUES (1)",
        "empty",
    )
    refused = begun.site.run(*UPGRADE)
    assert "The database empty could not be restored" in refused.err
    assert "violates check constraint" in refused.err
    begun.assert_as_before()


def test_upgrade_new_version_does_not_start(stage: Stage) -> None:
    stage.begin(
        stage.text.replace("      - -cjit=off\n", "      - -cjit=off\n      - -cvacuum_defer_cleanup_age=0\n")
    )
    refused = stage.site.run(*UPGRADE)
    assert "does not start" in refused.err
    assert "vacuum_defer_cleanup_age" in refused.err
    assert stage.version() == OLD
    assert stage.left() == []


def test_upgrade_new_version_unhealthy(stage: Stage) -> None:
    check = f"[CMD-SHELL, 'postgres --version | grep -q \" {OLD}[.]\"']"
    old = "[CMD, pg_isready, --quiet, --host=127.0.0.1, --username=postgres]"
    text = stage.text.replace(old, check).replace("start_period: 60s", "")
    assert text.count("grep") == 1
    stage.begin(text)
    refused = stage.site.run(*UPGRADE)
    assert refused.code == 1
    assert f"Version {OLD} serves again" in refused.out
    assert stage.version() == OLD
    assert stage.site.file.read_text() == text
    assert stage.left() == [f"{NEW}.failed"]
    stage.site.wait()
    assert stage.facts_now() == stage.facts
    stage.site.command("postgres", "prune", f"{NEW}.failed", "--yes")


def test_upgrade_without_disk_space(stage: Stage) -> None:
    stage.begin()
    stage.end()
    folder = stage.site.folder
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", folder), check=True)
    try:
        subprocess.run(("cp", "-a", "--no-target-directory", stage.saved, folder), check=True)
        stage.start()
        for option in ("--yes", "--dry-run"):
            refused = stage.site.run(*UPGRADE[:-1], option)
            assert refused.code == 1
            assert "MB free, and the upgrade needs" in refused.err
        stage.assert_as_before()
    finally:
        stage.end()
        subprocess.run(("umount", folder), check=True)


def test_upgrade_existing_data_of_new_version(begun: Stage) -> None:
    other = begun.site.folder / str(NEW)
    other.mkdir()
    (other / "PG_VERSION").write_text(f"{NEW}\n")
    refused = begun.site.run(*UPGRADE)
    prune = f"shoestring postgres prune {NEW} --data-directory {begun.site.instance.paths.root}"
    assert (
        f"already has data, from an earlier time; nothing was changed. If you do not need them: {prune}"
        in refused.err
    )
    assert (other / "PG_VERSION").exists()
    begun.site.command("postgres", "prune", str(NEW), "--yes")
    begun.assert_as_before()


def test_upgrade_image_of_another_version(begun: Stage) -> None:
    refused = begun.site.run("postgres", "upgrade", "16", "--image", POSTGRES.reference, "--yes")
    assert (refused.code, f"has version {NEW}, not 16" in refused.err) == (2, True)
    assert "so name the image of version 16" in begun.site.run("postgres", "upgrade", "16", "--yes").err
    begun.assert_as_before()


OLD_AFTER = ("begun", "apart", "started", "database-3", "restored", "compared", "stopped", "moved")


@pytest.mark.parametrize("point", OLD_AFTER)
def test_upgrade_killed_before_file_is_written(begun: Stage, point: str) -> None:
    assert killed_at(begun.site.instance, f"postgres-{point}", *UPGRADE).code == -signal.SIGKILL
    begun.start()
    assert begun.version() == OLD
    assert begun.site.file.read_text() == begun.text
    begun.site.wait()
    assert begun.site.sql("SELECT count(*) FROM orders", "shop") == "20000"
    assert not [name for name in begun.site.instance.containers() if "upgrade" in name]
    assert begun.site.answer("plan")["changes"] == []
    # And the next upgrade succeeds, whatever is left over.
    begun.site.command(*UPGRADE)
    assert begun.version() == NEW
    assert begun.facts_now() == begun.facts
    assert begun.left() == [str(NEW)]


@pytest.mark.parametrize("point", ["edited", "applied"])
def test_upgrade_killed_after_file_is_written(begun: Stage, point: str) -> None:
    assert killed_at(begun.site.instance, f"postgres-{point}", *UPGRADE).code == -signal.SIGKILL
    begun.start()
    assert begun.version() == NEW
    assert begun.facts_now() == begun.facts
    assert begun.left() == [str(NEW)]
