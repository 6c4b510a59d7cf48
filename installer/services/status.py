"""The status of the services: state, memory and addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from installer.host import memory
from installer.services import catalogue
from installer.services.catalogue import Catalogue
from installer.services.service import Service
from runtime.base.paths import Paths, Side
from runtime.config import application_files, internal_address
from runtime.config.applications import Application, BrokenApplication
from runtime.config.settings import Settings
from runtime.context.cluster import Cluster
from runtime.context.results import Blocked
from runtime.docker.observed import observe
from runtime.network.addresses import bracketed
from runtime.reconcile import operations

ABSENT = "absent"


@dataclass(frozen=True)
class ServiceStatus:
    """One service. `state` is that of `shoestring status`, or `absent`.

    `used` is in bytes, 0 if it does not run. `addresses` are URLs, and ADDRESS:PORT of raw TCP. `kept` are folders
    that an absent one has left in the data directory.
    """

    service: Service
    state: str = ABSENT
    used: int = 0
    addresses: tuple[str, ...] = ()
    problems: tuple[Blocked, ...] = ()
    kept: tuple[Path, ...] = ()


def collect(cluster: Cluster, known: Catalogue) -> tuple[ServiceStatus, ...]:
    """Return the status of all services, also of absent ones."""
    applications = {each.name: each for each in operations.status(cluster).applications if each.side == Side.INTERNAL}
    used = _used(cluster)
    found = []
    for name, service in known.items():
        if name in applications:
            application = applications[name]
            addresses = addresses_of(cluster.paths, cluster.settings, name)
            state = ServiceStatus(service, application.state, used.get(name, 0), addresses, application.problems)
        else:
            state = ServiceStatus(service, kept=leftovers(cluster.paths, service))
        found.append(state)
    return tuple(found)


def leftovers(paths: Paths, service: Service) -> tuple[Path, ...]:
    """Return the outermost existing folders of a service: its configuration and its data."""
    folders = (paths.conf / service.name, *(paths.data / each.path for each in service.folders))
    return tuple(each for each in folders if each.exists() and not set(each.parents) & set(folders))


def _used(cluster: Cluster) -> dict[str, int]:
    """Return the bytes that the containers of each application use."""
    sizes = {each.name: each.used for each in memory.observe(cluster.client).containers}
    found: dict[str, int] = {}
    for each in observe(cluster.client, cluster.settings.instance).containers:
        found[each.application] = found.get(each.application, 0) + sizes.get(each.name, 0)
    return found


def addresses_of(paths: Paths, settings: Settings, name: str) -> tuple[str, ...]:
    """Return the addresses of a service as in its application file; none for a broken file."""
    found = application_files.load(catalogue.application_file(paths, name), Side.INTERNAL)
    return () if isinstance(found, BrokenApplication) else tuple(addresses(settings, found))


def addresses(settings: Settings, application: Application) -> Iterable[str]:
    """Yield the addresses of an internal application."""
    internal = settings.internal
    if internal is None:
        return
    yield from (settings.url_of(Side.INTERNAL, each) for each in application.host_names if not each.startswith("*."))
    address = internal_address.follow(settings).address or "(no address yet)"
    yield from (f"{bracketed(address)}:{each.port}" for each in application.tcp_ports)
