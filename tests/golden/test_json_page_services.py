"""Each key that the commands of services answer with stands in docs/json.md, in the section of its command."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from installer.applications.target import ApplicationService
from installer.host.memory import HostMemory
from installer.metrics import page, retention_report
from installer.metrics.figures import FIGURES
from installer.metrics.influxdb import Retention
from installer.services import answers, user_report
from installer.services.add import StartedServices, WrittenServices
from installer.services.htpasswd import HtpasswdFile
from installer.services.plan import ServicePlan
from installer.services.postgres import databases
from installer.services.postgres import report as postgres
from installer.services.postgres.data_folder import DataFolder
from installer.services.postgres.databases import CreatedDatabase, DatabaseAccess
from installer.services.postgres.prune import UnusedData
from installer.services.postgres.upgrade import UpgradeResult
from installer.services.postgres.upgrade_job import UpgradeJob
from installer.services.registry_docker import report as registry_report
from installer.services.registry_docker.gc import CollectedWaste, RegistryWaste
from installer.services.registry_docker.login import RegistryLogin
from installer.services.registry_docker.store import ImageTag, ImageVersion
from installer.services.remove import RemovedServices, ServiceRemoval
from installer.services.status import ServiceStatus
from installer.services.user_store import RegistryUser, UserStore
from runtime.base.paths import Side
from runtime.context.results import Report
from tests.support.builders.runtime import application, web
from tests.support.builders.services import known

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
ENDED = Report(())
KEPT = Retention(30, 365)
LOGIN = RegistryLogin("docker.internal.example.com", "10.12.0.1 docker.internal.example.com", b"root")
VERSION = ImageVersion("team/page", "sha256:1", 1.0)
POINTS = page.window(1_795_000_000.0, hours=6, columns=4)


def keys(answer: Any) -> Iterator[str]:
    """The keys of an answer, and of the objects in its lists."""
    if isinstance(answer, dict):
        yield from answer
    for each in answer.values() if isinstance(answer, dict) else answer if isinstance(answer, list) else ():
        if isinstance(each, (dict, list)):
            yield from keys(each)


def described(command: str) -> set[str]:
    """The keys that the section of a command names, and that of a command which it refers to."""
    (section,) = (each for each in re.split(r"^## ", PAGE, flags=re.M) if command in each.split("\n")[0].split(", "))
    own = {name for code in re.findall(r"`([^`]+)`", section) for name in re.findall(r"[a-z_]+", code)}
    return own.union(*map(described, re.findall(r"\b[Aa]s (start|plan)\b", section)))


def holds(command: str, *answers: str) -> None:
    """Each key of the answers is described, but for `version`, which all answers have."""
    for answer in answers:
        found = json.loads(answer)
        assert found.pop("version") == 2
        assert set(keys(found)) - described(command) == set(), command


def test_a_key_that_is_not_described_is_seen() -> None:
    with pytest.raises(AssertionError, match="nowhere"):
        holds("registry login", json.dumps({"version": 2, "done": [{"nowhere": 1}]}))


def test_the_services(tmp_path: Path) -> None:
    store = known(tmp_path)["store"]
    memory = HostMemory(2, 1)
    holds("service list", answers.list_json((ServiceStatus(store, kept=(Path("/data"),)),), memory))
    # What is in `shown` has names of passwords, so there is none here.
    wanted = ServicePlan((store,), (store,), folders=store.folders)
    holds("service add", answers.add_json(wanted, StartedServices(ENDED), WrittenServices(), {}))
    holds("service remove", answers.removal_json(ServiceRemoval((store,)), RemovedServices(ENDED)))


def test_the_images_of_the_registry() -> None:
    holds(
        "registry list", registry_report.list_json((ImageTag("page", "1", "sha256:1", 7, 1.0),), "docker.example.com")
    )
    holds(
        "registry gc",
        registry_report.waste_json(RegistryWaste((VERSION,), 1, 7)),
        registry_report.collected_json(CollectedWaste((VERSION,), 7, 0, ENDED)),
    )
    holds("registry login", registry_report.login_json(LOGIN))


@pytest.mark.parametrize("registry", ["registry", "npm"])
def test_the_users_of_both_registries(registry: str, tmp_path: Path) -> None:
    store = UserStore(HtpasswdFile(tmp_path / "htpasswd", os.getgid()), tmp_path / "lock", "add", "log in")
    holds(f"{registry} user add", user_report.put_json(store, RegistryUser("anna", "secret")))
    holds(f"{registry} user list", user_report.list_json(store))
    holds(f"{registry} user remove", user_report.removed_json("anna", removed=True))


def test_the_metrics() -> None:
    shown = page.FigurePage(POINTS, (page.FigureRow(FIGURES[0], "load", (1.0, None), None),), FIGURES[:1])
    holds("metrics", page.page_json(shown))
    holds("metrics retention", retention_report.retention_json(KEPT), retention_report.change_json(KEPT, 60, KEPT))


def test_postgres() -> None:
    found = application("postgres", web("a.example.com"), Side.INTERNAL)
    place = DataFolder(ApplicationService(found, "application", "postgres:15"), (), "", "", Path("/data/15"))
    job = UpgradeJob(place, 15, 17, "postgres:17", ("shop",), 7, 9)
    holds(
        "postgres create", databases.created_json(CreatedDatabase(DatabaseAccess("shop", "secret"), ("role shop",)))
    )
    holds(
        "postgres upgrade",
        postgres.job_json(job, present=True),
        postgres.upgraded_json(UpgradeResult(job, 1, 2, 3.0)),
        postgres.nothing_json(17),
    )
    holds("postgres prune", postgres.old_json(UnusedData(Path("/data/15"), 7), removed=True))
