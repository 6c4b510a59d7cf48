"""The ACME stand itself: real clients get real certificates through it, and faults are as configured."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from runtime.base import command
from runtime.base.command import Result
from runtime.docker.images import CERTBOT, LEGO, local_name
from tests.support.acme.knot import Knot, knot
from tests.support.acme.relay import FakeFront, Window, fake_front, rate_limited
from tests.support.acme.stand import Pebble, PebbleOptions, pebble
from tests.support.engine import own_loopback

if TYPE_CHECKING:
    from docker import DockerClient

NAME = "www.example.test"
MANUAL = ("--manual", "--preferred-challenges", "http", "--manual-auth-hook", "/bin/true")
HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--tmpfs", "/tmp")


@dataclass
class Client:
    """Runs certbot and lego as containers, with a folder for their state."""

    folder: Path
    ca_file: Path

    def certbot(self, *arguments: str) -> Result:
        volumes = ("-v", f"{self.folder}/etc:/etc/letsencrypt", "-v", f"{self.folder}/var:/var/lib/letsencrypt")
        trust = ("-e", "REQUESTS_CA_BUNDLE=/ca.pem")
        return self._run((*trust, *volumes, local_name(CERTBOT), "--logs-dir", "/tmp/log", *arguments))

    def certonly(self, directory: str, *names: str, more: tuple[str, ...] = ()) -> Result:
        domains = [word for name in names for word in ("-d", name)]
        what = ("--non-interactive", "--server", directory, "--cert-name", "app", *domains, *more)
        return self.certbot("certonly", *MANUAL, *what)

    def lego(self, environment: dict[str, str], *arguments: str) -> Result:
        passed = [word for name in environment for word in ("-e", name)]
        mounts = ("-e", "LEGO_CA_CERTIFICATES=/ca.pem", "-v", f"{self.folder}/lego:/data")
        return self._run((*passed, *mounts, local_name(LEGO), "--path", "/data", *arguments), environment)

    def _run(self, words: tuple[str, ...], environment: dict[str, str] | None = None) -> Result:
        name = f"shoestring-acme-{secrets.token_hex(4)}"
        start = ("docker", "run", "--rm", "--name", name, *HARDENED, "-v", f"{self.ca_file}:/ca.pem:ro", *words)
        try:
            return command.run(start, timeout=60, environment=environment)
        finally:
            command.run(("docker", "rm", "--force", name))

    def thumbprint(self) -> str:
        """Return the thumbprint of certbot's one account key (RFC 7638)."""
        (file,) = self.folder.glob("etc/accounts/*/dir/*/private_key.json")
        key = json.loads(file.read_text())
        canonical = json.dumps({name: key[name] for name in ("e", "kty", "n")}, sort_keys=True, separators=(",", ":"))
        return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()

    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificates((self.folder / "etc/live/app/fullchain.pem").read_bytes())[0]


@dataclass
class Site:
    """A web server at an address of its own that answers http-01 for any token (RFC 8555, section 8.3)."""

    address: str
    thumbprint: str = ""


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site(own_loopback())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"{self.path.rpartition('/')[2]}.{made.thumbprint}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer((made.address, 80), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield made
        server.shutdown()


@pytest.fixture
def ca(client: DockerClient, tmp_path: Path, site: Site) -> Iterator[Pebble]:
    with pebble(client, tmp_path / "pebble", PebbleOptions(validity_seconds=3600)) as made:
        made.set_address(NAME, site.address)
        yield made


@pytest.fixture
def acme(ca: Pebble, tmp_path: Path) -> Client:
    return Client(tmp_path, ca.ca_file)


def register(acme: Client, site: Site, directory: str) -> None:
    account = ("--non-interactive", "--agree-tos", "--no-eff-email", "--email", "ops@example.test")
    registered = acme.certbot("register", *account, "--server", directory)
    assert registered.ok, registered.tail()
    site.thumbprint = acme.thumbprint()


