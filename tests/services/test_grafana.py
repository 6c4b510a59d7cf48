"""Every query of every dashboard and alert, its variables filled in, finds points that a real Telegraf wrote. So do
those of the page of plots.

There is no Grafana: its image cannot be had where these tests run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from installer.cli import app
from installer.metrics.figures import FIGURES
from runtime.watchdog import watch
from tests.engine.support import until
from tests.services import grafana_files
from tests.services.grafana_files import Query
from tests.services.metrics_stand import Metrics, open_metrics

if TYPE_CHECKING:
    from docker import DockerClient

QUERIES = (*grafana_files.panel_queries(), *grafana_files.variable_queries(), *grafana_files.alert_queries())
# What a machine may not have: WireGuard, certificates, a kernel that counts the traffic of containers' disks. These
# are written by hand, as Telegraf writes them.
BY_HAND = (
    "shoestring_peer,client=laptop rx_bytes={0}00i,tx_bytes={0}00i,handshake_age=20i,connected=1i",
    "shoestring_certificate,name=example.test,side=public days_left=59.5,expires=1800000000i",
    "docker_container_blkio,container_name=by_hand "
    "io_service_bytes_recursive_read={0}00i,io_service_bytes_recursive_write={0}00i",
)
SECONDS_APART = 20


def write_by_hand(metrics: Metrics) -> None:
    """Three points of each, so that there is a rate."""
    now = time.time_ns()
    for number in range(3):
        moment = now - (3 - number) * SECONDS_APART * 1_000_000_000
        for line in BY_HAND:
            assert metrics.write(f"{line.format(number + 1)} {moment}", "writer") == 204


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory, client: DockerClient) -> Iterator[Metrics]:
    with open_metrics(tmp_path_factory.mktemp("metrics") / "data-directory", client) as opened:
        assert watch(opened.instance.cluster).ok
        write_by_hand(opened)
        yield opened


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.place)
def test_a_query_finds_points(metrics: Metrics, query: Query) -> None:
    # Rates take two measurements that are some seconds apart.
    assert until(lambda: metrics.rows(query.filled), bool)


def test_an_alert_tells_what_it_is_about(metrics: Metrics) -> None:
    """What its message names is a tag of what its query finds."""
    for rule in grafana_files.rules():
        query = next(each for each in grafana_files.alert_queries() if each.place == f"alert: {rule['title']}")
        (first, *_) = metrics.rows(query.filled)
        for word in ("disk", "name", "application", "side"):
            if f".Labels.{word} " in rule["annotations"]["summary"]:
                assert first[word]


def test_the_last_pass_stands_still_when_there_is_none(metrics: Metrics) -> None:
    """The alert's figure is 0 as long as no pass comes, and more after one."""
    query = next(each for each in grafana_files.alert_queries() if "watchdog" in each.place).filled
    assert watch(metrics.instance.cluster).ok
    until(lambda: [row["spread"] for row in metrics.rows(query)], lambda found: found > [0])
    for moment in (time.time_ns(), time.time_ns() - SECONDS_APART * 1_000_000_000):
        assert metrics.write(f"still last_pass=1800000000i {moment}", "writer") == 204
    assert metrics.rows('SELECT spread("last_pass") FROM "still"')[0]["spread"] == 0


def page(metrics: Metrics, *options: str) -> str:
    """What `shoestring metrics` prints; it has no terminal here."""
    words = ["metrics", "--data-directory", str(metrics.instance.paths.root), *options]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_page_of_plots_has_a_row_for_everything(metrics: Metrics) -> None:
    # One hour has steps of 50 seconds, and a rate takes two of them.
    def missing() -> list[str]:
        found = json.loads(page(metrics, "--json", "--hours", "1"))
        assert {row["group"] for row in found["rows"]} <= {figure.group for figure in FIGURES}
        return sorted({each["measurement"] for each in found["missing"]})

    until(missing, lambda measurements: not measurements)
    text = page(metrics, "--hours", "1")
    for word in ("HOST", "processor", "CERTIFICATES", "example.test", "laptop in", "influxdb"):
        assert word in text
    assert "nothing was measured" not in text
