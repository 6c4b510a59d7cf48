"""A small Docker registry on the loopback address, where engines ask for no TLS."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
# Large enough for the engine to report progress.
PAYLOAD_BYTES = 3_000_000


@dataclass(frozen=True)
class Blob:
    """The content of a registry under a digest."""

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


@contextmanager
def open_registry() -> Iterator[Registry]:
    """Serve a registry with its image on a free port until the block ends."""
    registry = Registry("")

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
            known = self.path.startswith(f"/v2/{registry.repository}/")
            return registry.blobs.get(self.path.rpartition("/")[2]) if known else None

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        registry.host = f"127.0.0.1:{server.server_port}"
        registry.publish()
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield registry
        server.shutdown()
