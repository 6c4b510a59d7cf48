"""Issue certificates by a real CA that is down, slow or at its limit, and by commands that are killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime.base import failpoints
from runtime.certificates.acme import issue
from runtime.certificates.acme.container import StillRunningError
from runtime.certificates.acme.issue import IssueError
from runtime.certificates.model import DesiredCertificate
from runtime.certificates.policy import ledger
from runtime.certificates.policy.ledger import AttemptResult
from tests.support.acme.relay import Faults, rate_limited
from tests.support.acme.stand import PebbleOptions, pebble
from tests.support.certificates.issue_stand import Stand, made
from tests.support.engine import until

if TYPE_CHECKING:
    from docker import DockerClient

ROOT = Path(__file__).parents[2]


@pytest.fixture
def stand(shared_issue_stand: Stand) -> Iterator[Stand]:
    yield shared_issue_stand
    shared_issue_stand.restore()


def test_issue_ca_down_slow_or_rate_limited(stand: Stand) -> None:
    wanted = stand.wanted("outage", "www")
    stand.staging.down()
    error = stand.refused(wanted)
    assert error.result is AttemptResult.UNAVAILABLE
    stand.staging.up()
    stand.staging.faults.delay_seconds = 60
    error = stand.refused(wanted, timeout=3)
    assert error.result is AttemptResult.UNAVAILABLE
    assert "did not finish within 3 s" in str(error)
    stand.staging.faults = Faults(problems={"new-order": rate_limited(3600)})
    # Another set of names: this one has failed enough for now.
    other = stand.wanted("limited", "www")
    began = time.time()
    error = stand.refused(other)
    assert error.result is AttemptResult.UNAVAILABLE
    assert "too many certificates" in str(error)
    assert began + 3600 <= stand.last().not_before <= time.time() + 3600
    stand.staging.faults = Faults()
    asked = stand.asked()
    held = stand.refused(other, forced=True)
    assert (held.result, held.until) == (AttemptResult.NOT_REQUESTED, stand.last().not_before)
    assert stand.asked() == asked


@pytest.mark.parametrize("point", ["certificate-asked", "certificate-answered"])
def test_issue_after_killed_command(stand: Stand, point: str) -> None:
    wanted = stand.wanted(f"killed-{point}", "www")
    if point == "certificate-answered":
        issue.issue(stand.here, wanted, staging_only=True)
    assert _elsewhere(stand, wanted, kill=point).wait(60) == -signal.SIGKILL
    attempt, asked = stand.last(), stand.asked()
    if point == "certificate-asked":
        assert attempt.result is AttemptResult.OPEN
        assert stand.refused(wanted, forced=False).result is AttemptResult.NOT_REQUESTED
        assert stand.asked() == asked
    assert set(stand.issued(wanted).host_names) == set(wanted.host_names)
    if point == "certificate-answered":
        assert stand.asked() == asked


def test_issue_while_client_of_killed_command_runs(stand: Stand, client: DockerClient) -> None:
    wanted = stand.wanted("busy", "www")
    stand.staging.faults.delay_seconds = 3
    running = {"label": f"shoestring.task={stand.here.settings.instance}", "status": "running"}
    process = _elsewhere(stand, wanted)
    until(lambda: client.api.containers(filters=running), bool)
    process.kill()
    process.communicate()
    with pytest.raises(StillRunningError, match="of an interrupted command is still running"):
        issue.issue(stand.here, wanted, forced=True)
    assert stand.last().result is AttemptResult.NOT_REQUESTED
    stand.staging.faults = Faults()
    until(lambda: client.api.containers(filters=running), lambda left: not left)
    assert set(stand.issued(wanted).host_names) == set(wanted.host_names)


def _elsewhere(stand: Stand, wanted: DesiredCertificate, kill: str = "") -> subprocess.Popen[bytes]:
    """Issue in another process, which may be killed or kills itself at a failpoint."""
    code = (
        "import sys; from pathlib import Path\n"
        "from runtime.context.cluster import open_cluster; from runtime.certificates import model\n"
        "from runtime.certificates.acme import issue\n"
        "from runtime.base.paths import Paths, Side\n"
        "from tests.support.certificates.issue_stand import Here\n"
        "c = open_cluster(Paths(Path(sys.argv[1])))\n"
        "wanted = model.DesiredCertificate(sys.argv[2], Side.PUBLIC, tuple(sys.argv[3:]), model.Issuer.HTTP_01)\n"
        "issue.issue(Here(c.client, c.paths, c.run, c.settings), wanted, forced=True)\n"
    )
    argv = (sys.executable, "-c", code, str(stand.here.paths.root), wanted.name, *wanted.host_names)
    environment = {**os.environ, failpoints.VARIABLE: f"kill:{kill}"}
    return subprocess.Popen(argv, env=environment, cwd=ROOT)


def test_issue_rejected_nonces(client: DockerClient, stand: Stand, tmp_path: Path) -> None:
    """certbot retries once after badNonce; a second one is an outage as any other."""
    options = PebbleOptions(nonce_reject_percent=15)
    with pebble(client, made(tmp_path / "ca"), options) as ca:
        acme = replace(stand.here.settings.acme, server=ca.directory, staging="", ca_file=str(ca.ca_file))
        here = replace(stand.here, settings=replace(stand.here.settings, acme=acme))
        wanted = stand.wanted("nonces", "www")
        ca.set_address(wanted.host_names[0], stand.address)
        for _ in range(5):
            with contextlib.suppress(IssueError):
                issue.issue(here, wanted, forced=True)
                break
        results = {each.result for each in ledger.load(here.paths.ledger).attempts if each.certificate == "nonces"}
        assert results <= {AttemptResult.ISSUED, AttemptResult.UNAVAILABLE}
        assert AttemptResult.ISSUED in results
