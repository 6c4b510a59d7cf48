"""The screens of the commands of the Docker registry. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from installer.services.registry_docker.gc import CollectedWaste, RegistryWaste
from installer.services.registry_docker.login import RegistryLogin
from installer.services.registry_docker.store import ImageTag
from runtime.base.formats import count, duration, size
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


def waste_lines(waste: RegistryWaste) -> list[str]:
    """Return what a collection would delete."""
    lines = [f"  - {each.repository}@{each.digest}" for each in waste.versions]
    about = f"  {count(waste.blobs, 'blob')} would be deleted, {size(waste.size)}. Nothing was changed."
    return [*lines, about]


def collected_lines(done: CollectedWaste) -> list[str]:
    """Return what a collection did."""
    versions = f", {count(len(done.versions), 'untagged version')}" if done.versions else ""
    freed = f"  ✓ {size(done.freed)} freed{versions}; {size(done.left)} are left"
    return [freed, *report_lines(done.report, "the registry runs again")]


def login_lines(login: RegistryLogin, *, dry_run: bool) -> list[str]:
    """Return what was added for the login of this host's engine, or would be."""
    if login.note:
        return [f"  {login.note}"]
    if dry_run:
        return [*(f"  + {each}" for each in login.done), f"  ~ login to {login.address}", "  Nothing was changed."]
    return [*(f"  ✓ {each}" for each in login.done), f"  ✓ logged in to {login.address}"]
