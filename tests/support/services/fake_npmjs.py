"""A fake of npmjs: one package, and a record of the requested paths."""

from __future__ import annotations

import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LEFT_PAD = "left-pad-of-npmjs"


@dataclass(frozen=True)
class FakeNpmjs:
    """Has one package, and records each requested path. While it is `down`, it answers 503."""

    port: int
    asked: list[str] = field(default_factory=list)
    down: threading.Event = field(default_factory=threading.Event)


def tarball(name: str) -> bytes:
    """Return a package as npm packs it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        content = json.dumps({"name": name, "version": "1.0.0"}).encode()
        entry = tarfile.TarInfo("package/package.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@contextmanager
def fake_npmjs(address: str) -> Iterator[FakeNpmjs]:
    """Serve the fake at an address that the registry's container reaches."""
    package = tarball(LEFT_PAD)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.asked.append(self.path)
            if fake.down.is_set():
                self.answer(503, b"{}", "application/json")
            elif self.path.startswith(f"/{LEFT_PAD}/-/"):
                self.answer(200, package, "application/octet-stream")
            elif self.path == f"/{LEFT_PAD}":
                self.answer(200, json.dumps(self.document()).encode(), "application/json")
            else:
                self.answer(404, b"{}", "application/json")

        def document(self) -> dict[str, object]:
            url = f"http://{address}:{fake.port}/{LEFT_PAD}/-/{LEFT_PAD}-1.0.0.tgz"
            version = {"name": LEFT_PAD, "version": "1.0.0", "dist": {"tarball": url}}
            return {"name": LEFT_PAD, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}

        def answer(self, status: int, content: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer((address, 0), Handler)
    fake = FakeNpmjs(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
