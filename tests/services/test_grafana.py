"""Every query of every dashboard and alert, its variables filled in, finds points that a real Telegraf wrote. So do
the queries of `shoestring metrics`.

There is no Grafana: its image is not available where these tests run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from installer.cli.main import app
from installer.metrics.figures import FIGURES
from installer.services import add, catalogue, plan, service_files
from runtime.base.paths import Side
from runtime.context.cluster import open_cluster
from runtime.docker.images import GRAFANA
from runtime.metrics.measured_watchdog import watch
from tests.support.engine import output_of, until
from tests.support.services import grafana_files
from tests.support.services.grafana_files import Query
from tests.support.services.metrics_stand import Metrics, open_metrics

if TYPE_CHECKING:
    from docker import DockerClient

QUERIES = (*grafana_files.panel_queries(), *grafana_files.variable_queries(), *grafana_files.alert_queries())
# What a machine may not measure: WireGuard, certificates, disk traffic of containers (not counted by all kernels).
# The test writes these points as Telegraf does.
BY_HAND = (
    "shoestring_peer,client=laptop rx_bytes={0}00i,tx_bytes={0}00i,handshake_age=20i,connected=1i",
    "shoestring_certificate,name=example.test,side=public days_left=59.5,expires=1800000000i",
    "docker_container_blkio,container_name=by_hand "
    "io_service_bytes_recursive_read={0}00i,io_service_bytes_recursive_write={0}00i",
)
# The page's steps are of 50 seconds, and a rate takes two of them: so for the page some that are minutes old.
BY_HAND_FOR_THE_PAGE = (
    BY_HAND[0],
    "net,interface=by_hand bytes_recv={0}00i,bytes_sent={0}00i",
    "haproxy,type=backend,side=public,proxy=by_hand req_tot={0}00i,http_response.5xx={0}i",
)
SECONDS_APART, SECONDS_APART_FOR_THE_PAGE = 20, 100


def write_by_hand(metrics: Metrics, lines: Iterable[str], apart: int) -> None:
    """Write three points of each line, `apart` seconds apart, so that there is a rate."""
    now = time.time_ns()
    for number in range(3):
        moment = now - (3 - number) * apart * 1_000_000_000
        for line in lines:
            assert metrics.write(f"{line.format(number + 1)} {moment}", "writer") == 204


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory, client: DockerClient) -> Iterator[Metrics]:
    with open_metrics(tmp_path_factory.mktemp("metrics") / "data-directory", client) as opened:
        assert watch(opened.instance.cluster).ok
        write_by_hand(opened, BY_HAND, SECONDS_APART)
        yield opened


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.place)
def test_query_finds_points(metrics: Metrics, query: Query) -> None:
    # Rates take two measurements that are some seconds apart.
    assert until(lambda: metrics.rows(query.filled), bool)


def test_alert_summary_labels_in_query(metrics: Metrics) -> None:
    """The labels of its message are tags of the points that its query finds."""
    for rule in grafana_files.rules():
        query = next(each for each in grafana_files.alert_queries() if each.place == f"alert: {rule['title']}")
        (first, *_) = metrics.rows(query.filled)
        for word in ("disk", "name", "application", "side"):
            if f".Labels.{word} " in rule["annotations"]["summary"]:
                assert first[word]


def test_watchdog_alert_query_without_runs(metrics: Metrics) -> None:
    """The alert's value is 0 as long as the watchdog does not run, and more after a run."""
    query = next(each for each in grafana_files.alert_queries() if "watchdog" in each.place).filled
    assert watch(metrics.instance.cluster).ok
    until(lambda: [row["spread"] for row in metrics.rows(query)], lambda found: found > [0])
    for moment in (time.time_ns(), time.time_ns() - SECONDS_APART * 1_000_000_000):
        assert metrics.write(f"still last_pass=1800000000i {moment}", "writer") == 204
    assert metrics.rows('SELECT spread("last_pass") FROM "still"')[0]["spread"] == 0


def page(metrics: Metrics, *options: str) -> str:
    """Return what `shoestring metrics` prints without a terminal."""
    words = ["metrics", "--data-directory", str(metrics.instance.paths.root), *options]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_metrics_page_has_all_rows(metrics: Metrics) -> None:
    write_by_hand(metrics, BY_HAND_FOR_THE_PAGE, SECONDS_APART_FOR_THE_PAGE)
    found = json.loads(page(metrics, "--json", "--hours", "1"))
    assert found["missing"] == []
    assert {row["group"] for row in found["rows"]} == {figure.group for figure in FIGURES}
    text = page(metrics, "--hours", "1")
    for word in ("HOST", "processor", "CERTIFICATES", "example.test", "laptop in", "influxdb"):
        assert word in text
    assert "nothing was measured" not in text


# The query of Grafana's data source, from its container, with its variables.
QUERY_AS_GRAFANA = """
import base64, os, urllib.request
request = urllib.request.Request("http://influxdb:8086/query?db=telegraf&q=SHOW+MEASUREMENTS")
login = "reader:" + os.environ["INFLUXDB_READER_PASSWORD"]
request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
print(urllib.request.urlopen(request, timeout=10).read().decode())
"""
INSPECT_AS_GRAFANA = """
id -u && id -g
cat /etc/grafana/provisioning/*/*.yaml /etc/grafana/dashboards/*.json >/dev/null && echo read
touch /var/lib/grafana/written && echo written
touch /etc/grafana/dashboards/host.json /etc/passwd /outside 2>/dev/null || echo refused
"""


def add_faked_grafana(metrics: Metrics, tools: str) -> tuple[str, ...]:
    """Add Grafana with the test server in place of its image. Return the names of the secrets that are shown once."""
    instance = metrics.instance
    services = catalogue.complete(catalogue.load(), ["grafana"])
    written = add.write(
        instance.paths,
        plan.plan(instance.paths, instance.settings, services, service_files.template_host()),
        commit=False,
    )
    file = instance.file(Side.INTERNAL, "grafana")
    text = file.read_text().replace(GRAFANA.reference, tools)
    file.write_text(text.replace("    environment:\n", '    environment:\n      SECOND_PORT: "3000"\n'))
    instance.cluster = replace(open_cluster(instance.paths), client=instance.cluster.client)
    return tuple(name for name, _ in written.shown)


def test_grafana_container_faked_by_test_server(metrics: Metrics, tools: str) -> None:
    assert add_faked_grafana(metrics, tools) == ("GRAFANA_ADMIN_PASSWORD",)
    report = metrics.instance.start()
    assert report.ok, report
    container = metrics.container("grafana", "application")
    seen = output_of(container, "sh", "-c", INSPECT_AS_GRAFANA).split()
    assert seen == ["472", "0", "read", "written", "refused"]
    answer = output_of(container, "python3", "-c", QUERY_AS_GRAFANA)
    assert "shoestring_application" in answer
    password = metrics.passwords["GRAFANA_ADMIN_PASSWORD"]
    assert f"GF_SECURITY_ADMIN_PASSWORD={password}" in container.attrs["Config"]["Env"]


def test_changed_rules_restart_grafana(metrics: Metrics) -> None:
    before = metrics.container("grafana", "application").id
    rules = metrics.instance.paths.conf / "grafana" / "provisioning" / "alerting" / "rules.yaml"
    rules.write_text(rules.read_text().replace("params: [85]", "params: [80]"))
    assert watch(metrics.instance.cluster).ok
    container = metrics.container("grafana", "application")
    assert container.id != before
    found = output_of(container, "cat", "/etc/grafana/provisioning/alerting/rules.yaml")
    assert "params: [80]" in found
