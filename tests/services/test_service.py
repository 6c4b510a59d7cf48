"""`shoestring service`, and setup with services, on a real engine: with services of the test."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from installer.services import catalogue
from installer.terminal.progress import ProgressLines
from installer.uninstall import run
from runtime.base import files
from runtime.base.errors import ExitCode
from runtime.base.paths import Paths, Side
from runtime.config import secrets, settings
from runtime.context.cluster import open_cluster
from runtime.reconcile import operations
from tests.support.builders.services import FRONT, STORE
from tests.support.engine import LOOPBACK, Instance, free_port, new_settings, tcp_echo
from tests.support.services.own_services import CLI, OWNER, SECONDS, Services, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tools: str) -> tuple[Path, int]:
    """Two services: front needs store, which has a TCP port."""
    made, tcp = tmp_path_factory.mktemp("services"), free_port()
    write(made, "store", STORE, tools, "cat /etc/store/store.conf >/data/seen; echo $$PASSWORD >/data/password;", tcp)
    write(made, "front", FRONT, tools, "")
    (made / "store" / "conf").mkdir()
    (made / "store" / "conf" / "store.conf.setup.j2").write_text("for {{ settings.domain }}\n")
    return made, tcp


@pytest.fixture
def services(folder: tuple[Path, int], tmp_path: Path) -> Iterator[Services]:
    instance = Instance(tmp_path / "data-directory", new_settings())
    try:
        assert instance.start().ok
        yield Services(folder[0], instance, folder[1])
    finally:
        instance.close()


def test_add_and_remove_with_requirements(services: Services) -> None:
    paths = services.paths
    assert services.states() == {"front": "absent", "store": "absent"}
    before = services.instance.containers()

    said = services.run("service", "add", "front", "--yes")
    values = secrets.load(paths.secrets)
    assert "+  service  Store, 60 MB: keeps things\n" in said
    assert "    password: STORE_PASSWORD in conf/secrets.yaml\n" in said
    assert not {values[name] for name in ("STORE_PASSWORD", "STORE_READER") if values[name] in said}
    assert f"http://store.internal.example.test:{services.instance.settings.internal.http_port}\n" in said  # type: ignore[union-attr]
    assert "store\n" in services.instance.wait("store.internal.example.test", side=Side.INTERNAL).body
    assert tcp_echo(services.tcp, b"hello") == b"hello"
    assert (paths.data / "store" / "seen").read_text() == "for example.test\n"
    assert (paths.data / "store" / "password").read_text() == f"{values['STORE_PASSWORD']}\n"
    assert (paths.data / "store" / "seen").stat().st_uid == OWNER
    assert services.states() == {"front": "running", "store": "running"}

    running = services.instance.containers()
    again = services.run("service", "add", "front", "--yes")
    assert "Nothing to do: everything runs as configured." in again
    assert values["STORE_PASSWORD"] not in again
    assert services.instance.containers() == running
    assert secrets.load(paths.secrets) == values

    assert "Front needs it. Remove front too, or first." in services.run(
        "service", "remove", "store", "--yes", code=ExitCode.USAGE
    )
    # All applications of the internal side at once: the command is the confirmation.
    services.run("service", "remove", "store", "front", "--yes")
    assert services.states() == {"front": "absent", "store": "absent"}
    assert set(services.instance.containers()) == set(before)
    assert (paths.data / "store" / "password").exists()
    assert secrets.load(paths.secrets) == values

    services.run("service", "add", "store", "--yes")
    assert (paths.data / "store" / "password").read_text() == f"{values['STORE_PASSWORD']}\n"


def test_remove_purge(services: Services) -> None:
    paths = services.paths
    said = services.at_terminal("service", "add", "store", "--yes")
    assert f"    STORE_PASSWORD  {secrets.load(paths.secrets)['STORE_PASSWORD']}\r\n" in said
    file = catalogue.application_file(paths, "store")
    file.write_text(file.read_text() + "# a change of mine\n")
    refused = services.run("service", "remove", "store", "--purge", "--yes", code=ExitCode.USAGE)
    assert "That is not store; nothing was removed." in refused
    assert file.exists()
    said = services.run("service", "remove", "store", "--purge", "--yes", "--json", "--confirm", "store")
    # What is deleted is not listed as kept.
    assert "file removed; its containers are removed" in said
    assert json.loads(said)["kept"] == []
    assert json.loads(said)["services"] == ["store"]
    assert not (paths.data / "store").exists()
    assert not (paths.conf / "store").exists()
    assert secrets.load(paths.secrets) == {}
    assert "Nothing to do: it was not added." in services.run("service", "remove", "store", "--purge")
    # The history has the user's changes, so that they are not lost.
    history = subprocess.run(
        ("git", "-c", "safe.directory=*", "-C", str(paths.conf), "log", "-p"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "# a change of mine" in history
    assert "Removed for good: store" in history


def test_add_dry_run_and_json(services: Services) -> None:
    text = services.paths.settings.read_text()
    plan = json.loads(services.run("service", "add", "front", "--dry-run", "--json"))
    assert [each["name"] for each in plan["services"]] == ["store", "front"]
    assert plan["secrets"] == ["STORE_PASSWORD", "STORE_READER"]
    assert plan["shown"] == {}
    assert "conf/applications-internal/store.yaml" in services.run("service", "add", "front", "--dry-run")
    assert "Add --yes to confirm" in services.run("service", "add", "front", code=ExitCode.USAGE)
    assert "did you mean front?" in services.run("service", "add", "frnt", code=ExitCode.USAGE)
    assert services.paths.settings.read_text() == text
    assert services.states() == {"front": "absent", "store": "absent"}
    done = json.loads(services.run("service", "add", "store", "--yes", "--json"))
    assert done["ok"] is True
    assert done["shown"] == {"STORE_PASSWORD": secrets.load(services.paths.secrets)["STORE_PASSWORD"]}


def test_add_without_memory_unless_forced(services: Services) -> None:
    large = services.folder / "large"
    write(services.folder, "large", "title: Large\nabout: too much\nmemory: 100000000\n", "busybox:1.37", "")
    try:
        refused = services.run("service", "add", "large", "--dry-run", code=ExitCode.FAILED)
        assert "Large needs 100000000 MB" in refused
        assert "To add it anyway: --force" in refused
        services.run("service", "add", "large", "--dry-run", "--force")
    finally:
        for file in large.iterdir():
            file.unlink()
        large.rmdir()


def test_add_image_not_available(services: Services) -> None:
    # A registry that does not answer, at a closed port.
    gone = f"{LOOPBACK}:{free_port()}/gone:1"
    write(services.folder, "gone", "title: Gone\nabout: none\nmemory: 1\n", gone, "")
    try:
        services.run("service", "add", "gone", "--yes", code=ExitCode.FAILED)
        assert not catalogue.application_file(services.paths, "gone").exists()
    finally:
        for file in (services.folder / "gone").iterdir():
            file.unlink()
        (services.folder / "gone").rmdir()


def test_add_and_remove_while_stopped(services: Services) -> None:
    assert operations.stop(services.instance.cluster, timeout=60).ok
    said = services.run("service", "add", "store", "--yes")
    assert f"Start it with: shoestring start --data-directory {services.paths.root}" in said
    assert services.instance.containers() == {}
    services.run("service", "remove", "store", "--yes")
    assert not catalogue.application_file(services.paths, "store").exists()
    assert services.instance.containers() == {}


def test_add_while_another_command_runs(services: Services) -> None:
    with files.lock(services.instance.cluster.run.lock):
        said = services.run("service", "add", "store", "--yes", "--timeout", "0.2", code=ExitCode.LOCKED)
    assert "Another command is running" in said
    assert not catalogue.application_file(services.paths, "store").exists()


def test_setup_answers_with_services(folder: tuple[Path, int], tmp_path: Path) -> None:
    paths = Paths(tmp_path / "srv" / new_settings().instance)
    answers = tmp_path / "answers.yaml"
    answers.write_text(
        "domain: example.test\nemail: ops@example.test\nimages: {source: local}\nservices: [front]\n"
        f"public: {{address: {LOOPBACK}, http_port: {free_port()}, https_port: {free_port()}}}\n"
        f"internal: {{http_port: {free_port()}, tls: none}}\n"
    )
    command = (
        *(sys.executable, "-c", CLI, str(folder[0]), "setup", "--answers", str(answers), "--no-record", "--yes"),
        *("--no-timers", "--no-swap", "--no-log-rotation", "--no-firewall", "--data-directory", str(paths.root)),
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environment, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        password = secrets.load(paths.secrets)["STORE_PASSWORD"]
        assert "  +  service         Store, 60 MB: keeps things\n" in done.stdout
        assert "    password: STORE_PASSWORD in conf/secrets.yaml\n" in done.stdout
        assert password not in done.stdout + done.stderr
        assert (paths.data / "store" / "password").read_text() == f"{password}\n"
        assert "services" not in settings.load(paths.settings).__dict__
        again = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environment, check=False)
        assert again.returncode == 0, again.stdout + again.stderr
        assert "Nothing changes in the files." in again.stdout
        assert password not in again.stdout
    finally:
        if paths.settings.exists():
            cluster = open_cluster(paths)
            with contextlib.closing(cluster.client):
                wanted = run.plan(cluster, purge=True, default_file=tmp_path / "record")
                # What other instances on this host may use is kept.
                wanted = replace(wanted, images=(), swap=False, daemon="")
                run.apply(cluster, wanted, ProgressLines(StringIO()), tmp_path / "record")
    # Also folders of other users.
    assert not paths.root.exists()
