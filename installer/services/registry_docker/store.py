"""The Docker registry's store, read from its folder. Only `delete_version` changes it.

The layout is that of distribution's file system driver (registry/storage/paths.go): repositories with links, and
blobs by digest. A manifest is a blob too: https://github.com/opencontainers/image-spec/blob/main/manifest.md
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.base import files

_TOP = "docker/registry/v2"
_ALGORITHM = "sha256"


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

    def repositories(self) -> tuple[str, ...]:
        """Return the names of all repositories that have ever had an image."""
        top = self.root / _TOP / "repositories"
        found = (each.parent.relative_to(top).as_posix() for each in top.rglob("_manifests"))
        return tuple(sorted(found))

    def tags(self) -> tuple[ImageTag, ...]:
        """Return all tags, by repository and name."""
        return tuple(tag for repository in self.repositories() for tag in self._tags(repository))

    def _tags(self, repository: str) -> Iterator[ImageTag]:
        for link in sorted(self._manifests(repository).glob("tags/*/current/link")):
            digest = link.read_text(encoding="ascii").strip()
            yield ImageTag(repository, link.parent.parent.name, digest, self.size_of(digest), link.stat().st_mtime)

    def versions(self, repository: str) -> tuple[ImageVersion, ...]:
        """Return all manifests of a repository, tagged or untagged."""
        links = sorted(self._manifests(repository).glob(f"revisions/{_ALGORITHM}/*/link"))
        return tuple(
            ImageVersion(repository, f"{_ALGORITHM}:{link.parent.name}", link.stat().st_mtime) for link in links
        )

    def manifest(self, digest: str) -> Manifest:
        """Return a manifest; an empty one for a blob that is not a manifest, or is missing."""
        try:
            return parse(json.loads(self._blob(digest).read_bytes()))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return Manifest()

    def size_of(self, digest: str) -> int:
        """Return the bytes of an image: all blobs of its manifest and of those of its platforms, each once."""
        return sum(dict(self._parts(digest)).values())

    def _parts(self, digest: str) -> Iterator[tuple[str, int]]:
        found = self.manifest(digest)
        yield from found.parts
        for child in found.children:
            yield from self._parts(child)

    def blobs(self) -> dict[str, int]:
        """Return all blobs with their sizes in bytes."""
        found = (self.root / _TOP / "blobs" / _ALGORITHM).glob("??/*/data")
        return {f"{_ALGORITHM}:{each.parent.name}": each.stat().st_size for each in found}

    def size(self) -> int:
        """Return the bytes of all files; one that is deleted meanwhile counts nothing."""
        total = 0
        for file in self.root.rglob("*"):
            try:
                total += file.lstat().st_size if file.is_file() else 0
            except FileNotFoundError:
                continue
        return total

    def untagged(self, kept: Iterable[str], before: float) -> tuple[ImageVersion, ...]:
        """Return the versions that no tag references and that were pushed before a moment (seconds since 1970).

        The digests in `kept` reference versions as tags do: the platforms of an index, and manifests that belong to
        one, such as signatures.
        """
        wanted = set(kept)
        return tuple(each for name in self.repositories() for each in self._untagged(name, wanted, before))

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

    def delete_version(self, version: ImageVersion) -> None:
        """Remove the link to a version, as the registry itself does for DELETE."""
        digest = version.digest.removeprefix(f"{_ALGORITHM}:")
        files.remove_tree(self._manifests(version.repository) / "revisions" / _ALGORITHM / digest)

    def _manifests(self, repository: str) -> Path:
        return self.root / _TOP / "repositories" / repository / "_manifests"

    def _blob(self, digest: str) -> Path:
        name = digest.removeprefix(f"{_ALGORITHM}:")
        return self.root / _TOP / "blobs" / _ALGORITHM / name[:2] / name / "data"


def parse(document: dict[str, Any]) -> Manifest:
    """Parse a manifest or an index of Docker's or OCI's type, also of schema 1."""
    described = [*document.get("layers", ()), *([document["config"]] if "config" in document else ())]
    parts = [(str(each["digest"]), int(each.get("size", 0))) for each in described]
    parts += [(str(each["blobSum"]), 0) for each in document.get("fsLayers", ())]
    children = tuple(str(each["digest"]) for each in document.get("manifests", ()))
    return Manifest(tuple(parts), children, str((document.get("subject") or {}).get("digest", "")))
