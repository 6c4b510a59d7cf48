"""The services that exist, and a service with code of its own: one folder of code and one of templates."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import MagicMock

import pytest

import installer.services
from installer.host.memory import HostMemory
from installer.services import add, catalogue, offer, remove, report
from installer.services.catalogue import Catalogue
from installer.services.plan import plan
from installer.services.service import Service
from installer.services.service_files import TemplateHost
from installer.services.status import ServiceStatus
from installer.setup import data_directory
from installer.uninstall import run as uninstall
from runtime.base import files
from runtime.base.constants import MEGABYTE
from runtime.base.errors import UsageError
from runtime.base.paths import Paths, RunPaths
from runtime.config import settings
from runtime.context.cluster import Cluster
from runtime.context.results import Report
from tests.support.builders.data_directory import SETTINGS
from tests.support.builders.services import service

MEMORY = HostMemory(1000 * MEGABYTE, 500 * MEGABYTE)
DESCRIPTION = """\
title: Small
about: does little
memory: 5
suggested: 1
folders: [{path: small-one, owner: 0, group: 0, mode: "0755"}]
"""
CODE = """\
from installer.services.service import Service


class Small(Service):
    has_traces = True

    def prepare(self, paths, settings):
        (paths.data / "small-one" / "prepared").write_text(settings.domain)

    def ready(self, cluster):
        (cluster.run.directory / "trace").write_text("")
        return "Small is ready."

    def before_pull(self, cluster, image):
        (cluster.run.directory / "pulled").write_text(image)

    def remove_traces(self, paths, settings):
        for each in paths.root.parent.rglob("trace"):
            each.unlink()


SERVICE = Small
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalogue]:
    """A catalogue with one service, `small-one`, and the folder of its code."""
    service(tmp_path / "templates", "small-one", DESCRIPTION)
    code = tmp_path / "code" / "small_one"
    code.mkdir(parents=True)
    (code / "__init__.py").touch()
    (code / "service.py").write_text(CODE)
    monkeypatch.setattr(installer.services, "__path__", [*installer.services.__path__, str(code.parent)])
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path / "templates")
    importlib.invalidate_caches()
    yield catalogue.load()
    for name in ("", ".service"):
        sys.modules.pop(f"installer.services.small_one{name}", None)


@pytest.fixture
def cluster(target: Path) -> Cluster:
    """A stopped cluster whose engine has no containers."""
    paths = Paths(target)
    data_directory.create(paths, SETTINGS, proxy_group=os.getgid())
    client = MagicMock()
    client.api.containers.return_value = []
    made = Cluster(paths, settings.load(paths.settings), RunPaths("main", target.parent / "run"), client)
    files.make_directory(made.run.directory)
    made.run.stopped.touch()
    return made


@pytest.mark.processes
def test_service_with_class_through_its_life(small: Catalogue, cluster: Cluster) -> None:
    paths, run = cluster.paths, cluster.run.directory
    (offered,) = offer.offers(small, (), MEMORY, first=True)
    assert (offered.title, offered.ticked) == ("Small", True)

    planned = plan(paths, cluster.settings, tuple(small.values()), TemplateHost())
    add.write(paths, planned)
    assert (paths.data / "small-one" / "prepared").read_text() == "example.com"
    started = add.ready(cluster, planned.services, Report(()))
    assert [str(each) for each in started.report.warnings] == ["Small is ready."]
    assert catalogue.present(small, paths) == tuple(small.values())
    lines = report.list_lines([ServiceStatus(small["small-one"], "running")], MEMORY, "")
    assert lines[1].split()[:2] == ["small-one", "running"]

    catalogue.before_pull(cluster, "busybox:1.37")
    assert (run / "pulled").read_text() == "busybox:1.37"
    assert list(uninstall._with_traces(cluster)) == ["small-one"]

    assert remove.carry_out(cluster, remove.plan(paths, small, ("small-one",), purge=False)).ok
    assert not catalogue.is_present(paths, "small-one")
    assert not (run / "trace").exists()
    assert list(uninstall._with_traces(cluster)) == []


def test_service_without_class_has_defaults(known: Catalogue, paths: Paths) -> None:
    store, cluster = known["store"], MagicMock()
    assert type(store) is Service
    assert not store.has_traces
    store.prepare(paths, SETTINGS)
    store.before_pull(cluster, "busybox:1.37")
    store.remove_traces(paths, SETTINGS)
    assert store.ready(cluster) == ""


def test_load_finds_class_of_each_service() -> None:
    classes = {name: type(each).__name__ for name, each in catalogue.load().items()}
    assert classes == {
        "grafana": "Service",
        "influxdb": "Service",
        "postgres": "Postgres",
        "registry-docker": "DockerRegistry",
        "registry-npm": "NpmRegistry",
        "telegraf": "Telegraf",
    }


def test_complete_orders_needed_services_first(known: Catalogue) -> None:
    assert [each.name for each in catalogue.complete(known, ("front", "beside", "store"))] == [
        "store",
        "front",
        "beside",
    ]


def test_complete_unknown_name_suggests_nearest(known: Catalogue) -> None:
    with pytest.raises(UsageError, match="There is no service stor; did you mean store?"):
        catalogue.complete(known, ("stor",))


def test_present_depends_on_application_file(known: Catalogue, paths: Paths) -> None:
    assert catalogue.present(known, paths) == ()
    for name in ("front", "store"):
        catalogue.application_file(paths, name).write_text("services: {}\n")
    assert [each.name for each in catalogue.present(known, paths)] == ["store", "front"]


def test_require_absent_service_raises(paths: Paths) -> None:
    with pytest.raises(UsageError, match="npm registry is not added. Add it: shoestring service add "):
        catalogue.require(paths, "registry-npm", "npm registry")
