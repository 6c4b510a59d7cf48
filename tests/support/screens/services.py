"""Screens of `shoestring service`, with the services that Shoestring has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from installer.data_directory.templates import Action, FileChange
from installer.host.memory import HostMemory
from installer.services import catalogue, offer, report
from installer.services.add import WrittenServices
from installer.services.plan import ServicePlan
from installer.services.remove import ServiceRemoval
from installer.services.status import ServiceStatus
from runtime.config.sections import NetworkSettings
from runtime.context.results import Blocked, Code
from tests.support.builders.runtime import PATHS, make_settings
from tests.support.screens.screen import Screens, sections

_MB = 1024 * 1024
_HOST = HostMemory(957 * _MB, 353 * _MB)
_SETTINGS = make_settings()
_OPTION = " --data-directory /srv/test"


def _list() -> str:
    known = catalogue.load()
    broken = Blocked(Code.FILE_INVALID, "grafana", "grafana.yaml:3 services: is missing")
    states = {
        "postgres": ServiceStatus(known["postgres"], "healthy", 41 * _MB, ("10.0.0.1:5432",)),
        "grafana": ServiceStatus(known["grafana"], "broken", problems=(broken,)),
        "influxdb": ServiceStatus(known["influxdb"], kept=(PATHS.data / "influxdb",)),
    }
    listed = [states.get(name, ServiceStatus(service)) for name, service in known.items()]
    return sections(list=report.list_lines(listed, _HOST, _OPTION))


def _plan() -> str:
    postgres = catalogue.load()["postgres"]
    wanted = ServicePlan(
        services=(postgres,),
        new=(postgres,),
        settings=replace(_SETTINGS, networks=NetworkSettings(additional=("databases",))),
        text="networks: …",
        changes=(
            FileChange(PurePosixPath("applications-internal/postgres.yaml"), b"", Action.WRITE),
            FileChange(PurePosixPath("postgres/postgresql.conf.new"), b"", Action.BESIDE),
        ),
        secrets=("POSTGRES_PASSWORD",),
        folders=postgres.folders,
    )
    at = {"postgres": ("10.0.0.1:5432",), "grafana": ("https://grafana.internal.example.com",)}
    services = [catalogue.load()[name] for name in at]
    written = WrittenServices((("POSTGRES_PASSWORD", "long-and-random"),))
    return sections(
        plan=report.plan_lines(wanted, _SETTINGS, _HOST),
        nothing_to_do=report.plan_lines(ServicePlan((postgres,)), _SETTINGS, _HOST),
        does_not_fit=[offer.problem(catalogue.load().values(), _HOST)],
        added=report.added_lines(services, written, at, terminal=True),
        added_without_a_terminal=report.added_lines(services, written, at, terminal=False),
    )


def _remove() -> str:
    postgres = catalogue.load()["postgres"]
    kept = ServiceRemoval((postgres,), kept=(PATHS.data / "postgres",), used=("POSTGRES_PASSWORD",))
    purge = ServiceRemoval(
        (postgres,), purge=True, folders=(PATHS.data / "postgres",), secrets=("POSTGRES_PASSWORD",)
    )
    return sections(
        plan=report.removal_lines(kept, PATHS),
        purge=report.removal_lines(purge, PATHS),
        nothing_to_do=report.removal_lines(ServiceRemoval(()), PATHS),
    )


SCREENS: Screens = {"service-list": _list, "service-add": _plan, "service-remove": _remove}
