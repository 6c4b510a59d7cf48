"""The changes that adding services makes in the data directory. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from installer.data_directory import manifest, secrets_file, settings_edit, templates
from installer.data_directory.templates import FileChange, TemplateFile
from installer.services import catalogue, service_files
from installer.services.description import ServiceFolder
from installer.services.service import Service
from installer.services.service_files import TemplateHost
from runtime.base.errors import UsageError
from runtime.base.paths import Paths
from runtime.config.settings import Settings


@dataclass(frozen=True)
class ServicePlan:
    """The changes for `services`; `new` are those that were not added yet.

    `changes` are files below `conf/`, the application files last. `secrets` are names to generate values for. `text`
    is the new settings file, None if it stays.
    """

    services: tuple[Service, ...] = ()
    new: tuple[Service, ...] = ()
    settings: Settings | None = None
    text: str | None = None
    changes: tuple[FileChange, ...] = ()
    templates: tuple[TemplateFile, ...] = ()
    secrets: tuple[str, ...] = ()
    folders: tuple[ServiceFolder, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Return whether there is no change that a user would see."""
        return not (self.text or self.changes or self.secrets or self.folders)

    @property
    def memory(self) -> int:
        """Return the MB that the new services need together."""
        return sum(each.memory for each in self.new)

    @property
    def files(self) -> tuple[TemplateFile, ...]:
        """Return the new application files."""
        paths = {service_files.application_path(each.name) for each in self.new}
        return tuple(each for each in self.templates if each.path in paths)


def with_networks(settings: Settings, services: Iterable[Service]) -> Settings:
    """Return the settings with the networks that services add for other applications."""
    networks = settings.networks
    desired = (name for each in services for name in each.networks)
    additional = tuple(dict.fromkeys((*networks.additional, *desired)))
    return replace(settings, networks=replace(networks, additional=additional))


def plan(paths: Paths, settings: Settings, services: tuple[Service, ...], host: TemplateHost) -> ServicePlan:
    """Return the changes for `services`; those that were added before get what they lack.

    Raises UsageError without an internal side, for a name that is taken, and if a file has a form that cannot be
    edited.
    """
    if not services:
        return ServicePlan()
    if settings.internal is None:
        raise UsageError(
            "Services run on the internal side, and it is off. Switch it on first: shoestring setup, or "
            "internal in conf/shoestring.yaml."
        )
    for each in services:
        catalogue.refuse_taken(paths, each)
    desired = with_networks(settings, services)
    files = tuple(
        sorted(
            (file for each in services for file in service_files.load(each, desired, host)),
            key=lambda file: file.is_optional,
        )
    )
    return ServicePlan(
        services=services,
        new=tuple(each for each in services if not catalogue.is_present(paths, each.name)),
        settings=desired,
        text=_settings_text(paths, desired) if desired != settings else None,
        changes=_changes(paths, files),
        templates=files,
        secrets=secrets_file.missing(paths, (name for each in services for name in each.secrets)),
        folders=tuple(folder for each in services for folder in each.folders if not _is_up_to_date(paths, folder)),
    )


def _settings_text(paths: Paths, desired: Settings) -> str | None:
    text = templates.read_file(paths.settings).decode()
    edited = settings_edit.edit(paths.settings, text, desired)
    return edited if edited != text else None


def _changes(paths: Paths, files: tuple[TemplateFile, ...]) -> tuple[FileChange, ...]:
    """Return changes as a re-run of setup makes them; but an application file that was removed is written again."""
    present = templates.present(paths.conf, files)
    written = {
        name: digest
        for name, digest in manifest.load(paths.conf).items()
        if PurePosixPath(name) in present or not name.startswith("applications-")
    }
    return templates.plan(files, written, present)


def _is_up_to_date(paths: Paths, folder: ServiceFolder) -> bool:
    try:
        status = (paths.data / folder.path).stat()
    except FileNotFoundError:
        return False
    return (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (folder.owner, folder.group, folder.mode)
