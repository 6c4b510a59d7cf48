"""Automatic HTTPS: from application files to certificates that clients trust, by runs of the watchdog alone."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime.base.paths import Side
from runtime.certificates.plan import RenewalRequest
from runtime.certificates.policy import ledger
from runtime.certificates.policy.ledger import DAY
from runtime.certificates.store import read
from runtime.context.change import SILENT
from runtime.context.results import Code
from runtime.output.report import plan_lines
from runtime.reconcile import fast_path, renewal
from runtime.reconcile.snapshot import Snapshot
from runtime.reconcile.watchdog import watch
from tests.support.acme.stand import Pebble, pebble
from tests.support.certificates.site import Site, settings_for, site
from tests.support.engine import plain, until

if TYPE_CHECKING:
    from docker import DockerClient

A, B, WWW = "a.example.test", "b.example.test", "www.example.test"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory, client: DockerClient) -> Iterator[Pebble]:
    with pebble(client, tmp_path_factory.mktemp("pebble")) as made:
        yield made


@pytest.fixture
def place(tmp_path: Path, authority: Pebble) -> Iterator[Site]:
    """A running site with host names that resolve to it, and no applications."""
    with site(tmp_path / "data", authority, settings_for(authority)) as made:
        made.name(A, B, WWW)
        assert made.instance.start().ok
        yield made
    for name in (A, B, WWW):
        authority.clear(name)


def lineages(place: Site) -> set[str]:
    return {each.stem for each in (place.instance.paths.certbot / "etc" / "renewal").glob("*.conf")}


def test_watchdog_issues_extends_and_archives_certificate(place: Site, tools: str) -> None:
    place.instance.add(Side.PUBLIC, "blog", plain(tools, "blog", A))
    assert "issue-certificate certificate blog" in place.run_watchdog()
    roots = place.pebble.roots()
    assert place.get(A, roots).body == "blog\n"

    # A second name: the same certificate, issued again, with both.
    workers = place.workers()
    place.instance.add(Side.PUBLIC, "blog", plain(tools, "blog", A, WWW))
    assert "issue-certificate certificate blog" in place.run_watchdog()
    assert place.get(A, roots).body == place.get(WWW, roots).body == "blog\n"
    assert lineages(place) == {"blog"}
    assert place.serial("blog") == place.served(WWW)
    assert len(workers) == 1

    # Nothing is left to do, and the next run takes the fast path.
    assert fast_path.is_unchanged(str(place.instance.paths.root))
    folder = place.instance.paths.proxy_certificates(Side.PUBLIC)
    assert {each.name for each in folder.iterdir()} == {"blog.pem", "blog.pem.key"}

    # Without its application it stays until it expires; then it is archived.
    place.instance.file(Side.PUBLIC, "blog").unlink()
    place.run_watchdog()
    assert (folder / "blog.pem").exists()
    later = replace(place.instance.cluster, clock=lambda: read.load(folder / "blog.pem").not_after + 1)
    report = watch(later)
    assert "archive-certificate certificate blog" in [
        f"{each.change.kind} {each.change.name}" for each in report.outcomes
    ]
    assert {each.name for each in folder.iterdir()} == {"invalid.pem", "invalid.pem.key"}
    assert len(list(place.instance.paths.certificate_archive.glob("public-blog-*.pem"))) == 1


def test_watchdog_certificate_failure_affects_one_application(place: Site, tools: str) -> None:
    lost = "lost.example.test"
    place.instance.add(Side.PUBLIC, "lost", plain(tools, "lost", lost))
    place.instance.add(Side.PUBLIC, "blog", plain(tools, "blog", A))
    report = watch(place.instance.cluster)
    errors = {each.change.name: each.error for each in report.outcomes if each.error}
    assert set(errors) == {"certificate lost"}
    assert f"{lost} has no address" in errors["certificate lost"]
    assert place.get(A, place.pebble.roots()).body == "blog\n"
    # It is deferred with a warning; once the backoff has passed and the name resolves, it is issued.
    deferred = watch(place.instance.cluster)
    assert deferred.ok
    assert any(lost in each.message for each in deferred.warnings)
    # A request for another name alone does not fail for it.
    cluster = place.instance.cluster
    assert renewal.renew(cluster, SILENT, cluster.clock(), RenewalRequest(names=(A,))).ok
    assert not renewal.renew(cluster, SILENT, cluster.clock()).ok
    place.name(lost)
    now = place.instance.cluster.clock()
    later = watch(replace(place.instance.cluster, clock=lambda: now + 700))
    assert later.ok, later
    assert place.get(lost, place.pebble.roots()).body == "lost\n"
    place.pebble.clear(lost)


def test_private_ca_trusted_by_curl(place: Site, tools: str) -> None:
    docker = "docker.internal.example.test"
    more = "    environment: {HEALTH: '200'}\n"
    text = plain(tools, "registry", docker, more=more).replace("main", "internal")
    place.instance.add(Side.INTERNAL, "registry", text)
    place.run_watchdog()
    root = place.instance.paths.private_ca / "root.pem"
    assert place.get(docker, root.read_text(), side=Side.INTERNAL).body == "registry\n"
    with pytest.raises(ssl.SSLCertVerificationError):
        place.get(docker, place.pebble.roots(), side=Side.INTERNAL)
    # As `docker login` and `npm login` ask, each with the file that `ssl ca` names.
    at = f"https://{docker}:{place.internal_port}"
    for request in (
        ("--user", "ops:secret", f"{at}/v2/"),
        ("--request", "PUT", "--data", '{"name": "ops"}', f"{at}/-/user/org.couchdb.user:ops"),
    ):
        resolve = ("--resolve", f"{docker}:{place.internal_port}:127.0.0.1")
        argv = ("curl", "--silent", "--show-error", "--fail", "--cacert", str(root), *resolve, *request)
        assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == "registry\n"


def test_user_provided_certificate_used_and_unchanged(place: Site, tools: str) -> None:
    from tests.support.certificates.stand import make

    folder = place.instance.paths.proxy_certificates(Side.PUBLIC)
    mine = make(A, days=20)
    (folder / "mine.pem.key").write_bytes(mine.key)
    (folder / "mine.pem").write_bytes(mine.certificate)
    place.instance.add(Side.PUBLIC, "blog", plain(tools, "blog", A))
    before = place.pebble.requests()["new-order"]
    place.run_watchdog()
    assert place.served(A) == mine.serial
    assert place.pebble.requests()["new-order"] == before
    assert not (folder / "invalid.pem").exists()
    now = place.instance.cluster.clock()
    report = renewal.renew(place.instance.cluster, SILENT, now + 15 * DAY)
    assert any(each.subject == "mine" and each.code is Code.CERTIFICATE_EXPIRING for each in report.blocked), report
    assert (folder / "mine.pem").read_bytes() == mine.certificate


def test_renew_without_ledger(place: Site, tools: str) -> None:
    place.instance.add(Side.PUBLIC, "blog", plain(tools, "blog", A))
    place.run_watchdog()
    place.instance.paths.ledger.unlink()
    first = place.serial("blog")
    report = renewal.renew(place.instance.cluster, SILENT, place.instance.cluster.clock() + 70 * DAY)
    assert report.ok or not any(not each.ok for each in report.outcomes), report
    assert place.serial("blog") != first
    assert ledger.load(place.instance.paths.ledger).attempts
    assert until(lambda: place.served(A), lambda serial: serial == place.serial("blog"))


def test_plan_shows_certificate_requests(place: Site, tools: str) -> None:
    place.instance.add(Side.PUBLIC, "blog", plain(tools, "blog", A))
    view = Snapshot(place.instance.cluster)
    assert [each.name for each in view.changes if each.kind == "issue-certificate"] == ["certificate blog"]
    assert plan_lines(view.report)[-1].endswith(
        "changes. Apply: shoestring start; the watchdog asks for certificates"
    )
    before = place.pebble.requests()["new-order"]
    planned = renewal.renew_plan(place.instance.cluster, place.instance.cluster.clock(), RenewalRequest(names=(A,)))
    assert [each.name for each in planned if each.kind == "issue-certificate"] == ["certificate blog"]
    assert place.pebble.requests()["new-order"] == before
