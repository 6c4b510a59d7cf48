"""Pulling with a real engine, from a small registry on the loopback address, where engines ask for no TLS."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import docker
import pytest
from docker import DockerClient

from installer.images import ImageAction, ImageOutcome, Need, Progress, PullError, fetch, pull
from installer.images.lookup import look_up
from runtime.base.errors import ShoestringError
from runtime.proxy import check

pytestmark = pytest.mark.engine

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
# Large enough for the engine to tell how far the download is.
PAYLOAD_BYTES = 3_000_000


@dataclass(frozen=True)
class Blob:
    """What a registry holds under a digest."""

    content: bytes
    kind: str

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    @property
    def descriptor(self) -> dict[str, object]:
        return {"mediaType": self.kind, "size": len(self.content), "digest": self.digest}


@dataclass
class Registry:
    """A registry with one image, whose name no other run uses."""

    host: str
    repository: str = field(default_factory=lambda: f"shoestring-test-{uuid.uuid4().hex[:8]}")
    blobs: dict[str, Blob] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        return f"{self.host}/{self.repository}:1"

    def publish(self) -> None:
        """Make an image of one layer, after the image manifest specification, version 2, schema 2."""
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w") as archive:
            entry = tarfile.TarInfo("payload")
            entry.size = PAYLOAD_BYTES
            archive.addfile(entry, io.BytesIO(uuid.uuid4().bytes * (PAYLOAD_BYTES // 16)))
        difference = f"sha256:{hashlib.sha256(plain.getvalue()).hexdigest()}"
        config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [difference]}}
        layer = Blob(gzip.compress(plain.getvalue(), compresslevel=0), LAYER)
        settings = Blob(json.dumps(config).encode(), CONFIG)
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": settings.descriptor}
        listing = Blob(json.dumps({**manifest, "layers": [layer.descriptor]}).encode(), MANIFEST)
        self.blobs = {blob.digest: blob for blob in (layer, settings, listing)} | {"1": listing}


@pytest.fixture
def registry() -> Iterator[Registry]:
    shelf = Registry("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            blob = Blob(b"{}", "application/json") if self.path == "/v2/" else self._blob()
            self.send_response(200 if blob else 404)
            if blob:
                self.send_header("Content-Type", blob.kind)
                self.send_header("Docker-Content-Digest", blob.digest)
            self.send_header("Content-Length", str(len(blob.content) if blob else 0))
            self.end_headers()
            if blob and self.command == "GET":
                self.wfile.write(blob.content)

        do_HEAD = do_GET  # noqa: N815 - the name that the server looks for

        def _blob(self) -> Blob | None:
            known = self.path.startswith(f"/v2/{shelf.repository}/")
            return shelf.blobs.get(self.path.rpartition("/")[2]) if known else None

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        shelf.host = f"127.0.0.1:{server.server_port}"
        shelf.publish()
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield shelf
        server.shutdown()


@pytest.fixture
def client(registry: Registry) -> Iterator[DockerClient]:
    connected = docker.from_env()
    yield connected
    if look_up(connected, registry.reference):
        connected.images.remove(registry.reference)
    connected.close()


def test_a_pull_tells_how_far_it_is(client: DockerClient, registry: Registry) -> None:
    told: list[Progress] = []
    (pulled,) = pull(client, (registry.reference,), told.append)
    assert (pulled.name, pulled.outcome) == (registry.reference, ImageOutcome.PULLED)
    assert pulled.size >= PAYLOAD_BYTES
    assert {progress.action for progress in told} == {ImageAction.PULL}
    assert told[-1].done == told[-1].total >= PAYLOAD_BYTES
    assert all(progress.done <= progress.total for progress in told)


def test_fetching_pulls_what_has_no_recipe(client: DockerClient, registry: Registry) -> None:
    (fetched,) = fetch(client, (Need(registry.reference, ImageAction.PULL, registry.reference),))
    assert fetched.outcome is ImageOutcome.PULLED
    assert look_up(client, registry.reference) is not None


def test_the_check_of_a_configuration_gets_its_image(
    client: DockerClient, registry: Registry, tmp_path: Path
) -> None:
    """As after a power cut in a setup, before it had fetched what the first start needs."""
    # There is no HAProxy in it.
    with pytest.raises(ShoestringError, match="Docker cannot run HAProxy"):
        check.check(client, registry.reference, tmp_path, tmp_path)
    assert look_up(client, registry.reference) is not None


def test_an_image_that_the_registry_does_not_have(client: DockerClient, registry: Registry) -> None:
    with pytest.raises(PullError, match="could not be pulled") as caught:
        pull(client, (f"{registry.host}/{registry.repository}:2",))
    assert len(str(caught.value).splitlines()) == 1


def test_a_download_that_breaks_off_is_an_error(client: DockerClient, registry: Registry) -> None:
    registry.blobs = {key: blob for key, blob in registry.blobs.items() if blob.kind != LAYER}
    with pytest.raises(PullError):
        pull(client, (registry.reference,))
    assert look_up(client, registry.reference) is None


def test_no_registry_fails_within_seconds_and_only_once(client: DockerClient) -> None:
    told: list[Progress] = []
    began = time.monotonic()
    # Nobody listens on port 1.
    with pytest.raises(PullError, match=r"127\.0\.0\.1:1/first:1 could not be pulled"):
        pull(client, ("127.0.0.1:1/first:1", "127.0.0.1:1/second:1"), told.append)
    assert time.monotonic() - began < 10
    assert {progress.image for progress in told} == {"127.0.0.1:1/first:1"}
