from __future__ import annotations

import json
import os
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from installer.services.registry_docker.store import Manifest, RegistryStore, link_folder, parse

LONG_AGO, NOW = 1_000.0, 10_000.0


class Written:
    """A registry's folder in the layout of distribution's file system driver."""

    def __init__(self, root: Path) -> None:
        self.store = RegistryStore(root)
        self.top = root / "docker/registry/v2"
        (self.top / "repositories").mkdir(parents=True)

    def blob(self, content: bytes) -> str:
        name = sha256(content).hexdigest()
        folder = self.top / "blobs/sha256" / name[:2] / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "data").write_bytes(content)
        return f"sha256:{name}"

    def version(self, repository: str, document: dict[str, Any], *tags: str, came: float = LONG_AGO) -> str:
        digest = self.blob(json.dumps(document).encode())
        manifests = self.top / "repositories" / repository / "_manifests"
        links = [manifests / "revisions/sha256" / digest.removeprefix("sha256:") / "link"]
        links += [manifests / "tags" / tag / "current/link" for tag in tags]
        for link in links:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.write_text(digest)
            os.utime(link, (came, came))
        return digest

    def image(self, repository: str, text: str, *tags: str, came: float = LONG_AGO, **more: Any) -> str:
        """Write an image with its own layer of 100 bytes, and one of 50 bytes that all images share."""
        layers = [self.blob(text.encode().ljust(100)), self.blob(b"shared".ljust(50))]
        config = self.blob(f"config of {text}".encode().ljust(20))
        document = {
            "config": {"digest": config, "size": 20},
            "layers": [{"digest": layers[0], "size": 100}, {"digest": layers[1], "size": 50}],
            **more,
        }
        return self.version(repository, document, *tags, came=came)

    def index(self, repository: str, children: list[str], *tags: str) -> str:
        return self.version(repository, {"manifests": [{"digest": each, "size": 1} for each in children]}, *tags)

    def untagged(self, *kept: str) -> set[str]:
        return {each.digest for each in self.store.untagged(kept, NOW)}


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return Written(tmp_path)


def test_tags_have_sizes(written: Written) -> None:
    first = written.image("team/app", "one", "1", "latest")
    written.index("multi", [written.image("multi", "amd64"), written.image("multi", "arm64")], "1")
    tags = written.store.tags()
    assert [(each.repository, each.name) for each in tags] == [
        ("multi", "1"),
        ("team/app", "1"),
        ("team/app", "latest"),
    ]
    assert tags[1].digest == first
    assert tags[1].size == 170
    # The layer that both platforms share counts once.
    assert tags[0].size == 2 * 120 + 50


def test_untagged_leaves_out_referenced_versions(written: Written) -> None:
    old = written.image("app", "old")
    written.image("app", "new", "1")
    children = [written.image("app", "amd64"), written.image("app", "arm64")]
    written.index("app", children, "2")
    assert written.untagged() == {old}


def test_untagged_index_with_its_platforms(written: Written) -> None:
    shared = written.image("app", "shared platform")
    unreferenced = written.index("app", [shared, written.image("app", "only here")])
    written.index("app", [shared], "1")
    assert unreferenced in written.untagged()
    assert shared not in written.untagged()
    assert len(written.untagged()) == 2


def test_untagged_signature_follows_its_subject(written: Written) -> None:
    image = written.image("app", "one", "1")
    other = written.image("app", "two")
    signature = written.image("app", "signature", subject={"digest": image})
    other_signature = written.image("app", "signature of two", subject={"digest": other})
    assert written.untagged() == {other, other_signature}
    assert written.untagged(other) == set()
    assert signature not in written.untagged()


def test_untagged_leaves_out_recent_versions(written: Written) -> None:
    # Clients push an index after its images.
    written.image("app", "being pushed", came=NOW)
    assert written.untagged() == set()


