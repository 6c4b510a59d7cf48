"""The template files that setup writes into `conf/`, and what setup does with each when it runs again. Reads only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

import jinja2

from runtime.base.errors import ShoestringError
from runtime.config.settings import Settings

TEMPLATES = Path(__file__).parents[2] / "templates" / "conf"
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
        """Return the SHA-256 of the content."""
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
    """Return the SHA-256 of a file's content, in hexadecimal."""
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


def present(conf: Path, templates: Iterable[TemplateFile]) -> dict[PurePosixPath, bytes]:
    """Return the content of those template files that exist. A link counts as changed by the user."""
    existing = (each.path for each in templates if (conf / each.path).is_symlink() or (conf / each.path).exists())
    return {path: b"" if (conf / path).is_symlink() else read_file(conf / path) for path in existing}


def read_file(file: Path) -> bytes:
    """Return a file's content. Raises ShoestringError."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ShoestringError(f"{file} cannot be read: {error.strerror}.") from error


def plan(
    templates: Iterable[TemplateFile], written: Mapping[str, str], present: Mapping[PurePosixPath, bytes]
) -> tuple[FileChange, ...]:
    """Return what to write on a re-run. `written` is the manifest, `present` has the existing files.

    A file that the user changed is never overwritten; if its template changed too, the new version is written next
    to it, once. A file that the user deleted is created again only if Shoestring needs it.
    """
    changes = []
    for file in templates:
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
