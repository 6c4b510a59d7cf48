"""A real Telegraf, through the real filter and the real proxies, into a real InfluxDB."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from installer.services import catalogue
from runtime.base.paths import Side
from runtime.metrics import export
from runtime.metrics.measured_watchdog import watch
from tests.support.engine import memory_of, output_of, until
from tests.support.services.metrics_stand import Metrics, open_metrics

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

# What each measurement must have: a tag (empty for none) and a field. docs/services.md has all of it.
MEASURED = {
    "cpu": ("cpu", "usage_idle"),
    "mem": ("", "available"),
    "swap": ("", "total"),
    "system": ("", "load1"),
    "disk": ("disk", "used_percent"),
    "diskio": ("name", "read_bytes"),
    "net": ("interface", "bytes_recv"),
    "docker": ("", "n_containers_running"),
    "docker_container_cpu": ("shoestring.application", "usage_percent"),
    "docker_container_mem": ("shoestring.application", "usage"),
    "docker_container_net": ("shoestring.application", "rx_bytes"),
    "haproxy": ("side", "stot"),
    "influxdb_database": ("database", "numSeries"),
    "influxdb_httpd": ("", "writeReq"),
    "influxdb_runtime": ("", "HeapInUse"),
    "shoestring_application": ("application", "up"),
    "shoestring_proxy": ("side", "up"),
    "shoestring_certificate": ("name", "days_left"),
    "shoestring_watchdog": ("", "last_pass"),
}
# On a host without WireGuard clients, and on kernels that do not count it for containers.
NOT_HERE = {"shoestring_peer", "docker_container_blkio", "influxdb_write"}
TOGETHER_MB = 80
# Of its limit, at most this share may be memory that the kernel cannot reclaim.
HEADROOM = 0.5


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory, client: DockerClient) -> Iterator[Metrics]:
    with open_metrics(tmp_path_factory.mktemp("metrics") / "data-directory", client) as opened:
        yield opened


def latest(metrics: Metrics, measurement: str) -> list[dict[str, object]]:
    """Return the newest point of each series, once there is one."""
    query = f'SELECT last(*) FROM "{measurement}" GROUP BY *'  # noqa: S608 - a name of this file
    return until(lambda: metrics.rows(query), bool)


@pytest.mark.parametrize("measurement", MEASURED)
def test_telegraf_measurement_has_points(metrics: Metrics, measurement: str) -> None:
    tag, field = MEASURED[measurement]
    found = latest(metrics, measurement)
    assert all(not tag or tag in row for row in found)
    assert any(row[f"last_{field}"] is not None for row in found)


def test_telegraf_no_other_measurements(metrics: Metrics) -> None:
    latest(metrics, "shoestring_watchdog")
    found = {row["name"] for row in metrics.rows("SHOW MEASUREMENTS")}
    assert found - NOT_HERE <= set(MEASURED)


def test_telegraf_tags_of_containers_and_proxies(metrics: Metrics) -> None:
    until(
        lambda: {row.get("shoestring.application") for row in latest(metrics, "docker_container_mem")},
        lambda names: names >= {"core", "influxdb", "telegraf"},
    )
    assert {(row["side"], row["proxy"]) for row in latest(metrics, "haproxy")} >= {
        ("public", "_web"),
        ("internal", "_web"),
        ("internal", "influxdb"),
    }
    assert {row["disk"] for row in latest(metrics, "disk")} == {"system", "data", "docker"}
    interfaces = {str(row["interface"]) for row in latest(metrics, "net")}
    assert not any(name.startswith(("veth", "br-", "lo")) for name in interfaces)


def test_telegraf_network_of_host(metrics: Metrics) -> None:
    devices = Path("/proc/1/net/dev").read_text(encoding="ascii").splitlines()[2:]
    sent = {line.split(":")[0].strip(): int(line.split(":")[1].split()[8]) for line in devices}
    for row in latest(metrics, "net"):
        assert 0 <= sent[str(row["interface"])] - int(str(row["last_bytes_sent"])) < 100_000_000


def test_telegraf_points_of_watchdog_run(metrics: Metrics) -> None:
    assert watch(metrics.instance.cluster).ok
    before = metrics.rows('SELECT last("last_pass") FROM "shoestring_watchdog"')[0]["last"]
    until(lambda: watch(metrics.instance.cluster).ok, bool)
    until(
        lambda: metrics.rows('SELECT last("last_pass") FROM "shoestring_watchdog"')[0]["last"],
        lambda now: now > before,
    )
    states = {row["application"]: row["last_up"] for row in latest(metrics, "shoestring_application")}
    assert states == {"influxdb": 1, "telegraf": 1}
    assert {row["name"] for row in latest(metrics, "shoestring_certificate")} == {"internal"}


def test_telegraf_log_without_errors_and_passwords(metrics: Metrics) -> None:
    latest(metrics, "docker_container_net")
    # Errors are expected until everything has started, but not later.
    moment = time.time()
    query = f'SELECT "usage" FROM "docker_container_mem" WHERE time > {int(moment + 2)}s'  # noqa: S608 - a number
    until(lambda: metrics.rows(query), bool)
    for service in ("telegraf", "filter"):
        container = metrics.container("telegraf", service)
        assert container.logs(since=moment) == b""
        assert not any(password in container.logs().decode() for password in metrics.passwords.values())


def test_telegraf_and_filter_limits_and_users(metrics: Metrics) -> None:
    latest(metrics, "docker")
    limits = 0
    for service, user in (("telegraf", "999"), ("filter", "99")):
        container = metrics.container("telegraf", service)
        assert {row[0] for row in container.top(ps_args="-eo uid,pid,args")["Processes"]} == {user}
        host = container.attrs["HostConfig"]
        limits += host["Memory"]
        assert 0 < anonymous(container) <= HEADROOM * host["Memory"]
        assert (container.attrs["State"]["OOMKilled"], container.attrs["RestartCount"]) == (False, 0)
        assert (host["Privileged"], host["CapDrop"], host["ReadonlyRootfs"]) == (False, ["ALL"], True)
        assert all(not mount["RW"] for mount in container.attrs["Mounts"])
    assert limits <= TOGETHER_MB * 1024 * 1024


def anonymous(container: Container) -> int:
    """Return the memory of its processes in bytes, without cached files: `anon` of cgroup v2, `total_rss` of v1."""
    details = memory_of(container)["stats"]
    return int(details["anon"] if "anon" in details else details["total_rss"])


def test_telegraf_proc_without_processes(metrics: Metrics) -> None:
    container = metrics.container("telegraf", "telegraf")
    code, _ = container.exec_run(["test", "-e", "/host/proc/1"])
    assert code != 0
    names = set(output_of(container, "ls", "/host/proc", "/host/proc/net").split()) - {
        "/host/proc:",
        "/host/proc/net:",
    }
    assert names == {"cpuinfo", "diskstats", "loadavg", "meminfo", "net", "stat", "uptime", "vmstat", "dev"}


def test_telegraf_rights_on_proxy_sockets(metrics: Metrics) -> None:
    container = metrics.container("telegraf", "telegraf")
    for socket in ("admin.sock", "master.sock"):
        code, _ = container.exec_run(["test", "-r", f"/run/haproxy-public/{socket}"])
        assert code != 0, socket
    code, _ = container.exec_run(["test", "-w", "/run/haproxy-public/stats.sock"])
    assert code == 0


def test_telegraf_without_docker(metrics: Metrics) -> None:
    file = metrics.instance.file(Side.INTERNAL, "telegraf")
    text = file.read_text()
    # A group that may not use Docker's socket.
    file.write_text(re.sub(r'group_add: \["\d+"\]\n    networks: \[engine\]', "networks: [engine]", text))
    assert file.read_text() != text
    assert watch(metrics.instance.cluster).ok
    telegraf = metrics.container("telegraf", "telegraf")
    telegraf.restart()
    since = f"WHERE time > {time.time_ns()}"
    until(lambda: metrics.rows(f'SELECT "load1" FROM "system" {since}'), bool)  # noqa: S608 - a number
    telegraf.reload()
    assert (telegraf.status, telegraf.attrs["RestartCount"]) == ("running", 0)
    file.write_text(text)
    assert watch(metrics.instance.cluster).ok
    query = f'SELECT "usage" FROM "docker_container_mem" {since}'  # noqa: S608 - a number
    until(lambda: metrics.rows(query), bool)
    assert metrics.container("telegraf", "telegraf").id == telegraf.id


def test_telegraf_changed_configuration(metrics: Metrics) -> None:
    file = metrics.instance.paths.conf / "telegraf" / "telegraf.conf"
    before = metrics.container("telegraf", "telegraf").id
    file.write_text(file.read_text() + '\n[global_tags]\n  place = "here"\n')
    assert watch(metrics.instance.cluster).ok
    assert metrics.container("telegraf", "telegraf").id != before
    until(lambda: metrics.rows('SHOW TAG VALUES FROM "mem" WITH KEY = "place"'), bool)


def test_telegraf_removed_stops_export(metrics: Metrics) -> None:
    cluster = metrics.instance.cluster
    assert (cluster.run.directory / export.DIRECTORY).is_dir()
    metrics.instance.file(Side.INTERNAL, "telegraf").unlink()
    assert watch(cluster).ok
    catalogue.load()["telegraf"].remove_traces(cluster.paths, cluster.settings)
    assert watch(cluster).ok
    assert not (cluster.run.directory / export.DIRECTORY).exists()