def test_unreferenced_blobs(written: Written, tmp_path: Path) -> None:
    written.image("app", "new", "1")
    assert written.store.unreferenced() == {}
    orphan = written.blob(b"an upload that was never finished")
    old = written.image("app", "old")
    (version,) = (each for each in written.store.versions("app") if each.digest == old)
    assert set(written.store.unreferenced()) == {orphan}
    dead = written.store.unreferenced((version,))
    # The manifest, its configuration and its own layer; the shared one stays.
    assert (len(dead), old in dead) == (4, True)
    shutil.rmtree(tmp_path / link_folder(version))
    assert written.store.unreferenced() == dead


def test_unreferenced_keeps_blobs_of_other_repository(written: Written) -> None:
    written.image("a", "one")
    written.image("b", "one", "1")
    (version,) = written.store.untagged((), NOW)
    assert version.repository == "a"
    assert written.store.unreferenced((version,)) == {}


def test_manifest_of_invalid_document(written: Written) -> None:
    digest = written.version("app", {"layers": "none", "config": 3}, "1")
    assert written.store.manifest(digest) == Manifest()
    assert written.store.manifest("sha256:" + "0" * 64) == Manifest()
    assert [each.size for each in written.store.tags()] == [0]


def test_store_of_empty_registry(tmp_path: Path) -> None:
    store = RegistryStore(tmp_path / "none")
    assert (store.tags(), store.unreferenced(), store.untagged((), NOW), store.size()) == ((), {}, (), 0)


def test_parse_manifest_of_schema_1() -> None:
    assert parse({"schemaVersion": 1, "fsLayers": [{"blobSum": "sha256:a"}]}).parts == (("sha256:a", 0),)


def test_size_of_index_that_names_another_many_times(written: Written) -> None:
    digest = written.image("app", "one")
    for level in range(40):
        document = {"manifests": [{"digest": digest, "size": 1}] * 2, "annotations": {"level": str(level)}}
        digest = written.version("app", document)
    assert written.store.size_of(digest) == 170


@pytest.mark.parametrize("name", ["tags", "revisions", "repository"])
def test_store_follows_no_link(written: Written, tmp_path: Path, name: str) -> None:
    outside = Written(tmp_path / "outside")
    outside.image("app", "secret", "1")
    written.image("app", "own", "1")
    manifests = written.top / "repositories/app/_manifests"
    link = {"repository": written.top / "repositories/other"}.get(name, manifests / name)
    if link.exists():
        shutil.rmtree(link)
    target = outside.top / "repositories/app" / ("" if name == "repository" else f"_manifests/{name}")
    link.symlink_to(target)
    assert "other" not in written.store.repositories()
    assert (written.store.tags() == ()) is (name == "tags")
    assert (written.store.versions("app") == ()) is (name == "revisions")


def test_store_reads_no_special_or_large_files(written: Written) -> None:
    digest = written.image("app", "own", "1", "2", "3")
    tags = written.top / "repositories/app/_manifests/tags"
    for name, replace in (("1", os.mkfifo), ("2", lambda path: path.symlink_to("/dev/zero"))):
        link = tags / name / "current/link"
        link.unlink()
        replace(link)
    (tags / "3/current/link").write_text(digest + " " * 1000)
    assert written.store.tags() == ()
    (written.top / "blobs/sha256" / digest[7:9] / digest[7:] / "data").write_bytes(b"[" * 100_000)
    assert written.store.manifest(digest) == Manifest()


@pytest.mark.parametrize("name", ["../../../../etc", "UPPER", ".hidden", "a b", "a\nb"])
def test_repositories_with_other_names_are_unknown(written: Written, name: str) -> None:
    (written.top / "repositories").joinpath(name, "_manifests").mkdir(parents=True)
    assert written.store.repositories() == ()


def test_versions_with_other_names_are_unknown(written: Written) -> None:
    written.image("app", "own")
    folder = written.top / "repositories/app/_manifests/revisions/sha256/..data"
    folder.mkdir()
    (folder / "link").write_text("sha256:" + "0" * 64)
    assert len(written.store.versions("app")) == 1
