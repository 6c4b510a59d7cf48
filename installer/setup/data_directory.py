"""Make the data directory in one step, or bring one up to date without changing what the user changed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from installer.data_directory import (
    conf_repository,
    manifest,
    secrets_file,
    settings_edit,
    settings_file,
    staging,
    templates,
)
from installer.data_directory.templates import FileChange
from installer.services import add
from installer.services.add import WrittenServices
from installer.services.plan import ServicePlan
from runtime.base import files
from runtime.base.paths import Paths, Side
from runtime.certificates.store import placeholder, private_ca
from runtime.config.sections import InternalTls
from runtime.config.settings import Settings
from runtime.proxy.container import PROXY_GID

FIRST_COMMIT = "Configuration as set up"
LATER_COMMIT = "Changed by shoestring setup"
NO_SERVICES = ServicePlan()
SECRET_DIRECTORY_MODE = 0o750


@dataclass(frozen=True)
class DirectoryUpdate:
    """The changes of a re-run: the text of the settings file if it differs, template files, the manifest."""

    settings_text: str | None
    changes: tuple[FileChange, ...]
    manifest: bytes

    @property
    def is_empty(self) -> bool:
        """Return whether no file of the user changes."""
        return self.settings_text is None and not self.changes


def create(
    paths: Paths, settings: Settings, services: ServicePlan = NO_SERVICES, *, proxy_group: int = PROXY_GID
) -> WrittenServices:
    """Build a new data directory next to its final path and move it there in one step.

    `services` are added from the start. `proxy_group` is the group that may read the proxies' private keys. Returns
    what was written for the services. Raises ShoestringError; nothing was created then.
    """
    staging.remove_leftovers(paths.root)
    with staging.staged(paths.root) as root:
        return _build(Paths(root), settings, services, proxy_group)


def _build(paths: Paths, settings: Settings, services: ServicePlan, proxy_group: int) -> WrittenServices:
    files.make_directory(paths.root)
    _write_conf(paths, settings)
    _make_directories(paths, proxy_group)
    write_placeholder(paths, proxy_group)
    if settings.internal_tls is InternalTls.PRIVATE_CA:
        # Its certificate can be taken to other computers before anything is started.
        private_ca.ensure_root(paths.private_ca, settings.internal_domain, time.time())
    written = add.write(paths, services, commit=False)
    conf_repository.create(paths.conf, FIRST_COMMIT)
    return written


def _write_conf(paths: Paths, settings: Settings) -> None:
    files.make_directory(paths.conf)
    files.write(paths.settings, settings_file.render(settings))
    secrets_file.add(paths, {})
    everything = templates.load(settings)
    for file in everything:
        _write_file(paths, file.path, file.content)
    manifest.write(paths.conf, manifest.render(everything))


def _write_file(paths: Paths, path: PurePosixPath, content: bytes) -> None:
    target = paths.conf / path
    if not target.parent.is_dir():
        files.make_directory(target.parent)
    files.write(target, content, target.stat().st_mode & 0o7777 if target.exists() else 0o644)


def _make_directories(paths: Paths, proxy_group: int) -> None:
    """Create the missing directories; the modes of existing ones stay."""
    for directory in (*(paths.applications(side) for side in Side), paths.data, paths.generated):
        if not directory.is_dir():
            files.make_directory(directory)
    for side in Side:
        if not paths.proxy_certificates(side).is_dir():
            files.make_directory(paths.proxy_certificates(side), SECRET_DIRECTORY_MODE, (_owner(paths), proxy_group))


def _owner(paths: Paths) -> int:
    return paths.data.stat().st_uid


def write_placeholder(paths: Paths, proxy_group: int) -> bool:
    """Write the placeholder certificate, if the public proxy has none to start with. Returns whether it wrote it."""
    return placeholder.ensure(paths.proxy_certificates(Side.PUBLIC), proxy_group, time.time())


def plan_update(paths: Paths, settings: Settings) -> DirectoryUpdate:
    """Return what a re-run with these settings would change. Raises UsageError, see settings_edit."""
    everything = templates.load(settings)
    text = templates.read_file(paths.settings).decode()
    edited = settings_edit.edit(paths.settings, text, settings)
    before = manifest.load(paths.conf)
    present = templates.present(paths.conf, everything)
    return DirectoryUpdate(
        edited if edited != text else None,
        templates.plan(everything, before, present),
        manifest.render(everything, before),
    )


def update(paths: Paths, change: DirectoryUpdate, *, proxy_group: int = PROXY_GID) -> str:
    """Carry out a planned update and commit it. Returns a sentence if the commit could not be made, else nothing.

    Each step leaves a working data directory, and repeating all of them gives the same result.
    """
    for each in change.changes:
        _write_file(paths, each.path, each.content)
    committed = list(_unchanged(paths, change.manifest))
    if change.settings_text is not None:
        target = paths.settings.resolve()
        files.write(target, change.settings_text, target.stat().st_mode & 0o7777)
        committed.append(PurePosixPath(paths.settings.name))
    # Last: it records that the files above were offered.
    manifest.write(paths.conf, change.manifest)
    secrets_file.add(paths, {})
    _make_directories(paths, proxy_group)
    write_placeholder(paths, proxy_group)
    written = (*manifest.FILES, *committed)
    return conf_repository.commit_or_explain(paths.conf, written, LATER_COMMIT, first=FIRST_COMMIT)


def _unchanged(paths: Paths, written: bytes) -> tuple[PurePosixPath, ...]:
    """Return the files that are as setup writes them; users commit their own changes."""
    return tuple(
        PurePosixPath(name)
        for name, digest in manifest.parse(written).items()
        if templates.digest(_read_existing(paths.conf / name) or b"") == digest
    )


def _read_existing(path: Path) -> bytes | None:
    return templates.read_file(path) if path.exists() else None
