"""The Docker registry's store, read from its folder. Users who push decide what is in it.

So only names that the registry itself makes are known, no link is followed, and nothing is changed here: versions are
deleted in the registry's own container. The layout is that of distribution's file system driver
(registry/storage/paths.go): repositories with links, and blobs by digest. A manifest is a blob too:
https://github.com/opencontainers/image-spec/blob/main/manifest.md
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from installer.services.registry_docker.untrusted_folder import UntrustedFolder

_TOP = PurePosixPath("docker/registry/v2")
_REPOSITORIES = _TOP / "repositories"
_ALGORITHM = "sha256"
# Names as in distribution's reference package (reference/regexp.go); a repository's name has 255 characters at most.
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_HEXADECIMAL = re.compile(r"[0-9a-f]{64}")
_NAME_LENGTH = 255
# A link holds a digest; distribution accepts manifests of up to 4 MiB (registry/handlers/manifests.go).
_LINK_BYTES = 128
_MANIFEST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class ImageTag:
    """One tag of a repository: its digest, its size in bytes, when it was pushed (seconds since 1970)."""

    repository: str
    name: str
    digest: str
    size: int
    pushed: float


@dataclass(frozen=True)
class ImageVersion:
    """One manifest of a repository, and when it was pushed (seconds since 1970)."""

    repository: str
    digest: str
    pushed: float


@dataclass(frozen=True)
class Manifest:
    """The references of a manifest: `parts` are its configuration and layers with sizes, `children` the manifests of
    an index, `subject` the manifest that it belongs to, such as that of a signature.
    """

    parts: tuple[tuple[str, int], ...] = ()
    children: tuple[str, ...] = ()
    subject: str = ""


@dataclass(frozen=True)
class RegistryStore:
    """The registry's folder."""

    root: Path

    @property
    def _folder(self) -> UntrustedFolder:
        return UntrustedFolder(self.root)

    def repositories(self) -> tuple[str, ...]:
        """Return the names of all repositories that have ever had an image."""
        found, left = [], [PurePosixPath()]
        while left:
            current = left.pop()
            names = self._folder.folders(_REPOSITORIES / current)
            if "_manifests" in names and current.parts:
                found.append(current.as_posix())
            below = [current / name for name in names if _COMPONENT.fullmatch(name)]
            left += [each for each in below if len(each.as_posix()) <= _NAME_LENGTH]
        return tuple(sorted(found))

    def tags(self) -> tuple[ImageTag, ...]:
        """Return all tags, by repository and name."""
        return tuple(tag for repository in self.repositories() for tag in self._tags(repository))

    def _tags(self, repository: str) -> Iterator[ImageTag]:
        folder = _manifests(repository) / "tags"
        for name in self._folder.folders(folder):
            link = self._folder.read(folder / name / "current" / "link", _LINK_BYTES)
            digest = link.content.decode(errors="replace").strip() if link else ""
            if link and _TAG.fullmatch(name) and _hexadecimal(digest):
                yield ImageTag(repository, name, digest, self.size_of(digest), link.changed)

    def versions(self, repository: str) -> tuple[ImageVersion, ...]:
        """Return all manifests of a repository, tagged or untagged."""
        return tuple(self._versions(repository))

    def _versions(self, repository: str) -> Iterator[ImageVersion]:
        folder = _manifests(repository) / "revisions" / _ALGORITHM
        for name in self._folder.folders(folder):
            link = self._folder.read(folder / name / "link", _LINK_BYTES)
            if link and _HEXADECIMAL.fullmatch(name):
                yield ImageVersion(repository, f"{_ALGORITHM}:{name}", link.changed)

    def manifest(self, digest: str) -> Manifest:
        """Return a manifest; an empty one for a blob that is not a manifest, or is missing."""
        name = _hexadecimal(digest)
        file = self._folder.read(_blob(name), _MANIFEST_BYTES) if name else None
        try:
            return parse(json.loads(file.content)) if file else Manifest()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return Manifest()

    def size_of(self, digest: str) -> int:
        """Return the bytes of an image: all blobs of its manifest and of those of its platforms, each once."""
        parts: dict[str, int] = {}
        seen, left = {digest}, [digest]
        while left:
            found = self.manifest(left.pop())
            parts |= dict(found.parts)
            # An index may name another one many times, on each of many levels.
            below = set(found.children) - seen
            seen |= below
            left += below
        return sum(parts.values())

    def blobs(self) -> dict[str, int]:
        """Return all blobs with their sizes in bytes."""
        return {f"{_ALGORITHM}:{name}": size for name, size in self._blobs()}

    def _blobs(self) -> Iterator[tuple[str, int]]:
        top = _TOP / "blobs" / _ALGORITHM
        for prefix in self._folder.folders(top):
            for name in self._folder.folders(top / prefix):
                size = self._folder.size(top / prefix / name / "data")
                if size is not None and _HEXADECIMAL.fullmatch(name):
                    yield name, size

    def size(self) -> int:
        """Return the bytes of all files."""
        return self._folder.total()

    def untagged(self, kept: Iterable[str], before: float) -> tuple[ImageVersion, ...]:
        """Return the versions that no tag references and that were pushed before a moment (seconds since 1970).

        The digests in `kept` reference versions as tags do: the platforms of an index, and manifests that belong to
        one, such as signatures.
        """
        kept_digests = set(kept)
        return tuple(each for name in self.repositories() for each in self._untagged(name, kept_digests, before))

    def _untagged(self, repository: str, kept: set[str], before: float) -> Iterator[ImageVersion]:
        versions = self.versions(repository)
        manifests = {each.digest: self.manifest(each.digest) for each in versions}
        live = {tag.digest for tag in self._tags(repository)} | kept
        live |= {each.digest for each in versions if each.pushed >= before}
        while True:
            more = {child for digest in live & manifests.keys() for child in manifests[digest].children}
            more |= {digest for digest, manifest in manifests.items() if manifest.subject in live}
            if more <= live:
                break
            live |= more
        yield from (each for each in versions if each.digest not in live)

    def unreferenced(self, without: Iterable[ImageVersion] = ()) -> dict[str, int]:
        """Return the unreferenced blobs with their sizes: what a collection deletes once `without` are deleted."""
        gone = {(each.repository, each.digest) for each in without}
        live: set[str] = set()
        for repository in self.repositories():
            for each in self.versions(repository):
                if (repository, each.digest) not in gone:
                    found = self.manifest(each.digest)
                    live |= {each.digest, *found.children, *(digest for digest, _ in found.parts)}
        return {digest: size for digest, size in self.blobs().items() if digest not in live}


