"""Certificates asked for of a real CA, through the real public proxy; staging and production are two fronts of it."""

from __future__ import annotations

import contextlib
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from runtime import faults
from runtime.certificates import ari, certbot, folder, issue, ledger, read
from runtime.certificates.container import StillRunningError
from runtime.certificates.issue import IssueError
from runtime.certificates.ledger import Result
from runtime.certificates.model import Found, Issuer, Wanted
from runtime.errors import UsageError
from runtime.paths import Paths, RunPaths, Side
from runtime.sections import AcmeSettings, DnsSettings
from runtime.settings import Settings
from tests.engine.acme_knot import knot
from tests.engine.acme_relay import REFUSED, FakeFront, Faults, Window, fake_front, rate_limited
from tests.engine.acme_stand import IMAGES, Names, Pebble, PebbleOptions, pebble
from tests.engine.support import Instance, built_image, new_settings, own_loopback, until

if TYPE_CHECKING:
    from docker import DockerClient

ROOT = Path(__file__).parents[2]
ZONE = "internal.example.test"


@dataclass(frozen=True)
class Here:
    """What is needed to ask, as the runtime's own keeper has it."""

    client: DockerClient
    paths: Paths
    run: RunPaths
    settings: Settings
    clock: Callable[[], float] = time.time


@dataclass(frozen=True)
class Stand:
    """A proxy at an address of its own, the CA with its two fronts, and the DNS that this host asks."""

    here: Here
    address: str
    ca: Pebble
    staging: FakeFront
    production: FakeFront
    world: Names

    def wanted(self, name: str, *labels: str) -> Wanted:
        """A certificate for names that lead to the proxy, for this host and for the CA."""
        hosts = tuple(f"{label}.{name}.example.test" for label in labels)
        for host in hosts:
            self.world.set_address(host, self.address)
            self.ca.set_address(host, self.address)
        return Wanted(name, Side.PUBLIC, hosts, Issuer.HTTP_01)

    def asked(self) -> tuple[int, int]:
        """How many requests staging and production have had."""
        return self.staging.requests().total(), self.production.requests().total()

    def last(self) -> ledger.Attempt:
        """The last attempt that is noted."""
        return ledger.load(self.here.paths.ledger).attempts[-1]

    def refused(self, wanted: Wanted, *, forced: bool = True, timeout: float = 0.0) -> IssueError:
        """Ask for what cannot be had."""
        with pytest.raises(IssueError) as caught:
            issue.issue(self.here, wanted, forced=forced, timeout=timeout)
        return caught.value

    def issued(self, wanted: Wanted) -> Found:
        """Ask for what can be had; the delays after failures before do not count."""
        there = issue.issue(self.here, wanted, forced=True)
        return read.pair(there.certificate, there.key, Path("asked.pem"))


