"""An instance that a real certificate authority reaches, and clients that trust that authority alone."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from runtime.base.paths import Side
from runtime.certificates.plan import RenewalRequest
from runtime.certificates.store import read
from runtime.config import dns_resolver
from runtime.config.sections import AcmeSettings, DnsSettings, InternalTls, PublicSettings
from runtime.config.settings import Settings
from runtime.context.change import SILENT
from runtime.context.results import Report
from runtime.proxy import sockets
from runtime.reconcile import renewal
from runtime.reconcile.watchdog import watch
from tests.support.acme.stand import Pebble
from tests.support.engine import Answer, Instance, ask, free_port, new_settings, own_loopback, plain


def settings_for(pebble: Pebble, **acme: object) -> Settings:
    """Return settings with a pebble as authority, and the public side at a loopback address with ports 80 and 443."""
    base = new_settings()
    assert base.internal
    values: dict[str, object] = {
        "server": pebble.directory,
        "ca_file": str(pebble.ca_file),
        "dns": DnsSettings(resolvers=(dns_resolver.parse(pebble.dns),)),
        **acme,
    }
    return replace(
        base,
        public=PublicSettings(address=own_loopback(), http_port=80, https_port=443),
        internal=replace(base.internal, tls=InternalTls.PRIVATE_CA, https_port=free_port()),
        acme=AcmeSettings(**values),  # type: ignore[arg-type]
    )


def public_only(pebble: Pebble, directory: str) -> Settings:
    """Return settings without certificates of the internal side, whose authority is at an ACME directory."""
    return replace(settings_for(pebble, server=directory), internal=None)


class Site:
    """An instance with HTTPS, as clients see it."""

    def __init__(self, root: Path, pebble: Pebble, settings: Settings) -> None:
        self.pebble = pebble
        self.instance = Instance(root, settings)

    @property
    def address(self) -> str:
        assert self.instance.settings.public
        return self.instance.settings.public.address

    @property
    def internal_port(self) -> int:
        assert self.instance.settings.internal
        return self.instance.settings.internal.https_port

    def name(self, *host_names: str) -> None:
        """Resolve host names to the instance."""
        for host_name in host_names:
            self.pebble.set_address(host_name, self.address)

    def run_watchdog(self, most: int = 3) -> list[str]:
        """Run the watchdog until it has nothing to do; return what it did."""
        done: list[str] = []
        for _ in range(most):
            report = watch(self.instance.cluster)
            assert report.ok, report
            done += [f"{each.change.kind} {each.change.name}" for each in report.outcomes]
            if not report.outcomes:
                return done
        raise AssertionError(f"after {most} runs there was still something to do: {done}")

    def get(self, host_name: str, roots: str, path: str = "/", side: Side = Side.PUBLIC, **headers: str) -> Answer:
        """Ask by HTTPS as a browser that trusts some roots (PEM) and no others. Raises ssl.SSLError."""
        where = (self.address, 443) if side is Side.PUBLIC else ("127.0.0.1", self.internal_port)
        context = ssl.create_default_context(cadata=roots)
        plain = socket.create_connection(where, 10)
        with contextlib.closing(plain):
            secured = context.wrap_socket(plain, server_hostname=host_name)
            connection = http.client.HTTPConnection(host_name, timeout=10)
            connection.sock = secured
            return ask(connection, host_name, path, headers)

    def serial(self, name: str, side: Side = Side.PUBLIC) -> int:
        """Return the serial number of the installed certificate."""
        found = read.load(self.instance.paths.proxy_certificates(side) / f"{name}.pem")
        assert not found.problem, found
        return found.serial

    def served(self, host_name: str) -> int:
        """Return the serial number of the certificate that a client gets."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with (
            socket.create_connection((self.address, 443), 10) as plain,
            context.wrap_socket(plain, server_hostname=host_name) as secured,
        ):
            leaf = secured.getpeercert(binary_form=True)
        assert leaf
        return read.serial_of(leaf)

    def workers(self) -> tuple[int, ...]:
        """Return the processes of the public proxy: another one after each reload."""
        return sockets.workers(self.instance.cluster.run.master_socket(Side.PUBLIC))


@contextlib.contextmanager
def site(root: Path, pebble: Pebble, settings: Settings) -> Iterator[Site]:
    """Yield a site for a `with` block, not started."""
    made = Site(root, pebble, settings)
    try:
        yield made
    finally:
        made.instance.close()


def begin(place: Site, host_name: str, tools: str) -> None:
    """Start a site with an application, `blog`, that gets its certificate."""
    place.name(host_name)
    place.instance.add(Side.PUBLIC, "blog", plain(tools, "blog", host_name))
    assert place.instance.start().ok
    place.run_watchdog()


def renew(place: Site, now: float = 0.0, request: RenewalRequest | None = None) -> Report:
    """Renew what is due, now or at another moment in seconds since the epoch."""
    cluster = place.instance.cluster
    return renewal.renew(cluster, SILENT, now or cluster.clock(), request or RenewalRequest())
