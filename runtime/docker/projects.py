"""What Compose is asked to run: a project with its files, its services, and a digest of each service."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.base import yaml_documents
from runtime.base.constants import LABEL_APPLICATION, LABEL_DEFINITION, LABEL_INSTANCE, LABEL_SIDE
from runtime.base.paths import Side
from runtime.config import secrets
from runtime.config.compose_file import ComposeFile, ComposeService

CORE = "core"


@dataclass(frozen=True)
class ProjectService:
    """One service as it should run.

    `definition` is a digest of all that makes its containers what they are. A `task` may end: it is not started
    again once it ended well. `networks` are those of ours that it must be on, by their names in Docker. `follows` are
    the services with whose containers its own have to be re-created.
    """

    name: str
    image: str
    definition: str
    replicas: int = 1
    task: bool = False
    networks: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()


@dataclass(frozen=True)
class GeneratedFile:
    """A YAML file under `generated/` that must exist before Compose runs.

    It is written only then: that costs more than all else in a run of the watchdog with nothing to do.
    """

    file: Path
    header: str
    value: Mapping[str, Any]

    @property
    def content(self) -> str:
        """Return the text of the file."""
        return self.header + yaml_documents.dump(self.value)


@dataclass(frozen=True)
class Project:
    """One Compose project: an application, or the core.

    `application` is the application's name (`core` for the proxies), `side` is None for the core;
    `files` are given to Compose in this order. `source` is a digest of the whole file, our own keys too.
    """

    name: str
    application: str
    side: Side | None
    files: tuple[Path, ...]
    generated: GeneratedFile
    services: tuple[ProjectService, ...]
    source: str = ""

    @property
    def fingerprint(self) -> str:
        """Return a digest of what its containers are made from."""
        return digest(self.source, [(each.name, each.definition) for each in self.services])


def labels(instance: str, application: str, side: Side | None, definition: str) -> dict[str, str]:
    """Return the labels by which Shoestring knows a container as its own."""
    return {
        LABEL_INSTANCE: instance,
        LABEL_APPLICATION: application,
        LABEL_SIDE: side.value if side else "",
        LABEL_DEFINITION: definition,
    }


def bind(source: str, target: str, *, read_only: bool) -> dict[str, Any]:
    """Return a directory of the host in a container."""
    # After a reboot /run is empty: the engine makes the directory, and the start at boot gives it its owner.
    return {
        "type": "bind",
        "source": source,
        "target": target,
        "read_only": read_only,
        # Where SELinux is on (Fedora), containers see only what is labelled for them; elsewhere it does nothing.
        "bind": {"create_host_path": True, "selinux": "z"},
    }


def digest(*parts: object) -> str:
    """Return a digest of values, the same for any order of keys. 16 hexadecimal digits."""
    text = json.dumps(_with_text_keys(parts), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _with_text_keys(value: object) -> object:
    """Return the value with text keys: other keys of YAML (`ON` is true, dates) cannot be sorted with them."""
    if isinstance(value, Mapping):
        return {str(key): _with_text_keys(child) for key, child in value.items()}
    return [_with_text_keys(child) for child in value] if isinstance(value, list | tuple) else value


def service_digest(service: ComposeService, addition: object, file: ComposeFile, variables: Mapping[str, str]) -> str:
    """Return a digest of a service: its definition, what the override adds, and what it refers to.

    Comments, the order of keys and `x-` keys are not in it, so editing them restarts nothing. The content of the
    `configs` and `secrets` that it uses is: Compose itself misses a change there.
    """
    own, referenced = service.own_keys, file.referenced_by(service)
    return digest(own, addition, referenced, secrets.used([own, referenced], variables))