def test_certbot_issued_and_counted(ca: Pebble, acme: Client, site: Site) -> None:
    register(acme, site, ca.directory)
    assert ca.requests()["new-order"] == 0
    issued = acme.certonly(ca.directory, NAME)
    assert issued.ok, issued.tail()
    assert ca.requests()["new-order"] == 1
    certificate, root = acme.certificate(), x509.load_pem_x509_certificate(ca.roots().encode())
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).total_seconds() == pytest.approx(
        3600, 2
    )
    chain = x509.load_pem_x509_certificates((acme.folder / "etc/live/app/fullchain.pem").read_bytes())
    certificate.verify_directly_issued_by(chain[1])
    chain[1].verify_directly_issued_by(root)


def test_certbot_name_without_address(ca: Pebble, acme: Client, site: Site) -> None:
    register(acme, site, ca.directory)
    ca.clear(NAME)
    failed = acme.certonly(ca.directory, NAME)
    assert failed.code == 1
    assert re.search(rf"(Domain|Identifier): {NAME}\n  Type:   connection", failed.out)


def test_pebble_restarted_with_new_root(ca: Pebble, acme: Client, site: Site) -> None:
    register(acme, site, ca.directory)
    seen, root = ca.requests(), ca.roots()
    ca.stop()
    assert "Connection refused" in acme.certonly(ca.directory, NAME).err
    ca.start()
    assert ca.requests() == seen
    assert ca.roots() != root


def test_fake_front_rate_limit_and_outage(ca: Pebble, acme: Client, site: Site) -> None:
    with fake_front(ca) as front:
        register(acme, site, front.directory)
        front.faults.problems["new-order"] = rate_limited(3600)
        limited = acme.certonly(front.directory, NAME)
        assert (limited.code, "too many certificates" in limited.err) == (1, True)
        assert ca.requests()["new-order"] == 0
        front.faults.problems.clear()
        front.down()
        assert "Connection refused" in acme.certonly(front.directory, NAME).err
        front.up()
        issued = acme.certonly(front.directory, NAME)
        assert issued.ok, issued.tail()
        assert front.requests()["new-order"] == 2
        assert ca.requests()["new-order"] == 1


@dataclass
class Internal:
    """What a DNS-01 wildcard needs: the server, the CA that asks it, its front."""

    zone: Knot
    ca: Pebble
    front: FakeFront


@pytest.fixture
def internal(client: DockerClient, tmp_path: Path) -> Iterator[Internal]:
    with contextlib.ExitStack() as stack:
        zone = stack.enter_context(knot(client, tmp_path / "knot"))
        ca = stack.enter_context(pebble(client, tmp_path / "pebble", PebbleOptions(dns=zone.address)))
        yield Internal(zone, ca, stack.enter_context(fake_front(ca)))


def test_lego_wildcard_and_renewal_through_fake_front(internal: Internal, tmp_path: Path) -> None:
    zone, front = internal.zone, internal.front
    acme = Client(tmp_path, internal.ca.ca_file)
    who = ("--accept-tos", "--email", "ops@example.test", "--server", front.directory)
    how = ("--dns", "rfc2136", "--dns.resolvers", zone.address, "--dns.propagation-disable-ans")
    words = (*who, *how, "--domains", f"*.{zone.zone}")
    issued = acme.lego(zone.variables(), *words, "run")
    assert issued.ok, issued.tail()
    file = tmp_path / f"lego/certificates/_.{zone.zone}.crt"
    first = x509.load_pem_x509_certificates(file.read_bytes())[0]
    names = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [f"*.{zone.zone}"]
    assert zone.records("_acme-challenge", "TXT") == []

    renew = (*words, "renew", "--no-random-sleep")
    assert acme.lego(zone.variables(), *renew).ok
    assert x509.load_pem_x509_certificates(file.read_bytes())[0] == first
    front.faults.window = Window("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")
    front.faults.without_renewal_info = True
    assert acme.lego(zone.variables(), *renew).ok
    assert x509.load_pem_x509_certificates(file.read_bytes())[0] == first
    front.faults.without_renewal_info = False
    assert acme.lego(zone.variables(), *renew).ok
    assert x509.load_pem_x509_certificates(file.read_bytes())[0] != first
