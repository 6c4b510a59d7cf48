"""The folder of Postgres's data as in its application file, and that file with another version. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from installer.applications.image_edit import CannotEditError, set_image
from installer.applications.target import ApplicationService
from installer.data_directory.yaml_edit import CannotEditYamlError, replace_text
from installer.services.postgres.server import definition
from runtime.base.errors import UsageError
from runtime.base.yaml_documents import KeyPath
from runtime.config.compose_file import ComposeService
from runtime.config.interpolation import interpolate_known

# Of the official image, up to version 17.
DEFAULT_DATA = "/var/lib/postgresql/data"
# Compose's short form: SOURCE:TARGET[:OPTIONS]; a variable in it may have a colon.
_SHORT = re.compile(r"(?P<source>(?:\$\{[^}]*\}|[^:])+):(?P<target>[^:]+)(?P<options>:.*)?")


@dataclass(frozen=True)
class DataFolder:
    """The folder with the data: `source` as in the file, `folder` on the host; its name is the version.

    `key` is its key in the file, `text` the whole value there.
    """

    service: ApplicationService
    key: KeyPath
    text: str
    source: str
    folder: Path

    def source_of(self, version: str) -> str:
        """Return the source for another version."""
        return f"{posixpath.dirname(self.source)}/{version}"

    def folder_of(self, version: str) -> Path:
        """Return the folder of another version, next to this one."""
        return self.folder.with_name(version)

    def volume(self, source: str) -> str:
        """Return the value for the file with another source."""
        return source + self.text[len(self.source) :]


def folder(service: ApplicationService, variables: Mapping[str, str]) -> Path:
    """Return the folder of the data on the host. Raises UsageError if the file mounts none."""
    return _mount(service, variables).folder


def find(service: ApplicationService, variables: Mapping[str, str], version: int) -> DataFolder:
    """Return the data folder of a running version. Raises UsageError if it is not named after the version."""
    found = _mount(service, variables)
    if not found.folder.is_absolute() or found.folder.name != str(version):
        raise UsageError(
            f"The data are in {found.source}, a folder that is not named after the version. Stop Postgres, move "
            f"them to {found.source.rstrip('/')}/{version}, change {service.file.name} accordingly, then try again."
        )
    return found


def _mount(service: ApplicationService, variables: Mapping[str, str]) -> DataFolder:
    compose_service = definition(service)
    inside = compose_service.environment.get("PGDATA") or DEFAULT_DATA
    for key, text, source, target in _volumes(service, compose_service):
        if target.rstrip("/") == inside.rstrip("/"):
            return DataFolder(service, key, text, source, Path(interpolate_known(source, variables) or source))
    raise UsageError(f"{service.file.name} mounts no folder at {inside}, where the data are; nothing was changed.")


def _volumes(service: ApplicationService, compose_service: ComposeService) -> list[tuple[KeyPath, str, str, str]]:
    """Return each mount: its key in the file, the value there, its source and its target."""
    found: list[tuple[KeyPath, str, str, str]] = []
    for index, each in enumerate(compose_service.volumes):
        key: KeyPath = ("services", service.service, "volumes", index)
        if isinstance(each, Mapping):
            source = str(each.get("source", ""))
            found.append(((*key, "source"), source, source, str(each.get("target", ""))))
        elif match := _SHORT.fullmatch(str(each)):
            found.append((key, str(each), match["source"], match["target"]))
    return found


def edited(data: DataFolder, image: str, version: str) -> str:
    """Return the text of the file with another image and the folder of another version; all else stays.

    Raises CannotEditError.
    """
    file = data.service.file
    before = set_image(file, data.service.text, data.service.service, image)
    volume = data.volume(data.source_of(version))
    try:
        return replace_text(file, before, data.key, volume)
    except CannotEditYamlError as error:
        raise CannotEditError(
            f"{file.name}:{error.line} the folder {data.text} {error.reason}. Write the volume as a plain line, "
            "- FOLDER:TARGET, then try again."
        ) from error
