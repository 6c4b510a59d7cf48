"""Renewal: in time, under load, as the authority suggests, and never more often than it allows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime.alerting import certificate_expiry
from runtime.base import failpoints
from runtime.base.paths import Side
from runtime.certificates.plan import RenewalRequest
from runtime.certificates.policy import ledger, limits
from runtime.certificates.policy.ledger import DAY
from runtime.certificates.store import read
from runtime.context.change import SILENT
from runtime.context.results import Code
from runtime.reconcile import renewal
from tests.support.acme.relay import FakeFront, Faults, Window, fake_front
from tests.support.acme.stand import Pebble, pebble
from tests.support.certificates.site import Site, begin, public_only, renew, site
from tests.support.clients.load import Load
from tests.support.engine import plain

if TYPE_CHECKING:
    from docker import DockerClient

A = "a.example.test"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory, client: DockerClient) -> Iterator[Pebble]:
    with pebble(client, tmp_path_factory.mktemp("pebble")) as made:
        yield made


@pytest.fixture(scope="module")
def shared_front(authority: Pebble) -> Iterator[FakeFront]:
    with fake_front(authority) as made:
        yield made


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, authority: Pebble, shared_front: FakeFront, tools: str
) -> Iterator[Site]:
    settings = public_only(authority, shared_front.directory)
    with site(tmp_path_factory.mktemp("site") / "data", authority, settings) as made:
        begin(made, A, tools)
        yield made


@pytest.fixture
def front(shared_front: FakeFront) -> Iterator[FakeFront]:
    """The front of the authority, without faults."""
    yield shared_front
    shared_front.faults = Faults()
    shared_front.up()


@pytest.fixture
def place(shared: Site, front: FakeFront) -> Site:
    """A site with an application that has its certificate, and no requests yet."""
    others = [each for each in shared.instance.paths.applications(Side.PUBLIC).iterdir() if each.stem != "blog"]
    for file in others:
        file.unlink()
    if others:
        shared.run_watchdog()
    ledger.update(
        shared.instance.paths.ledger,
        lambda known: replace(known, attempts=(), windows={}),
        shared.instance.cluster.clock(),
    )
    assert shared.served(A) == shared.serial("blog")
    return shared


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def test_renew_under_load_without_reload(place: Site) -> None:
    workers, serials = place.workers(), {place.serial("blog")}
    with Load(443, A, address=place.address, rate=200) as load:
        for _ in range(2):
            assert renew(place, request=RenewalRequest(force=True)).ok
            serials.add(place.serial("blog"))
            assert place.served(A) == place.serial("blog")
    assert load.result.failed == 0, load.result
    assert load.result.new > 200
    assert len(serials) == 3
    assert place.workers() == workers


def test_renew_early_by_renewal_information(place: Site, front: FakeFront) -> None:
    first, now = place.serial("blog"), place.instance.cluster.clock()
    before = front.requests()["renewal-info"]
    assert renew(place).outcomes == ()
    front.faults.window = Window(moment(now - 2 * DAY), moment(now - DAY))
    # Renewal information is valid for six hours; then it is requested again.
    assert renew(place, now + 60).outcomes == ()
    report = renew(place, now + 7 * 3_600)
    assert report.ok, report
    assert place.serial("blog") != first
    assert front.requests()["renewal-info"] >= before + 2


def test_renew_by_lifetime_without_renewal_information(place: Site, front: FakeFront) -> None:
    front.faults.without_renewal_info = True
    first = read.load(place.instance.paths.proxy_certificates(Side.PUBLIC) / "blog.pem")
    before = front.requests()["renewal-info"]
    third = first.not_after - first.lifetime / 3
    assert renew(place, third - DAY).outcomes == ()
    assert [each.ok for each in renew(place, third + 60).outcomes] == [True]
    assert place.serial("blog") != first.serial
    assert front.requests()["renewal-info"] == before


def test_renew_clock_far_ahead_within_limits(place: Site, front: FakeFront) -> None:
    real, ahead = place.instance.cluster.clock(), place.instance.cluster.clock() + 80 * DAY
    before = front.requests()["new-order"]
    for number in range(8):
        renew(place, ahead + number * 60)
    assert 1 <= front.requests()["new-order"] - before <= limits.CERTIFICATES_A_WEEK
    serial = place.serial("blog")
    # With the right clock again nothing more is requested.
    asked = front.requests()["new-order"]
    assert renew(place, real + 60).ok
    assert front.requests()["new-order"] == asked
    assert place.served(A) == serial


def test_renew_clock_thirty_days_ahead(place: Site, front: FakeFront) -> None:
    asked = front.requests()["new-order"]
    assert renew(place, place.instance.cluster.clock() + 30 * DAY).outcomes == ()
    assert front.requests()["new-order"] == asked


@pytest.mark.parametrize("point", ["certificate-answered", "certificate-issued", "install-certificate"])
def test_renew_installs_certificate_of_killed_command(place: Site, front: FakeFront, point: str) -> None:
    paths, first = place.instance.paths, place.serial("blog")
    cli = "from installer.cli.main import main; main()"
    argv = [sys.executable, "-c", cli, "ssl", "issue", A, "--force", "--yes"]
    environment = {**os.environ, failpoints.VARIABLE: f"kill:{point}", "SHOESTRING_DATA_DIRECTORY": str(paths.root)}
    killed = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed
    asked = front.requests()["new-order"]
    # A repeated command gets what was issued; the next run of the watchdog completes a partial installation.
    if place.serial("blog") == first:
        assert renew(place, request=RenewalRequest(names=(A,), force=True)).ok
    else:
        place.run_watchdog()
    assert place.serial("blog") != first
    assert place.served(A) == place.serial("blog")
    assert front.requests()["new-order"] == asked


def test_renew_forced_for_one_name(place: Site, tools: str) -> None:
    other = "b.example.test"
    place.name(other)
    place.instance.add(Side.PUBLIC, "shop", plain(tools, "shop", other))
    place.run_watchdog()
    blog, shop = place.serial("blog"), place.serial("shop")
    assert renew(place, request=RenewalRequest(names=(other,), force=True)).ok
    assert place.serial("blog") == blog
    assert place.serial("shop") != shop


def test_expiring_certificate_notified_once(place: Site, front: FakeFront, tmp_path: Path) -> None:
    received = tmp_path / "notifications"
    script = tmp_path / "notify"
    script.write_text(f"#!/bin/sh\ncat >> {received}\necho >> {received}\n")
    script.chmod(0o755)
    cluster = place.instance.cluster
    notify = replace(cluster.settings.notify, command=str(script))
    notifying = replace(cluster, settings=replace(cluster.settings, notify=notify))
    # The authority is down, so that it cannot be renewed.
    front.down()
    for _ in range(2):
        now = cluster.clock() + 85 * DAY
        report = renewal.renew(notifying, SILENT, now)
        assert [each.name for each in report.expiring] == ["blog"]
        assert certificate_expiry.notify_report(notifying.paths, notifying.settings, report, now) == report
        assert not report.ok
        assert any(each.subject == "blog" and each.code is Code.CERTIFICATE_EXPIRING for each in report.blocked), (
            report
        )
    lines = received.read_text().splitlines()
    assert len([line for line in lines if "expires" in line]) == 1, lines
