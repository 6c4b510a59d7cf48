"""The JSON answers of the commands of the Docker registry: docs/json.md is made from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from installer.services.registry_docker.gc import CollectedWaste, RegistryWaste
from installer.services.registry_docker.login import RegistryLogin
from installer.services.registry_docker.store import ImageTag, ImageVersion
from runtime.base.formats import rfc3339


@dataclass(frozen=True)
class TagEntry:
    """A tag of an image."""

    repository: str
    tag: str
    digest: str
    size: Annotated[int, "bytes in the store, compressed"]
    pushed: Annotated[str, "when it was pushed (RFC 3339)"]


@dataclass(frozen=True)
class TagsJson:
    """The images in the registry."""

    address: Annotated[str, "the prefix of the names of its images"]
    images: Annotated[tuple[TagEntry, ...], "one for each tag"]

    @classmethod
    def of(cls, tags: Iterable[ImageTag], address: str) -> TagsJson:
        """Return the result of `registry list`."""
        entries = (
            TagEntry(each.repository, each.name, each.digest, each.size, rfc3339(each.pushed)) for each in tags
        )
        return cls(address, tuple(entries))


@dataclass(frozen=True)
class VersionEntry:
    """An untagged version of an image."""

    repository: str
    digest: str

    @classmethod
    def of(cls, version: ImageVersion) -> VersionEntry:
        """Return the entry of a version."""
        return cls(version.repository, version.digest)


@dataclass(frozen=True)
class WasteJson:
    """The data that a garbage collection would delete."""

    versions: Annotated[tuple[VersionEntry, ...], "untagged versions"]
    blobs: Annotated[int, "number of blobs"]
    size: Annotated[int, "bytes of the blobs"]

    @classmethod
    def of(cls, waste: RegistryWaste) -> WasteJson:
        """Return the result of `registry gc --dry-run`."""
        return cls(tuple(map(VersionEntry.of, waste.versions)), waste.blobs, waste.size)


@dataclass(frozen=True)
class CollectedJson:
    """A garbage collection."""

    versions: Annotated[tuple[VersionEntry, ...], "the untagged versions that were deleted"]
    freed: Annotated[int, "bytes"]
    left: Annotated[int, "bytes that are still used"]
    ok: Annotated[bool, "everything runs again"]

    @classmethod
    def of(cls, done: CollectedWaste) -> CollectedJson:
        """Return the result of `registry gc`."""
        return cls(tuple(map(VersionEntry.of, done.versions)), done.freed, done.left, done.report.ok)


@dataclass(frozen=True)
class LoginJson:
    """The login of this host to the registry."""

    ok: Annotated[bool, "false if the user must do something first, which is in `note`"]
    address: str
    done: Annotated[tuple[str, ...], "what was added on this host, or would be with `--dry-run`"]
    note: Annotated[str | None, "what to do first"]

    @classmethod
    def of(cls, login: RegistryLogin) -> LoginJson:
        """Return the result of `registry login`."""
        return cls(not login.note, login.address, tuple(login.done), login.note or None)
