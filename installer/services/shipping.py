"""The files of a service as they go into `conf/`, filled in with the settings."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from installer import shipped
from installer.services.model import Service
from installer.shipped import Shipped
from runtime.paths import Side
from runtime.settings import Settings

APPLICATION = "application.yaml.j2"
CONFIGURATION = "conf"
DOCKER_SOCKET = Path("/var/run/docker.sock")


@dataclass(frozen=True)
class Host:
    """What templates see of this host as `host`: the number of the group that may use Docker's socket."""

    docker_group: int = 0


def look() -> Host:
    """Look at this host."""
    with contextlib.suppress(OSError):
        return Host(DOCKER_SOCKET.stat().st_gid)
    return Host()


def application_path(name: str) -> PurePosixPath:
    """A service's application file below `conf/`."""
    return PurePosixPath(f"applications-{Side.INTERNAL}") / f"{name}.yaml"


def load(service: Service, settings: Settings, host: Host) -> tuple[Shipped, ...]:
    """The configuration of a service, then its application file."""
    configuration = service.folder / CONFIGURATION
    found = shipped.load(settings, configuration, host=host) if configuration.is_dir() else ()
    template = (service.folder / APPLICATION).read_text(encoding="utf-8")
    application = shipped.fill(template, settings, host=host)
    return (
        *(Shipped(PurePosixPath(service.name) / each.path, each.content) for each in found),
        Shipped(application_path(service.name), application),
    )
