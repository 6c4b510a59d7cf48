"""Where Postgres's data are as its application file says, and the same file with another version. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from installer.applications.image_edit import CannotEditError, set_image
from installer.applications.target import Target
from installer.data_directory.settings_file import scalar
from installer.services.postgres.server import definition, environment
from runtime.base import yaml_documents
from runtime.base.errors import UsageError
from runtime.base.yaml_documents import DocumentError, KeyPath
from runtime.config.interpolation import interpolate_known

# Of the official image, up to version 17.
DEFAULT_DATA = "/var/lib/postgresql/data"
# Compose's short form: SOURCE:TARGET[:OPTIONS]; a variable in it may have a colon.
_SHORT = re.compile(r"(?P<source>(?:\$\{[^}]*\}|[^:])+):(?P<target>[^:]+)(?P<options>:.*)?")


@dataclass(frozen=True)
class DataFolder:
    """The folder with the data: `source` as it stands in the file, `folder` on the host; its name is the version.

    `key` is where it stands in the file, `text` the whole value there.
    """

    service: Target
    key: KeyPath
    text: str
    source: str
    folder: Path

    def source_of(self, version: str) -> str:
        """What stands in the file for another version."""
        return f"{posixpath.dirname(self.source)}/{version}"

    def folder_of(self, version: str) -> Path:
        """The folder of another version, beside this one's."""
        return self.folder.with_name(version)

    def volume(self, source: str) -> str:
        """The value of the file with another source."""
        return source + self.text[len(self.source) :]


def folder(service: Target, variables: Mapping[str, str]) -> Path:
    """The folder on the host that the data are in. Raises UsageError if the file mounts none."""
    return _mount(service, variables).folder


def find(service: Target, variables: Mapping[str, str], version: int) -> DataFolder:
    """The place of the data of a running version. Raises UsageError if their folder is not named after it."""
    found = _mount(service, variables)
    if not found.folder.is_absolute() or found.folder.name != str(version):
        raise UsageError(
            f"The data are in {found.source}, a folder that is not named after the version. Stop Postgres, move "
            f"them to {found.source.rstrip('/')}/{version}, and say so in {service.file.name}; then try again."
        )
    return found


def _mount(service: Target, variables: Mapping[str, str]) -> DataFolder:
    wanted = definition(service)
    inside = environment(wanted).get("PGDATA") or DEFAULT_DATA
    for key, text, source, target in _volumes(service, wanted):
        if target.rstrip("/") == inside.rstrip("/"):
            return DataFolder(service, key, text, source, Path(interpolate_known(source, variables) or source))
    raise UsageError(f"{service.file.name} mounts no folder at {inside}, where the data are; nothing was done.")


def _volumes(service: Target, wanted: Mapping[str, Any]) -> list[tuple[KeyPath, str, str, str]]:
    """Each mount: its key in the file, the value there, its source and its target."""
    found: list[tuple[KeyPath, str, str, str]] = []
    for index, each in enumerate(wanted.get("volumes") or ()):
        key: KeyPath = ("services", service.service, "volumes", index)
        if isinstance(each, Mapping):
            source = str(each.get("source", ""))
            found.append(((*key, "source"), source, source, str(each.get("target", ""))))
        elif match := _SHORT.fullmatch(str(each)):
            found.append((key, str(each), match["source"], match["target"]))
    return found


def edited(data: DataFolder, image: str, version: str) -> str:
    """The text of the file with another image and the folder of another version; all else stays as it is.

    Raises CannotEditError.
    """
    file = data.service.file
    before = set_image(file, data.service.text, data.service.service, image)
    wanted = data.volume(data.source_of(version))
    try:
        node = _node(yaml.compose(before, Loader=yaml.SafeLoader), data.key)
        after = before[: node.start_mark.index] + scalar(wanted, node.style) + before[node.end_mark.index :]
        if yaml_documents.parse(file, after).value == _changed(
            yaml_documents.parse(file, before).value, data.key, wanted
        ):
            return after
    except (DocumentError, LookupError, yaml.YAMLError):
        pass
    raise CannotEditError(
        f"{file.name}: the folder {data.text} cannot be changed without changing something else. Write the volume "
        "out as a plain line, - FOLDER:TARGET, then try again."
    )


def _node(node: yaml.Node | None, key: KeyPath) -> yaml.ScalarNode:
    for part in key:
        if isinstance(node, yaml.MappingNode):
            node = next(value for name, value in node.value if name.value == part)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
        else:
            raise LookupError(part)
    if not isinstance(node, yaml.ScalarNode) or node.start_mark.line != node.end_mark.line:
        raise LookupError(key)
    return node


def _changed(value: Any, key: KeyPath, wanted: str) -> Any:
    """A copy of a parsed file with one value changed."""
    if not key:
        return wanted
    part, rest = key[0], key[1:]
    if isinstance(value, list):
        return [_changed(each, rest, wanted) if index == part else each for index, each in enumerate(value)]
    return {name: _changed(each, rest, wanted) if name == part else each for name, each in value.items()}
