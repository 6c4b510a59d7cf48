"""Every query of every dashboard and alert, its variables filled in, finds points that a real Telegraf wrote.

There is no Grafana: its image cannot be had where these tests run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

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
    until(lambda: metrics.rows(query)[0]["spread"], lambda spread: spread > 0)
    assert metrics.write("still last_pass=1800000000i", "writer") == 204
    assert metrics.write("still last_pass=1800000000i 1", "writer") == 204
    assert metrics.rows('SELECT spread("last_pass") FROM "still"')[0]["spread"] == 0
