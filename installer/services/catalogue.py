"""All default services, what they need of each other, and which of them are there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from installer.services import description
from installer.services.description import Service
from runtime.base.errors import UsageError
from runtime.base.paths import Paths, Side
from runtime.base.schema import suggestion
from runtime.config.application_files import SUFFIXES
from runtime.docker import images

FOLDER = images.TEMPLATES / "services"
Catalogue = dict[str, Service]


def load(folder: Path | None = None) -> Catalogue:
    """All services by name; another folder than FOLDER has those of a test."""
    found = (each.parent for each in sorted((folder or FOLDER).glob(f"*/{description.DESCRIPTION}")))
    return {each.name: description.read(each) for each in found}


def find(known: Catalogue, name: str) -> Service:
    """The service of a name. Raises UsageError that names the nearest."""
    if name not in known:
        raise UsageError(f"There is no service {name}{suggestion(name, known)} See: shoestring service list")
    return known[name]


def complete(known: Catalogue, names: Iterable[str]) -> tuple[Service, ...]:
    """The services of these names and all that they need, each once and after what it needs."""
    found: dict[str, Service] = {}

    def take(name: str) -> None:
        service = find(known, name)
        if name not in found:
            for needed in service.needs:
                take(needed)
            found[name] = service

    for name in names:
        take(name)
    return tuple(found.values())


def application_file(paths: Paths, name: str) -> Path:
    """Where the application file of a service is, or would be."""
    return paths.applications(Side.INTERNAL) / f"{name}.yaml"


def is_there(paths: Paths, name: str) -> bool:
    """Whether a service is there; its application file alone tells it."""
    return application_file(paths, name).exists()


def present(known: Catalogue, paths: Paths) -> tuple[Service, ...]:
    """The services that are there, each after what it needs."""
    there = {name for name in known if is_there(paths, name)}
    return tuple(each for each in complete(known, sorted(there)) if each.name in there)


def refuse_taken(paths: Paths, service: Service) -> None:
    """Raise UsageError if an application has the name of a service and cannot be it."""
    for side in Side:
        for suffix in SUFFIXES:
            file = paths.applications(side) / f"{service.name}{suffix}"
            if file.exists() and file != application_file(paths, service.name):
                raise UsageError(
                    f"{file} has the name of the service {service.title}. Give that application another name, "
                    f"or make it {application_file(paths, service.name)}."
                )
