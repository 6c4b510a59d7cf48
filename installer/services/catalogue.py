"""All internal services, what they need of each other, and which of them were added."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from installer.services import description
from installer.services.service import Service
from runtime.base.errors import UsageError
from runtime.base.paths import Paths, Side
from runtime.base.schema import suggestion
from runtime.config.application_files import SUFFIXES
from runtime.docker import images

if TYPE_CHECKING:
    from runtime.context.cluster import Cluster

FOLDER = images.TEMPLATES / "services"
Catalogue = dict[str, Service]


def load(folder: Path | None = None) -> Catalogue:
    """Return all services by name. `folder` has their folders of templates, by default FOLDER."""
    return {each.name: _service(each) for each in _folders(folder or FOLDER)}


def names() -> tuple[str, ...]:
    """Return the names of all services, without reading what they need."""
    return tuple(each.name for each in _folders(FOLDER))


def _folders(folder: Path) -> tuple[Path, ...]:
    return tuple(each.parent for each in sorted(folder.glob(f"*/{description.FILE}")))


def _service(folder: Path) -> Service:
    given = vars(description.read(folder))
    return _class_of(folder.name)(name=folder.name, folder=folder, **given)


def _class_of(name: str) -> type[Service]:
    """Return the class in the service's own folder of code, if it has one."""
    package = f"{__package__}.{name.replace('-', '_')}"
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        return Service
    found: type[Service] = importlib.import_module(f"{package}.service").SERVICE
    return found


def find(known: Catalogue, name: str) -> Service:
    """Return the service of a name. Raises UsageError that names the nearest."""
    if name not in known:
        raise UsageError(f"There is no service {name}{suggestion(name, known)} See: shoestring service list")
    return known[name]


def complete(known: Catalogue, names: Iterable[str]) -> tuple[Service, ...]:
    """Return the services of these names and all that they need, each once and after what it needs."""
    found: dict[str, Service] = {}

    def add(name: str) -> None:
        service = find(known, name)
        if name not in found:
            for needed in service.needs:
                add(needed)
            found[name] = service

    for name in names:
        add(name)
    return tuple(found.values())


def application_file(paths: Paths, name: str) -> Path:
    """Return where the application file of a service is, or would be."""
    return paths.applications(Side.INTERNAL) / f"{name}.yaml"


def is_present(paths: Paths, name: str) -> bool:
    """Return whether a service was added; its application file alone decides."""
    return application_file(paths, name).exists()


def require(paths: Paths, name: str, title: str) -> None:
    """Raise UsageError if a service was not added. `title` is its name for users."""
    if not is_present(paths, name):
        raise UsageError(f"{title} is not added. Add it: shoestring service add {name}")


def present(known: Catalogue, paths: Paths) -> tuple[Service, ...]:
    """Return the services that were added, each after what it needs."""
    existing = {name for name in known if is_present(paths, name)}
    return tuple(each for each in complete(known, sorted(existing)) if each.name in existing)


def before_pull(cluster: Cluster, image: str) -> None:
    """Have the services that were added prepare the host's engine for the pull of an image (its reference)."""
    for each in present(load(), cluster.paths):
        each.before_pull(cluster, image)


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
