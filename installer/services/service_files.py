"""The files of a service as they go into `conf/`, filled in with the settings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from installer.data_directory import templates
from installer.data_directory.templates import Shipped
from installer.services.service import Service
from runtime.base import yaml_documents
from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.config import application_files
from runtime.config.applications import Application, BrokenApplication
from runtime.config.settings import Settings

APPLICATION = "application.yaml.j2"
CONFIGURATION = "conf"
DOCKER_SOCKET = Path("/var/run/docker.sock")


@dataclass(frozen=True)
class TemplateHost:
    """What templates see of this host as `host`: the number of the group that may use Docker's socket."""

    docker_group: int = 0


def template_host() -> TemplateHost:
    """Look at this host."""
    with contextlib.suppress(OSError):
        return TemplateHost(DOCKER_SOCKET.stat().st_gid)
    return TemplateHost()


def application_path(name: str) -> PurePosixPath:
    """A service's application file below `conf/`."""
    return PurePosixPath(f"applications-{Side.INTERNAL}") / f"{name}.yaml"


def load(service: Service, settings: Settings, host: TemplateHost) -> tuple[Shipped, ...]:
    """The configuration of a service, then its application file."""
    configuration = service.folder / CONFIGURATION
    found = templates.load(settings, configuration, host=host) if configuration.is_dir() else ()
    template = (service.folder / APPLICATION).read_text(encoding="utf-8")
    application = templates.fill(template, settings, host=host)
    return (
        *(Shipped(PurePosixPath(service.name) / each.path, each.content) for each in found),
        Shipped(application_path(service.name), application),
    )


def applications(files: Iterable[Shipped]) -> Iterator[Application]:
    """The application files among shipped ones, read. Raises ShoestringError for one that cannot be run."""
    for file in files:
        if file.is_optional:
            found = application_files.parse(
                yaml_documents.parse(Path(file.path), file.content.decode()), Side.INTERNAL
            )
            if isinstance(found, BrokenApplication):
                raise ShoestringError(f"A shipped file is broken, or does not fit the settings. {found.problems[0]}")
            yield found


def images(files: Iterable[Shipped]) -> tuple[str, ...]:
    """The images of the application files among shipped ones, as they say them."""
    return tuple(each.image for found in applications(files) for each in found.services if each.image)
