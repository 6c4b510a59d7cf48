"""What is refused says what to do."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from installer.applications.target import Target
from installer.host import ports
from installer.metrics import influxdb
from installer.services import catalogue
from installer.services.postgres import upgrade_job
from installer.services.postgres.data_folder import Place
from installer.services.postgres.server import Server
from installer.services.postgres.upgrade_job import Job
from installer.services.registry_docker import gc
from runtime.base import command
from runtime.base.command import Result
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, Side
from tests.support.builders.runtime import application, web
from tests.unit.installer.services.conftest import SETTINGS

# Of a cluster it takes no more than how the instance is called.
CLUSTER: Any = SimpleNamespace(settings=SETTINGS)


def answering(monkeypatch: pytest.MonkeyPatch, code: int, out: str, err: str = "") -> None:
    monkeypatch.setattr(command, "run", lambda argv, **_: Result(tuple(argv), code, out, err))


@pytest.mark.parametrize(
    ("out", "err", "told"),
    [
        ("", "Failed to connect to http://localhost:8086\n", "InfluxDB gave no answer: Failed to connect to "),
        ('{"results": [{"error": "no such user"}]}', "", "InfluxDB refused a query: no such user. "),
    ],
)
def test_influxdb(monkeypatch: pytest.MonkeyPatch, out: str, err: str, told: str) -> None:
    monkeypatch.setattr(influxdb, "_container", lambda _: "shoestring_influxdb-application-1")
    answering(monkeypatch, 1, out, err)
    with pytest.raises(ShoestringError, match=re.escape(told)) as error:
        influxdb.ask(CLUSTER, "SHOW DATABASES")
    assert re.search(r"docker (logs|restart) shoestring_influxdb-application-1$", str(error.value))


def test_a_collection_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, 1, "", "first\nsecond\n")
    inspected = {"Config": {}, "Id": "1", "Image": "registry"}
    with pytest.raises(ShoestringError, match="Try again: shoestring registry gc\nfirst\nsecond"):
        gc._run(CLUSTER, inspected)


def test_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, 3, "", "ERROR:  permission denied\n")
    with pytest.raises(ShoestringError, match=r"permission denied\. Mend that, .*: shoestring postgres psql shop$"):
        Server("shoestring_postgres-application-1", "postgres").ask("SELECT 1;", "shop")


def test_a_disk_without_room_for_an_upgrade() -> None:
    found = application("postgres", web("a.example.com"), Side.INTERNAL)
    place = Place(Target(found, "application", "postgres:15"), (), "", "", Path("/data/15"))
    with pytest.raises(ShoestringError, match=r"Nothing was changed\. .*docker system df"):
        upgrade_job.require_room(Job(place, 15, 17, "postgres:17", (), 10**9, 10**8))


def test_a_port_that_is_taken(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "can_bind", lambda *_: False)
    with pytest.raises(ShoestringError, match=r"\(ss -ltnp sport = :5432\), stop it or give it another port"):
        catalogue.load()["postgres"].prepare(paths, SETTINGS)
