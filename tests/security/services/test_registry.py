"""Users of the Docker registry decide what its store contains: links lead nowhere, and no command hangs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from installer.services.registry_docker import gc, registry
from tests.support.services.registry_stand import Site, open_site

if TYPE_CHECKING:
    from docker import DockerClient

DIGEST = "0" * 64
# Older than any push that is not complete.
LONG_AGO = (1_000_000_000, 1_000_000_000)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, client: DockerClient) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("registry") / "data-directory", client, registry.NAME) as opened:
        yield opened


def repositories(site: Site) -> Path:
    return gc.store(site.instance.paths).root / "docker/registry/v2/repositories"


def planted(path: Path) -> None:
    """Have a path belong to the registry's user, as what it writes itself does."""
    for each in (path, *path.rglob("*")):
        os.chown(each, registry.GROUP, registry.GROUP, follow_symlinks=False)


def revision(folder: Path, name: str) -> Path:
    """Write a link to an old manifest below a folder of revisions."""
    link = folder / name / "link"
    link.parent.mkdir(parents=True)
    link.write_text(f"sha256:{name}")
    os.utime(link, LONG_AGO)
    return link


@pytest.mark.parametrize("linked", ["sha256", "revisions", "_manifests"])
def test_gc_untagged_planted_links(site: Site, tmp_path: Path, linked: str) -> None:
    victim = tmp_path / "victim"
    kept = revision(victim / {"sha256": "", "revisions": "sha256", "_manifests": "revisions/sha256"}[linked], DIGEST)
    own = repositories(site) / f"evil{len(linked)}"
    below = {"sha256": "_manifests/revisions/sha256", "revisions": "_manifests/revisions", "_manifests": "_manifests"}
    link = own / below[linked]
    link.parent.mkdir(parents=True)
    link.symlink_to(victim)
    revision(repositories(site) / "honest/_manifests/revisions/sha256", "1" * 64)
    planted(repositories(site))
    found = site.answer("registry", "gc", "--untagged", "--yes")
    assert kept.read_text() == f"sha256:{DIGEST}"
    assert [each["repository"] for each in found["versions"]] == ["honest"]
    assert not (repositories(site) / f"honest/_manifests/revisions/sha256/{'1' * 64}").exists()
    link.unlink()


def test_list_pipes_devices_and_deep_indexes(site: Site) -> None:
    top = repositories(site).parent
    digest = ""
    for level in range(27):
        children = [{"digest": digest, "size": 1}] * 2 if digest else []
        content = json.dumps({"manifests": children, "annotations": {"level": str(level)}}).encode()
        name = hashlib.sha256(content).hexdigest()
        digest = f"sha256:{name}"
        blob = top / "blobs/sha256" / name[:2] / name / "data"
        blob.parent.mkdir(parents=True)
        blob.write_bytes(content)
    tags = repositories(site) / "deep/_manifests/tags"
    for tag in ("pipe", "device", "deep"):
        (tags / tag / "current").mkdir(parents=True)
    os.mkfifo(tags / "pipe/current/link")
    (tags / "device/current/link").symlink_to("/dev/zero")
    (tags / "deep/current/link").write_text(digest)
    planted(top)
    found = site.answer("registry", "list")
    assert [each["tag"] for each in found["images"] if each["repository"] == "deep"] == ["deep"]
