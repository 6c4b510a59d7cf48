"""`shoestring metrics` against a real InfluxDB, in a process of its own and at a real terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pexpect
import pytest

from installer.metrics import influxdb
from runtime.base.errors import ShoestringError
from tests.support.listing import listed_change
from tests.support.services.metrics_stand import Metrics, open_metrics

if TYPE_CHECKING:
    from docker import DockerClient

TIMEOUT_SECONDS = 60
PROGRAM = "from installer.cli.main import main; main()"


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory, client: DockerClient) -> Iterator[Metrics]:
    with open_metrics(tmp_path_factory.mktemp("metrics") / "data-directory", client, service="influxdb") as opened:
        yield opened


def words(metrics: Metrics, *arguments: str) -> list[str]:
    root = str(metrics.instance.paths.root)
    return [sys.executable, "-c", PROGRAM, "metrics", *arguments, "--data-directory", root]


def shoestring(metrics: Metrics, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words(metrics, *arguments),
        input=given,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def kept(metrics: Metrics) -> dict[str, int]:
    answer: dict[str, int] = json.loads(shoestring(metrics, "retention", "--json").stdout)
    return answer


def test_retention_default(metrics: Metrics) -> None:
    assert kept(metrics) == {"version": 2, "days": 30, "hourly_days": 365}
    assert "points        30 days" in shoestring(metrics, "retention").stdout


def test_retention_longer_at_once_and_shorter_confirmed(metrics: Metrics) -> None:
    assert shoestring(metrics, "retention", "40").returncode == 0
    assert kept(metrics)["days"] == 40
    asked = shoestring(metrics, "retention", "2")
    assert asked.returncode == 2
    assert "are deleted within the hour, for good" in asked.stdout
    assert shoestring(metrics, "retention", "2", "--dry-run").returncode == 0
    would = json.loads(shoestring(metrics, "retention", "2", "--dry-run", "--json").stdout)
    assert (would["before"], would["wanted"], would["days"]) == (40, 2, 40)
    assert kept(metrics)["days"] == 40
    assert shoestring(metrics, "retention", "2", "--yes").returncode == 0
    assert kept(metrics)["days"] == 2
    assert "Nothing to do" in shoestring(metrics, "retention", "2").stdout


@pytest.mark.parametrize("days", ["0", "-1", "3651", "x"])
def test_retention_invalid_days(metrics: Metrics, days: str) -> None:
    refused = shoestring(metrics, "retention", "--yes", "--", days)
    assert refused.returncode == 2, refused
    assert "Traceback" not in refused.stderr


def test_shell_reads_pipe_as_administrator(metrics: Metrics) -> None:
    answer = shoestring(metrics, "shell", given="SHOW USERS")
    assert answer.returncode == 0, answer.stderr
    assert "writer" in answer.stdout


def test_shell_at_terminal(metrics: Metrics) -> None:
    program, *arguments = words(metrics, "shell")
    with pexpect.spawn(program, arguments, encoding="utf-8", timeout=TIMEOUT_SECONDS) as terminal:
        terminal.expect("> ")
        terminal.sendline("SHOW RETENTION POLICIES")
        terminal.expect("hourly")
        terminal.sendline("exit")
        terminal.expect(pexpect.EOF)


def test_reader_may_not_drop(metrics: Metrics) -> None:
    with pytest.raises(ShoestringError, match="not authorized"):
        influxdb.ask(metrics.instance.cluster, "DROP MEASUREMENT x")


def test_shell_without_influxdb(metrics: Metrics) -> None:
    container = metrics.container("influxdb", "application")
    with listed_change(metrics.instance.cluster.client, str(container.name)):
        container.stop(timeout=5)
    answer = shoestring(metrics, "shell")
    assert answer.returncode == 1
    assert answer.stderr.strip().startswith("InfluxDB does not run. Add it: shoestring service add influxdb")
