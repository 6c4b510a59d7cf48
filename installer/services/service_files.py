"""The files of a service for `conf/`, rendered with the settings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from installer.data_directory import templates
from installer.data_directory.templates import TemplateFile
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
    """This host as templates see it (`host`): the number of the group that may use Docker's socket."""

    docker_group: int = 0


def template_host() -> TemplateHost:
    """Read the facts of this host that templates use."""
    with contextlib.suppress(OSError):
        return TemplateHost(DOCKER_SOCKET.stat().st_gid)
    return TemplateHost()


def application_path(name: str) -> PurePosixPath:
    """Return the path of a service's application file below `conf/`."""
    return PurePosixPath(f"applications-{Side.INTERNAL}") / f"{name}.yaml"


def load(service: Service, settings: Settings, host: TemplateHost) -> tuple[TemplateFile, ...]:
    """Render the configuration files of a service, then its application file."""
    configuration = service.folder / CONFIGURATION
    found = templates.load(settings, configuration, host=host) if configuration.is_dir() else ()
    template = (service.folder / APPLICATION).read_text(encoding="utf-8")
    application = templates.fill(template, settings, host=host)
    return (
        *(TemplateFile(PurePosixPath(service.name) / each.path, each.content) for each in found),
        TemplateFile(application_path(service.name), application),
    )


def applications(files: Iterable[TemplateFile]) -> Iterator[Application]:
    """Parse the application files among rendered ones. Raises ShoestringError for an invalid one."""
    for file in files:
        if file.is_optional:
            found = application_files.parse(
                yaml_documents.parse(Path(file.path), file.content.decode()), Side.INTERNAL
            )
            if isinstance(found, BrokenApplication):
                raise ShoestringError(
                    f"A template of Shoestring is not valid with these settings. {found.problems[0]}"
                )
            yield found


def images(files: Iterable[TemplateFile]) -> tuple[str, ...]:
    """Return the images in the application files among rendered ones, as written there."""
    return tuple(each.image for found in applications(files) for each in found.services if each.image)
