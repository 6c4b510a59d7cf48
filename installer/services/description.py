"""The schema of `service.yaml`: what a service needs, as data. Nothing here reads the host."""

from __future__ import annotations

import string
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from runtime.base import schema, yaml_documents
from runtime.base.errors import ShoestringError
from runtime.base.schema import key, list_of, whole_number
from runtime.base.yaml_documents import DocumentError

FILE = "service.yaml"
# The only kind of secret: a generated password.
KIND = {"kind": "password"}
_NAME_CHARACTERS = frozenset(string.ascii_uppercase + string.digits + "_")
_LARGEST_NUMBER = 2**31 - 1
_LARGEST_MEGABYTES = 1_000_000_000


@dataclass(frozen=True)
class ServiceFolder:
    """A folder below `data/` that containers write to, with the numbers of its owner and group."""

    path: PurePosixPath
    owner: int
    group: int
    mode: int


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is not a text")
    return value


def _secrets(value: object) -> tuple[str, ...]:
    if not isinstance(value, dict) or any(value[name] != KIND or not set(name) <= _NAME_CHARACTERS for name in value):
        raise ValueError("each secret must be NAME: {kind: password}")
    return tuple(value)


def _folder(value: object) -> ServiceFolder:
    if not isinstance(value, dict) or set(value) != {"path", "owner", "group", "mode"}:
        raise ValueError(f"{value!r} must have path, owner, group and mode")
    path, number = PurePosixPath(str(value["path"])), whole_number(0, _LARGEST_NUMBER)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"{path} is not a folder below data/")
    return ServiceFolder(path, number(value["owner"]), number(value["group"]), int(str(value["mode"]), 8))


@dataclass(frozen=True, kw_only=True)
class ServiceDescription:
    """The content of a service's `service.yaml`."""

    title: str = key("its name for users", check=_text)
    about: str = key("what it is for, in a few words", check=_text)
    memory: int = key(
        "MB of memory that it needs under load, including Docker's overhead",
        check=whole_number(1, _LARGEST_MEGABYTES),
    )
    needs: tuple[str, ...] = key("services that it requires", check=list_of(_text), default=())
    part_of: str = key("the service that it is offered together with", check=_text, default="")
    suggested: int = key(
        "its position among the services that a first setup suggests; 0: not suggested",
        check=whole_number(0, 100),
        default=0,
    )
    secrets: tuple[str, ...] = key("secrets that are generated unless they exist", check=_secrets, default=())
    shown: tuple[str, ...] = key("those of the secrets that are shown once", check=list_of(_text), default=())
    folders: tuple[ServiceFolder, ...] = key("folders below data/", check=list_of(_folder), default=())
    networks: tuple[str, ...] = key("networks of the settings that it adds", check=list_of(_text), default=())
    log_in: str = key("how to log in, in a line; {host} in it stands for host name and port", check=_text, default="")


def read(folder: Path) -> ServiceDescription:
    """Read the description in a service's folder of templates. Raises ShoestringError with all its problems."""
    file = folder / FILE
    try:
        document = yaml_documents.load(file)
    except DocumentError as error:
        raise ShoestringError(str(error)) from error
    found, problems = schema.read(ServiceDescription, document)
    if found and not set(found.shown) <= set(found.secrets):
        problems = (document.problem(("shown",), "has a name that is not among secrets"),)
    if found is None or problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise ShoestringError(f"The service {folder.name} has a {FILE} that is not valid:\n{listed}")
    return found
