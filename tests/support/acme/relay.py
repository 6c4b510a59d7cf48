"""A fake front of a real CA: it forwards requests to pebble, counts them, and misbehaves as a test wants.

pebble makes its URLs from the Host header, and compares the URL that a client has signed (RFC 8555, section 6.4) with
it; so the header is forwarded unchanged, and all URLs that a client gets lead through the relay.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.acme.front import Front
from tests.support.acme.stand import Pebble, endpoint
from tests.support.engine import free_port

NONCE_PATH = "/nonce-plz"
PASSED_ON = ("Content-Type", "Location", "Link", "Replay-Nonce", "Retry-After", "Cache-Control")


@dataclass(frozen=True)
class Problem:
    """An error that the CA answers (RFC 8555, section 6.7); `retry_after` in seconds, 0 for none."""

    kind: str
    detail: str
    status: int
    retry_after: int = 0


def rate_limited(retry_after: int) -> Problem:
    """Return the answer of a CA whose limit is reached."""
    return Problem(
        "rateLimited", "too many certificates already issued for this exact set of names", 429, retry_after
    )


REFUSED = Problem("serverInternal", "The fake CA front refuses all.", 500)


@dataclass(frozen=True)
class Window:
    """When to renew a certificate (RFC 9773, section 4.2): RFC 3339 times; seconds to the next request."""

    start: str
    end: str
    retry_after: int = 21_600


@dataclass
class Faults:
    """How the relay misbehaves. `problems` are answered in place of the CA, by endpoint (`new-order`, ...)."""

    delay_seconds: float = 0.0
    problems: dict[str, Problem] = field(default_factory=dict)
    without_renewal_info: bool = False
    window: Window | None = None


@dataclass(frozen=True)
class _Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class FakeFront:
    """A fake front of a pebble; `faults` may be changed at any time. Up when it is made; `close` ends it."""

    def __init__(self, pebble: Pebble) -> None:
        self.faults = Faults()
        self.port = free_port(pebble.address)
        self._pebble = pebble
        self._seen: Counter[str] = Counter()
        self._server: ThreadingHTTPServer | None = None
        self._counting = threading.Lock()
        self._closing = threading.Event()
        self.up()

    @property
    def directory(self) -> str:
        """The URL of the ACME directory that leads through this front."""
        return f"https://{self._pebble.address}:{self.port}/dir"

    @property
    def ca_file(self) -> Path:
        """What clients must trust to talk to this front."""
        return self._pebble.ca_file

    def requests(self) -> Counter[str]:
        """Return the number of requests by endpoint of RFC 8555, with those that the relay answered itself."""
        with self._counting:
            return Counter(self._seen)

    def up(self) -> None:
        """Listen, again after `down`. The CA has forgotten nothing meanwhile."""
        if self._server:
            return
        relay, tls = self, self._front.server()

        class Handler(BaseHTTPRequestHandler):
            timeout = 60

            def setup(self) -> None:
                # Not where connections are taken: a client that is slow to shake hands would stop all others.
                self.request = tls.wrap_socket(self.request, server_side=True)
                super().setup()

            def finish(self) -> None:
                super().finish()
                self.request.close()

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                reply = relay._answer(self.command, self.path, self.headers, self.rfile.read(length))
                self.send_response(reply.status)
                for name, value in [*reply.headers, ("Content-Length", str(len(reply.body)))]:
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply.body)

            do_HEAD = do_POST = do_GET  # noqa: N815 - the names that the server looks for

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self._server = _Server((self._pebble.address, self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def down(self) -> None:
        """Refuse connections until `up`."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def close(self) -> None:
        self._closing.set()
        self.down()

    @property
    def _front(self) -> Front:
        return self._pebble.front

    def _answer(self, method: str, path: str, headers: Message, body: bytes) -> _Reply:
        name = endpoint(path)
        with self._counting:
            self._seen[name] += 1
        self._closing.wait(self.faults.delay_seconds)
        problem, window = self.faults.problems.get(name), self.faults.window
        if problem:
            return self._problem(problem)
        if name == "renewal-info" and window:
            return _renewal_info(window)
        reply = self._ask(method, path, headers, body)
        return _without_renewal_info(reply) if name == "directory" and self.faults.without_renewal_info else reply

    def _ask(self, method: str, path: str, headers: Message, body: bytes) -> _Reply:
        """Forward a request to pebble; 502 if it does not answer."""
        forwarded: dict[str, str] = {
            name: headers[name] for name in ("Host", "Content-Type", "User-Agent", "Accept") if name in headers
        }
        connection = http.client.HTTPSConnection(
            self._pebble.address, self._pebble.port, timeout=60, context=self._front.client()
        )
        with contextlib.closing(connection):
            try:
                connection.request(method, path, body or None, forwarded)
                response = connection.getresponse()
                content = response.read()
            except OSError:
                return _Reply(502, [], b"")
        return _Reply(response.status, [pair for pair in response.getheaders() if pair[0] in PASSED_ON], content)

    def _problem(self, problem: Problem) -> _Reply:
        # Each answer to a POST has a nonce (RFC 8555, section 6.5).
        nonce = self._ask("HEAD", NONCE_PATH, Message(), b"")
        headers = [pair for pair in nonce.headers if pair[0] == "Replay-Nonce"]
        if problem.retry_after:
            headers.append(("Retry-After", str(problem.retry_after)))
        document = {"type": f"urn:ietf:params:acme:error:{problem.kind}", "detail": problem.detail}
        return _json_reply(document, headers, status=problem.status, kind="application/problem+json")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnect or do not trust the front."""


def _json_reply(
    document: object, headers: list[tuple[str, str]], *, status: int = 200, kind: str = "application/json"
) -> _Reply:
    return _Reply(status, [("Content-Type", kind), *headers], json.dumps(document).encode())


def _renewal_info(window: Window) -> _Reply:
    suggested = {"suggestedWindow": {"start": window.start, "end": window.end}}
    return _json_reply(suggested, [("Retry-After", str(window.retry_after))])


def _without_renewal_info(reply: _Reply) -> _Reply:
    return _json_reply({key: value for key, value in json.loads(reply.body).items() if key != "renewalInfo"}, [])


@contextlib.contextmanager
def fake_front(pebble: Pebble) -> Iterator[FakeFront]:
    """Yield a fake front of a CA for a `with` block."""
    made = FakeFront(pebble)
    try:
        yield made
    finally:
        made.close()
