"""The files that setup ships into `conf/`, and what becomes of each when setup runs again. Pure but for reading."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

import jinja2

from runtime.base.errors import ShoestringError
from runtime.config.settings import Settings

TEMPLATES = Path(__file__).parents[2] / "templates" / "conf"
MANIFEST = ".shipped.json"
# Only files with this suffix are filled in by setup; `haproxy.cfg.j2` is the user's template and is copied unchanged.
FILLED_SUFFIX = ".setup.j2"
NEW_SUFFIX = ".new"


@dataclass(frozen=True)
class TemplateFile:
    """One file of `conf/`: its path there and its content."""

    path: PurePosixPath
    content: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return digest(self.content)

    @property
    def is_optional(self) -> bool:
        """Return whether the user may delete it for good: application files and explanations."""
        return self.path.parts[0].startswith("applications-")


class Action(Enum):
    """The action for one template file."""

    WRITE = "new"
    UPDATE = "updated"
    BESIDE = "you changed it; the new version is beside it"


@dataclass(frozen=True)
class FileChange:
    """One file to write: `path` is below `conf/`, and has the suffix `.new` if it is written next to the user's."""

    path: PurePosixPath
    content: bytes
    action: Action

    def __str__(self) -> str:
        return f"conf/{self.path}  {self.action.value}"


def digest(content: bytes) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def fill(template: str, settings: Settings, **more: object) -> bytes:
    """Return a template (Jinja2) with the settings and other named values filled in."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # noqa: S701 - YAML and text, never HTML; every setting is checked
    )
    return environment.from_string(template).render(settings=settings, **more).encode()


def load(settings: Settings, templates: Path = TEMPLATES, **more: object) -> tuple[TemplateFile, ...]:
    """Return the template files, with the settings (and `more`) filled in where a file asks for it."""
    found = []
    for file in sorted(each for each in templates.rglob("*") if each.is_file()):
        path = PurePosixPath(file.relative_to(templates).as_posix())
        content = file.read_bytes()
        if path.name.endswith(FILLED_SUFFIX):
            path = path.with_name(path.name.removesuffix(FILLED_SUFFIX))
            content = fill(content.decode(), settings, **more)
        found.append(TemplateFile(path, content))
    return tuple(found)


def manifest(shipped: Iterable[TemplateFile], before: Mapping[str, str] | None = None) -> bytes:
    """Return the manifest of what setup wrote: SHA-256 by path. Files of earlier versions stay in it."""
    digests = {**(before or {}), **{str(each.path): each.digest for each in shipped}}
    return (json.dumps(dict(sorted(digests.items())), indent=2) + "\n").encode()


def parse_manifest(content: bytes | None) -> dict[str, str]:
    """Read the manifest. One that is missing or broken is empty: then every file counts as user-provided."""
    try:
        digests = json.loads(content or b"{}")
    except ValueError:
        return {}
    return {str(path): str(value) for path, value in digests.items()} if isinstance(digests, dict) else {}


def present(conf: Path, shipped: Iterable[TemplateFile]) -> dict[PurePosixPath, bytes]:
    """Return the content of those template files that exist. A link counts as changed by the user."""
    there = (each.path for each in shipped if (conf / each.path).is_symlink() or (conf / each.path).exists())
    return {path: b"" if (conf / path).is_symlink() else read(conf / path) for path in there}


def read(file: Path) -> bytes:
    """Return a file's content. Raises ShoestringError."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ShoestringError(f"{file} cannot be read: {error.strerror}.") from error


def plan(
    shipped: Iterable[TemplateFile], written: Mapping[str, str], present: Mapping[PurePosixPath, bytes]
) -> tuple[FileChange, ...]:
    """Return what to write on a re-run. `written` is the manifest, `present` has the existing files.

    A file that the user changed is never overwritten; if its template changed too, the new version is written next
    to it, once. A file that the user deleted is created again only if Shoestring needs it.
    """
    changes = []
    for file in shipped:
        before, now = written.get(str(file.path)), present.get(file.path)
        if now == file.content:
            continue
        if now is None:
            if before is None or not file.is_optional:
                changes.append(FileChange(file.path, file.content, Action.WRITE))
        elif digest(now) == before:
            changes.append(FileChange(file.path, file.content, Action.UPDATE))
        elif before != file.digest:
            beside = file.path.with_name(file.path.name + NEW_SUFFIX)
            changes.append(FileChange(beside, file.content, Action.BESIDE))
    return tuple(changes)
