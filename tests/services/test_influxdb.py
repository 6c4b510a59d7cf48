"""InfluxDB as the service has it: who may read and write, what is kept for how long, and that a restart keeps all."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from runtime.metrics.measured_watchdog import watch
from tests.support.engine import until
from tests.support.services.metrics_stand import Metrics, open_metrics

if TYPE_CHECKING:
    from docker import DockerClient

POINT = "drop value=1"
REFUSED, FORBIDDEN, DONE, WRITTEN = 401, 403, 200, 204
KEPT = 'SELECT value FROM "kept"'


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory, client: DockerClient) -> Iterator[Metrics]:
    with open_metrics(tmp_path_factory.mktemp("metrics") / "data-directory", client, service="influxdb") as opened:
        yield opened


def answers(metrics: Metrics) -> None:
    until(lambda: metrics.query("SHOW DATABASES", "admin")[0], lambda status: status == DONE)


def test_influxdb_without_password(metrics: Metrics) -> None:
    answers(metrics)
    assert metrics.query("SHOW DATABASES")[0] == REFUSED
    assert metrics.query("CREATE USER x WITH PASSWORD 'x' WITH ALL PRIVILEGES")[0] in (REFUSED, FORBIDDEN)
    assert metrics.write(POINT) == REFUSED


@pytest.mark.parametrize("user", ["admin", "writer", "reader"])
def test_influxdb_wrong_password(metrics: Metrics, user: str) -> None:
    assert metrics.query("SHOW DATABASES", user, "wrong")[0] == REFUSED
    assert metrics.write(POINT, user, "") == REFUSED


def test_influxdb_rights_of_reader_and_writer(metrics: Metrics) -> None:
    assert metrics.write("kept value=1", "writer") == WRITTEN
    assert [row["value"] for row in metrics.rows(KEPT)] == [1]
    assert metrics.write(POINT, "reader") == FORBIDDEN
    assert "error" in metrics.query(KEPT, "writer")[1]
    for user in ("reader", "writer"):
        assert "error" in metrics.query('DROP MEASUREMENT "kept"', user)[1]
        assert metrics.query("CREATE USER x WITH PASSWORD 'x' WITH ALL PRIVILEGES", user)[0] == FORBIDDEN


def test_influxdb_retention_and_hourly_means(metrics: Metrics) -> None:
    found = {row["name"]: row for row in metrics.rows('SHOW RETENTION POLICIES ON "telegraf"', "admin")}
    assert (found["recent"]["duration"], found["recent"]["default"]) == ("720h0m0s", True)
    assert found["hourly"]["duration"] == "8760h0m0s"
    queries = {row["name"]: row["query"] for row in metrics.rows("SHOW CONTINUOUS QUERIES", "admin")}
    means = queries["hourly_means"].partition("BEGIN ")[2].removesuffix(" END")
    # What the continuous query does each hour, done now.
    hour = (int(time.time()) // 3600 - 1) * 3600 * 10**9
    assert metrics.write(f'hour,of=x number=4,word="y" {hour}\nhour,of=x number=6 {hour + 1}', "writer") == WRITTEN
    metrics.rows(means.replace(" GROUP BY", " WHERE time > 0 GROUP BY"), "admin")
    found_means = metrics.rows('SELECT mean_number FROM "hourly"."hour" GROUP BY *')
    assert [(row["of"], row["mean_number"]) for row in found_means] == [("x", 5)]


def test_influxdb_configured_for_little_memory(metrics: Metrics) -> None:
    """Its diagnostics show the settings of the application file, not its defaults."""
    answers(metrics)
    status, text = metrics.query("SHOW DIAGNOSTICS", "admin")
    assert status == DONE
    found: dict[str, object] = {}
    for part in json.loads(text)["results"][0]["series"]:
        found |= {
            f"{part['name']} {key}": value for key, value in zip(part["columns"], part["values"][0], strict=True)
        }
    assert found["config-data cache-max-memory-size"] == 64 * 1024 * 1024
    assert found["config-data max-concurrent-compactions"] == 1
    assert found["config-monitor store-enabled"] is False
    folders = metrics.instance.paths.data / "influxdb" / "data" / "telegraf"
    assert metrics.write("tuned value=1", "writer") == WRITTEN
    assert list(folders.glob("recent/*/index")), "the index is on the disk"


def test_influxdb_user_and_no_password_in_log(metrics: Metrics) -> None:
    container = metrics.container("influxdb", "application")
    top = container.top(ps_args="-eo uid,pid,args")["Processes"]
    assert {row[0] for row in top} == {"1500"}
    said = " ".join(row[2] for row in top) + container.logs().decode()
    assert not any(password in said for password in metrics.passwords.values())


def test_influxdb_restart_keeps_points(metrics: Metrics) -> None:
    metrics.container("influxdb", "application").restart()
    answers(metrics)
    assert [row["value"] for row in metrics.rows(KEPT)] == [1]


def test_influxdb_password_changed_in_secrets(metrics: Metrics) -> None:
    old, new = metrics.passwords["INFLUXDB_READER_PASSWORD"], "changed"
    secrets = metrics.instance.paths.secrets
    metrics.rows('ALTER RETENTION POLICY "recent" ON "telegraf" DURATION 10d', "admin")
    secrets.write_text(secrets.read_text().replace(old, new))
    assert watch(metrics.instance.cluster).ok
    answers(metrics)
    assert metrics.query(KEPT, "reader", old)[0] == REFUSED
    assert [row["value"] for row in metrics.rows(KEPT)] == [1]
    found = {row["name"]: row["duration"] for row in metrics.rows('SHOW RETENTION POLICIES ON "telegraf"', "admin")}
    assert found["recent"] == "240h0m0s", "the setting of the user is kept"
