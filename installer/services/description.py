"""What a default service is, as its `service.yaml` says. Data only; nothing here looks at a host."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from runtime.base import yaml_documents

DESCRIPTION = "service.yaml"
KEYS = frozenset(
    ("title", "about", "memory", "needs", "part_of", "secrets", "folders", "shown", "networks", "log_in")
)
# The kinds of secrets; see installer/services/passwords.py.
PASSWORD = "password"  # noqa: S105 - the word for a kind of secret, no secret
_NAME_CHARACTERS = frozenset(string.ascii_uppercase + string.digits + "_")


@dataclass(frozen=True)
class Folder:
    """A folder below `data/` that containers write to, with its owner's numbers."""

    path: PurePosixPath
    owner: int
    group: int
    mode: int


@dataclass(frozen=True)
class Service:
    """One default service; its name is that of its application file.

    `memory` is in MB: what it needs when it works, with what Docker needs for its containers. `needs` are services
    that must be there too; `part_of` is one that it is offered together with. `secrets` are made if they are not
    there, and those that are `shown` too are told once. `networks` are networks of the settings that it makes.
    `log_in` says how, in a line; {host} in it stands for host name and port.
    """

    name: str
    folder: Path
    title: str
    about: str
    memory: int
    needs: tuple[str, ...] = ()
    part_of: str = ""
    secrets: tuple[str, ...] = ()
    folders: tuple[Folder, ...] = ()
    shown: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    log_in: str = ""


def read(folder: Path) -> Service:
    """Read the service of a folder. Raises DocumentError or ValueError for a mistake in what is shipped."""
    given = yaml_documents.load(folder / DESCRIPTION).value
    unknown = set(given) - KEYS
    if unknown:
        raise ValueError(f"{folder.name}: unknown keys {sorted(unknown)}")
    secrets = given.get("secrets", {})
    wrong = [name for name, how in secrets.items() if how != {"kind": PASSWORD} or not set(name) <= _NAME_CHARACTERS]
    if wrong or not set(given.get("shown", ())) <= set(secrets):
        raise ValueError(f"{folder.name}: secrets must be NAME: {{kind: password}}, and those shown among them")
    return Service(
        name=folder.name,
        folder=folder,
        title=str(given["title"]),
        about=str(given["about"]),
        memory=int(given["memory"]),
        needs=tuple(given.get("needs", ())),
        part_of=str(given.get("part_of", "")),
        secrets=tuple(secrets),
        folders=tuple(_folder(each) for each in given.get("folders", ())),
        shown=tuple(given.get("shown", ())),
        networks=tuple(given.get("networks", ())),
        log_in=str(given.get("log_in", "")),
    )


def _folder(given: Mapping[str, Any]) -> Folder:
    path = PurePosixPath(given["path"])
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"{path} is not a folder below data/")
    return Folder(path, int(given["owner"]), int(given["group"]), int(str(given["mode"]), 8))
