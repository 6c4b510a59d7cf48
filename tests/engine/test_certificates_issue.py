"""Issue certificates by a real CA through the real public proxy; staging and production are two fronts of it."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from runtime.base.errors import UsageError
from runtime.base.paths import Side
from runtime.certificates.acme import ari, certbot, issue
from runtime.certificates.model import DesiredCertificate, Issuer
from runtime.certificates.policy import ledger
from runtime.certificates.policy.ledger import AttemptResult
from runtime.certificates.store import folder, read
from runtime.config import dns_resolver
from runtime.config.sections import AcmeSettings, DnsSettings
from tests.support.acme.knot import knot
from tests.support.acme.relay import REFUSED, Window
from tests.support.acme.stand import PebbleOptions, pebble
from tests.support.certificates.issue_stand import Stand, made
from tests.support.engine import own_loopback

if TYPE_CHECKING:
    from docker import DockerClient

ZONE = "internal.example.test"


@pytest.fixture
def stand(shared_issue_stand: Stand) -> Iterator[Stand]:
    yield shared_issue_stand
    shared_issue_stand.restore()


def _proven(stand: Stand, wanted: DesiredCertificate) -> bool:
    return ledger.set_key(wanted.host_names) in ledger.load(stand.here.paths.ledger).proven


def _install(stand: Stand, wanted: DesiredCertificate) -> None:
    """Install what was issued; until then it would be returned again."""
    certificate, key = certbot.original(stand.here.paths, wanted.name)
    target = folder.certificate_file(stand.here.paths, wanted.side, wanted.name)
    folder.write(target, certificate.read_bytes(), key.read_bytes())


def test_issue_asks_staging_before_production(stand: Stand) -> None:
    wanted = stand.wanted("first", "www", "api")
    before = stand.asked()
    stand.staging.faults.problems["new-order"] = REFUSED
    error = stand.refused(wanted)
    assert error.result is AttemptResult.UNAVAILABLE
    assert "The fake CA front refuses all." in str(error)
    assert stand.asked()[0] > before[0]
    assert stand.asked()[1] == before[1]
    held = stand.refused(wanted, forced=False)
    assert held.result is AttemptResult.NOT_REQUESTED
    assert held.until > time.time()

    stand.staging.faults.problems.clear()
    found = stand.issued(wanted)
    assert (found.problem, set(found.host_names)) == ("", set(wanted.host_names))
    assert _proven(stand, wanted)
    assert stand.last().result is AttemptResult.ISSUED
    assert stand.last().server == stand.production.directory

    # A certificate that was issued and never installed is not requested again.
    asked = stand.asked()
    assert stand.issued(wanted) == found
    assert stand.asked() == asked

    # Renewed, staging is not asked again; with another name it is, and the originals stay where they were.
    _install(stand, wanted)
    renewed = stand.issued(wanted)
    assert renewed.serial != found.serial
    assert stand.asked()[0] == asked[0]
    more = replace(wanted, host_names=(*wanted.host_names, *stand.wanted("first", "new").host_names))
    added = stand.issued(more)
    assert set(added.host_names) == set(more.host_names)
    assert stand.asked()[0] > asked[0]
    live = stand.here.paths.certbot / "etc" / "live"
    assert [each.name for each in live.iterdir() if each.is_dir() and each.name.startswith("first")] == ["first"]

    window = ari.window(stand.here.settings.acme, added, time.time())
    assert window
    assert window.ari_id == added.ari_id
    stand.production.faults.window = Window("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", retry_after=1)
    early = ari.window(stand.here.settings.acme, added, 1000.0)
    assert early
    assert (early.end, early.check_again) == (1577923200.0, 1060.0)
    stand.production.faults.without_renewal_info = True
    assert ari.window(stand.here.settings.acme, added, time.time()) is None


def test_issue_one_of_three_names_invalid(stand: Stand) -> None:
    wanted = stand.wanted("three", "a", "b", "c")
    stand.issued(wanted)
    _install(stand, wanted)
    stand.ca.clear(wanted.host_names[2])
    error = stand.refused(wanted)
    assert error.result is AttemptResult.REFUSED
    assert wanted.host_names[2] in str(error)
    assert stand.last().failed_names == (wanted.host_names[2],)
    assert not _proven(stand, wanted)
    production = stand.asked()[1]
    assert stand.refused(wanted).result is AttemptResult.REFUSED
    assert stand.last().server == stand.staging.directory
    assert stand.asked()[1] == production


def test_issue_reports_name_unreachable_from_host(stand: Stand) -> None:
    wanted = stand.wanted("inside", "www")
    (host,) = wanted.host_names
    # An address of this host where nothing listens on port 80; the authority finds none at all.
    stand.world.set_address(host, stand.ca.address)
    stand.ca.clear(host)
    error = stand.refused(wanted)
    assert error.result is AttemptResult.REFUSED
    noted = f"{host} ({stand.ca.address}) cannot be reached from this host"
    assert noted in str(error)
    assert noted in stand.last().error


def test_issue_name_pointing_elsewhere(stand: Stand) -> None:
    wanted = stand.wanted("astray", "www")
    before = stand.asked()
    stand.world.clear(wanted.host_names[0])
    error = stand.refused(wanted)
    assert error.result is AttemptResult.NOT_REQUESTED
    assert "www.astray.example.test has no address in DNS" in str(error)
    with _other_server() as other:
        stand.world.set_address(wanted.host_names[0], other)
        error = stand.refused(wanted)
    assert error.result is AttemptResult.NOT_REQUESTED
    # Which message depends on whether this host has a public address.
    assert "is answered by another program" in str(error) or f"points to {other}" in str(error)
    assert stand.asked() == before
    assert stand.last().result is AttemptResult.NOT_REQUESTED


@contextlib.contextmanager
def _other_server() -> Iterator[str]:
    """Yield a foreign web server on port 80 of an address of its own."""
    address = own_loopback()
    server = http.server.ThreadingHTTPServer((address, 80), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()


def test_issue_dns_01_with_real_server(stand: Stand, client: DockerClient, tmp_path: Path) -> None:
    wanted = DesiredCertificate("internal", Side.INTERNAL, (f"*.{ZONE}", ZONE), Issuer.DNS_01)
    with contextlib.ExitStack() as stack:
        zone = stack.enter_context(knot(client, tmp_path / "knot", ZONE))
        # lego asks again after an answer of badNonce, as often as it takes.
        options = PebbleOptions(dns=zone.address, nonce_reject_percent=20)
        ca = stack.enter_context(pebble(client, made(tmp_path / "ca"), options))
        acme = AcmeSettings(
            server=ca.directory,
            ca_file=str(ca.ca_file),
            dns=DnsSettings(provider="rfc2136", resolvers=(dns_resolver.parse(zone.address),)),
        )
        here = replace(stand.here, settings=replace(stand.here.settings, acme=acme))
        secrets = here.paths.secrets
        before = secrets.read_text()
        stack.callback(secrets.write_text, before)
        asked = ca.requests().total()

        with pytest.raises(UsageError, match=r"no credentials for the DNS provider rfc2136.*DNSUPDATE_NAMESERVER"):
            issue.issue(here, wanted)
        typed = replace(acme, dns=replace(acme.dns, provider="rfc2163"))
        with pytest.raises(UsageError, match=r"no DNS provider 'rfc2163'; did you mean rfc2136"):
            issue.issue(replace(here, settings=replace(here.settings, acme=typed)), wanted, forced=True)
        assert ca.requests().total() == asked

        # lego 4.35 describes them under these names.
        names = {name.replace("RFC2136_", "DNSUPDATE_"): value for name, value in zone.variables().items()}
        secrets.write_text(before + yaml.safe_dump({**names, "UNRELATED": "x"}))
        got = issue.issue(here, wanted, forced=True)
        assert set(read.pair(got.certificate, got.key, Path("asked.pem")).host_names) == set(wanted.host_names)
