"""The answers of the commands of the Docker registry, as text or JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from installer.services.registry_docker.gc import CollectedWaste, RegistryWaste
from installer.services.registry_docker.login import RegistryLogin
from installer.services.registry_docker.store import ImageTag
from runtime.base.formats import count, duration, rfc3339, size
from runtime.output.encoder import as_json
from runtime.output.report import report_lines
from runtime.output.table import table


def list_lines(tags: Iterable[ImageTag], address: str, now: datetime) -> list[str]:
    """Return the images, a line a tag; sizes are of the compressed data in the store."""
    rows = [
        (f"{address}/{each.repository}:{each.name}", size(each.size), duration(now.timestamp() - each.pushed))
        for each in tags
    ]
    if not rows:
        return [f"  No images yet. Push one: docker push {address}/NAME:TAG"]
    return table([("IMAGE", "SIZE", "PUSHED"), *rows], frozenset((1,)))


def list_json(tags: Iterable[ImageTag], address: str) -> str:
    """Return the answer of `registry list`; sizes are in bytes."""
    return as_json(
        address=address,
        images=[
            {
                "repository": each.repository,
                "tag": each.name,
                "digest": each.digest,
                "size": each.size,
                "pushed": rfc3339(each.pushed),
            }
            for each in tags
        ],
    )


def waste_lines(waste: RegistryWaste) -> list[str]:
    """Return what a collection would delete."""
    lines = [f"  - {each.repository}@{each.digest}" for each in waste.versions]
    about = f"  {count(waste.blobs, 'blob')} would be deleted, {size(waste.size)}. Nothing was changed."
    return [*lines, about]


def waste_json(waste: RegistryWaste) -> str:
    """Return the answer of `registry gc --dry-run`; `size` is in bytes."""
    versions = [{"repository": each.repository, "digest": each.digest} for each in waste.versions]
    return as_json(versions=versions, blobs=waste.blobs, size=waste.size)


def collected_lines(done: CollectedWaste) -> list[str]:
    """Return what a collection did."""
    versions = f", {count(len(done.versions), 'untagged version')}" if done.versions else ""
    freed = f"  ✓ {size(done.freed)} freed{versions}; {size(done.left)} are left"
    return [freed, *report_lines(done.report, "the registry runs again")]


def collected_json(done: CollectedWaste) -> str:
    """Return the answer of `registry gc`; sizes are in bytes."""
    versions = [{"repository": each.repository, "digest": each.digest} for each in done.versions]
    return as_json(versions=versions, freed=done.freed, left=done.left, ok=done.report.ok)


def login_lines(login: RegistryLogin, *, dry_run: bool) -> list[str]:
    """Return what was added for the login of this host's engine, or would be."""
    if login.note:
        return [f"  {login.note}"]
    if dry_run:
        return [*(f"  + {each}" for each in login.done), f"  ~ login to {login.address}", "  Nothing was changed."]
    return [*(f"  ✓ {each}" for each in login.done), f"  ✓ logged in to {login.address}"]


def login_json(login: RegistryLogin) -> str:
    """Return the answer of `registry login`."""
    return as_json(ok=not login.note, address=login.address, done=list(login.done), note=login.note or None)