def link_folder(version: ImageVersion) -> PurePosixPath:
    """Return the folder, below the store, whose removal deletes a version, as the registry itself does for DELETE."""
    return _manifests(version.repository) / "revisions" / _ALGORITHM / _hexadecimal(version.digest)


def _manifests(repository: str) -> PurePosixPath:
    return _REPOSITORIES / repository / "_manifests"


def _blob(name: str) -> PurePosixPath:
    return _TOP / "blobs" / _ALGORITHM / name[:2] / name / "data"


def _hexadecimal(digest: str) -> str:
    """Return the 64 hexadecimal digits of a digest; empty if it has no such ones."""
    algorithm, _, name = digest.partition(":")
    return name if algorithm == _ALGORITHM and _HEXADECIMAL.fullmatch(name) else ""


def parse(document: dict[str, Any]) -> Manifest:
    """Parse a manifest or an index of Docker's or OCI's type, also of schema 1."""
    described = [*document.get("layers", ()), *([document["config"]] if "config" in document else ())]
    parts = [(str(each["digest"]), int(each.get("size", 0))) for each in described]
    parts += [(str(each["blobSum"]), 0) for each in document.get("fsLayers", ())]
    children = tuple(str(each["digest"]) for each in document.get("manifests", ()))
    return Manifest(tuple(parts), children, str((document.get("subject") or {}).get("digest", "")))