@pytest.fixture(scope="module")
def parts(client: DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    place = tmp_path_factory.mktemp("issue")
    with contextlib.ExitStack() as stack:
        ca = stack.enter_context(pebble(client, _made(place / "ca")))
        staging, production = (stack.enter_context(fake_front(ca)) for _ in range(2))
        world = Names(client, built_image(client, IMAGES / "pebble"))
        stack.callback(world.close)
        settings, address = new_settings(), own_loopback()
        assert settings.public
        acme = AcmeSettings(
            server=production.directory,
            staging=staging.directory,
            ca_file=str(ca.ca_file),
            dns=DnsSettings(resolvers=(world.dns,)),
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


@pytest.fixture
def stand(parts: Stand) -> Iterator[Stand]:
    yield parts
    for front in (parts.staging, parts.production):
        front.faults = Faults()
        front.up()


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def _proven(stand: Stand, wanted: Wanted) -> bool:
    return ledger.set_key(wanted.host_names) in ledger.load(stand.here.paths.ledger).proven


def _install(stand: Stand, wanted: Wanted) -> None:
    """Put what was got into the proxy's folder; until then it would be given out again."""
    certificate, key = certbot.original(stand.here.paths, wanted.name)
    target = folder.certificate_file(stand.here.paths, wanted.side, wanted.name)
    folder.write(target, certificate.read_bytes(), key.read_bytes())


def test_staging_is_first_and_production_hears_nothing_before(stand: Stand) -> None:
    wanted = stand.wanted("first", "www", "api")
    before = stand.asked()
    stand.staging.faults.problems["new-order"] = REFUSED
    error = stand.refused(wanted)
    assert error.result is Result.UNAVAILABLE
    assert "The fake CA front refuses all." in str(error)
    assert stand.asked()[0] > before[0]
    assert stand.asked()[1] == before[1]
    held = stand.refused(wanted, forced=False)
    assert held.result is Result.HELD
    assert held.until > time.time()

    stand.staging.faults.problems.clear()
    found = stand.issued(wanted)
    assert (found.problem, set(found.host_names)) == ("", set(wanted.host_names))
    assert _proven(stand, wanted)
    assert stand.last().result is Result.ISSUED
    assert stand.last().server == stand.production.directory

    # A certificate that was got and never installed is not asked for twice.
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


def test_one_name_of_three_cannot_be_proven_and_staging_is_first_again(stand: Stand) -> None:
    wanted = stand.wanted("three", "a", "b", "c")
    stand.issued(wanted)
    _install(stand, wanted)
    stand.ca.clear(wanted.host_names[2])
    error = stand.refused(wanted)
    assert error.result is Result.REFUSED
    assert wanted.host_names[2] in str(error)
    assert stand.last().failed_names == (wanted.host_names[2],)
    assert not _proven(stand, wanted)
    production = stand.asked()[1]
    assert stand.refused(wanted).result is Result.REFUSED
    assert stand.last().server == stand.staging.directory
    assert stand.asked()[1] == production


def test_what_could_not_be_reached_from_inside_is_told_when_the_authority_refuses(stand: Stand) -> None:
    wanted = stand.wanted("inside", "www")
    (host,) = wanted.host_names
    # An address of this host where nothing listens on port 80; the authority finds none at all.
    stand.world.set_address(host, stand.ca.address)
    stand.ca.clear(host)
    error = stand.refused(wanted)
    assert error.result is Result.REFUSED
    noted = f"{host} ({stand.ca.address}) cannot be reached from this host"
    assert noted in str(error)
    assert noted in stand.last().error


def test_no_authority_is_asked_for_names_that_do_not_lead_here(stand: Stand) -> None:
    wanted = stand.wanted("astray", "www")
    before = stand.asked()
    stand.world.clear(wanted.host_names[0])
    error = stand.refused(wanted)
    assert error.result is Result.HELD
    assert "www.astray.example.test has no address in DNS" in str(error)
    with _other_server() as other:
        stand.world.set_address(wanted.host_names[0], other)
        error = stand.refused(wanted)
    assert error.result is Result.HELD
    # Which of them depends on whether the host of this test has an address that the world reaches.
    assert "is answered by something else" in str(error) or f"points to {other}" in str(error)
    assert stand.asked() == before
    assert stand.last().result is Result.HELD


@contextlib.contextmanager
def _other_server() -> Iterator[str]:
    """A web server that is not ours, on port 80 of an address of its own."""
    address = own_loopback()
    server = http.server.ThreadingHTTPServer((address, 80), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()


def test_an_authority_that_is_down_slow_or_at_its_limit(stand: Stand) -> None:
    wanted = stand.wanted("outage", "www")
    stand.staging.down()
    error = stand.refused(wanted)
    assert error.result is Result.UNAVAILABLE
    stand.staging.up()
    stand.staging.faults.delay_seconds = 60
    error = stand.refused(wanted, timeout=3)
    assert error.result is Result.UNAVAILABLE
    assert "did not end within 3 s" in str(error)
    stand.staging.faults = Faults(problems={"new-order": rate_limited(3600)})
    # Another set of names: this one has failed enough for now.
    other = stand.wanted("limited", "www")
    began = time.time()
    error = stand.refused(other)
    assert error.result is Result.UNAVAILABLE
    assert "too many certificates" in str(error)
    assert began + 3600 <= stand.last().not_before <= time.time() + 3600
    stand.staging.faults = Faults()
    asked = stand.asked()
    held = stand.refused(other, forced=True)
    assert (held.result, held.until) == (Result.HELD, stand.last().not_before)
    assert stand.asked() == asked


@pytest.mark.parametrize("point", ["certificate-asked", "certificate-answered"])
def test_a_command_that_is_killed(stand: Stand, point: str) -> None:
    wanted = stand.wanted(f"killed-{point}", "www")
    if point == "certificate-answered":
        issue.issue(stand.here, wanted, staging_only=True)
    assert _elsewhere(stand, wanted, kill=point).wait(60) == -signal.SIGKILL
    attempt, asked = stand.last(), stand.asked()
    if point == "certificate-asked":
        assert attempt.result is Result.OPEN
        assert stand.refused(wanted, forced=False).result is Result.HELD
        assert stand.asked() == asked
    assert set(stand.issued(wanted).host_names) == set(wanted.host_names)
    if point == "certificate-answered":
        assert stand.asked() == asked


def test_what_a_killed_command_left_at_work_is_not_disturbed(stand: Stand, client: DockerClient) -> None:
    wanted = stand.wanted("busy", "www")
    stand.staging.faults.delay_seconds = 3
    running = {"label": f"shoestring.task={stand.here.settings.instance}", "status": "running"}
    process = _elsewhere(stand, wanted)
    until(lambda: client.api.containers(filters=running), bool)
    process.kill()
    process.communicate()
    with pytest.raises(StillRunningError, match="still works for an earlier command"):
        issue.issue(stand.here, wanted, forced=True)
    assert stand.last().result is Result.HELD
    stand.staging.faults = Faults()
    until(lambda: client.api.containers(filters=running), lambda left: not left)
    assert set(stand.issued(wanted).host_names) == set(wanted.host_names)


def _elsewhere(stand: Stand, wanted: Wanted, kill: str = "") -> subprocess.Popen[bytes]:
    """Ask in another process, which may be killed, or end itself at a point."""
    code = (
        "import sys; from pathlib import Path\n"
        "from runtime import operations; from runtime.certificates import issue, model\n"
        "from runtime.paths import Paths, Side\n"
        "from tests.engine.test_certificates_issue import Here\n"
        "c = operations.open_cluster(Paths(Path(sys.argv[1])))\n"
        "wanted = model.Wanted(sys.argv[2], Side.PUBLIC, tuple(sys.argv[3:]), model.Issuer.HTTP_01)\n"
        "issue.issue(Here(c.client, c.paths, c.run, c.settings), wanted, forced=True)\n"
    )
    argv = (sys.executable, "-c", code, str(stand.here.paths.root), wanted.name, *wanted.host_names)
    environment = {**os.environ, faults.VARIABLE: f"kill:{kill}"}
    return subprocess.Popen(argv, env=environment, cwd=ROOT)


def test_dns_01_by_a_real_server(stand: Stand, client: DockerClient, tmp_path: Path) -> None:
    wanted = Wanted("internal", Side.INTERNAL, (f"*.{ZONE}", ZONE), Issuer.DNS_01)
    with contextlib.ExitStack() as stack:
        zone = stack.enter_context(knot(client, tmp_path / "knot", ZONE))
        # lego asks again after an answer of badNonce, as often as it takes.
        options = PebbleOptions(dns=zone.address, nonce_reject_percent=20)
        ca = stack.enter_context(pebble(client, _made(tmp_path / "ca"), options))
        acme = AcmeSettings(
            server=ca.directory,
            ca_file=str(ca.ca_file),
            dns=DnsSettings(provider="rfc2136", resolvers=(zone.address,)),
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


def test_nonces_that_are_refused(client: DockerClient, stand: Stand, tmp_path: Path) -> None:
    """certbot asks again once after badNonce; what that does not mend is an outage as any other."""
    options = PebbleOptions(nonce_reject_percent=15)
    with pebble(client, _made(tmp_path / "ca"), options) as ca:
        acme = replace(stand.here.settings.acme, server=ca.directory, staging="", ca_file=str(ca.ca_file))
        here = replace(stand.here, settings=replace(stand.here.settings, acme=acme))
        wanted = stand.wanted("nonces", "www")
        ca.set_address(wanted.host_names[0], stand.address)
        for _ in range(5):
            with contextlib.suppress(IssueError):
                issue.issue(here, wanted, forced=True)
                break
        results = {each.result for each in ledger.load(here.paths.ledger).attempts if each.certificate == "nonces"}
        assert results <= {Result.ISSUED, Result.UNAVAILABLE}
        assert Result.ISSUED in results
