"""A real CA behind two fronts, and a proxy that it reaches, for tests that issue certificates."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime.base.paths import Paths, RunPaths, Side
from runtime.certificates.acme import issue
from runtime.certificates.acme.issue import IssueError
from runtime.certificates.model import DesiredCertificate, InstalledCertificate, Issuer
from runtime.certificates.policy import ledger
from runtime.certificates.store import read
from runtime.config import dns_resolver
from runtime.config.sections import AcmeSettings, DnsSettings
from runtime.config.settings import Settings
from tests.support.acme.relay import FakeFront, Faults, fake_front
from tests.support.acme.stand import IMAGES, Names, Pebble, pebble
from tests.support.engine import Instance, built_image, new_settings, own_loopback

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class Here:
    """What issuing needs, as the certificate manager has it."""

    client: DockerClient
    paths: Paths
    run: RunPaths
    settings: Settings
    clock: Callable[[], float] = time.time


@dataclass(frozen=True)
class Stand:
    """A proxy at an address of its own, the CA with its two fronts, and the DNS server of this host."""

    here: Here
    address: str
    ca: Pebble
    staging: FakeFront
    production: FakeFront
    world: Names

    def wanted(self, name: str, *labels: str) -> DesiredCertificate:
        """Return a certificate for names that resolve to the proxy, for this host and for the CA."""
        hosts = tuple(f"{label}.{name}.example.test" for label in labels)
        for host in hosts:
            self.world.set_address(host, self.address)
            self.ca.set_address(host, self.address)
        return DesiredCertificate(name, Side.PUBLIC, hosts, Issuer.HTTP_01)

    def asked(self) -> tuple[int, int]:
        """Return how many requests staging and production have had."""
        return self.staging.requests().total(), self.production.requests().total()

    def last(self) -> ledger.Attempt:
        """Return the last attempt in the ledger."""
        return ledger.load(self.here.paths.ledger).attempts[-1]

    def refused(self, wanted: DesiredCertificate, *, forced: bool = True, timeout: float = 0.0) -> IssueError:
        """Request a certificate that is refused; return the error."""
        with pytest.raises(IssueError) as caught:
            issue.issue(self.here, wanted, forced=forced, timeout=timeout)
        return caught.value

    def issued(self, wanted: DesiredCertificate) -> InstalledCertificate:
        """Request a certificate that is issued, in spite of delays after earlier failures."""
        there = issue.issue(self.here, wanted, forced=True)
        return read.pair(there.certificate, there.key, Path("asked.pem"))

    def restore(self) -> None:
        """Restart the fronts without faults."""
        for front in (self.staging, self.production):
            front.faults = Faults()
            front.up()


def made(directory: Path) -> Path:
    """Return a new folder."""
    directory.mkdir()
    return directory


@contextlib.contextmanager
def open_issue_stand(client: DockerClient, place: Path) -> Iterator[Stand]:
    """Yield the stand, running, in a folder of its own. All of it is removed afterwards."""
    with contextlib.ExitStack() as stack:
        ca = stack.enter_context(pebble(client, made(place / "ca")))
        staging, production = (stack.enter_context(fake_front(ca)) for _ in range(2))
        world = Names(client, built_image(client, IMAGES / "pebble"))
        stack.callback(world.close)
        settings, address = new_settings(), own_loopback()
        assert settings.public
        acme = AcmeSettings(
            server=production.directory,
            staging=staging.directory,
            ca_file=str(ca.ca_file),
            dns=DnsSettings(resolvers=(dns_resolver.parse(world.dns),)),
        )
        public = replace(settings.public, address=address, http_port=80)
        instance = Instance(place / "data-directory", replace(settings, public=public, acme=acme))
        stack.callback(instance.close)
        assert instance.start().ok
        cluster = instance.cluster
        here = Here(cluster.client, cluster.paths, cluster.run, cluster.settings)
        yield Stand(here, address, ca, staging, production, world)
        left = client.containers.list(all=True, filters={"label": f"shoestring.task={cluster.settings.instance}"})
        assert left == []
