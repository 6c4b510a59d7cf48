"""A fresh demo with all default services: each answers at its own name and requires its password.

Grafana is missing: its image is not available where the tests run. Telegraf's image is the one that the tests build,
under the official name. The tests depend on each other, in their order.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from runtime.docker.images import POSTGRES, local_name
from runtime.reconcile.status import FINE
from tests.support.engine import until
from tests.support.services.demo_stand import Demo, official_telegraf, open_demo

if TYPE_CHECKING:
    from docker import DockerClient

SERVICES = ("influxdb", "telegraf", "postgres", "registry-docker", "registry-npm")
WRONG = "x" * 32
# Telegraf measures every 30 seconds; the containers at the second time, if its filter was not there at the first.
MEASURED_SECONDS = 75.0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, client: DockerClient) -> Iterator[Demo]:
    with official_telegraf(client), open_demo(tmp_path_factory.mktemp("demo")) as opened:
        yield opened


@pytest.fixture(scope="module")
def bare(demo: Demo, client: DockerClient) -> set[str]:
    """The containers of the demo without services."""
    return set(demo.containers(client))


@pytest.fixture(scope="module", autouse=True)
def said(demo: Demo, bare: set[str]) -> str:
    """The output of `service add`, for all services at once."""
    return demo.run("service", "add", *SERVICES, "--yes")


def test_add_prints_addresses_without_passwords(demo: Demo, said: str) -> None:
    for name in ("influxdb", "docker", "npm"):
        assert demo.page(name) in said
    assert f"{demo.address}:5432" in said
    assert "password: DOCKER_REGISTRY_PASSWORD in conf/secrets.yaml" in said
    assert [name for name, value in demo.passwords.items() if value in said] == []


def test_influxdb_login(demo: Demo) -> None:
    assert demo.ask("influxdb", "/ping")[0] == 204
    query = "/query?" + urlencode({"q": "SHOW DATABASES"})
    for user in ("admin", "reader"):
        status, answer = demo.ask("influxdb", query, (user, demo.passwords[f"INFLUXDB_{user.upper()}_PASSWORD"]))
        assert (status, "telegraf" in answer) == (200, True), answer
        assert demo.ask("influxdb", query, (user, WRONG))[0] == 401
    assert demo.ask("influxdb", query)[0] == 401
    for login in (None, ("writer", WRONG)):
        assert demo.ask("influxdb", "/write?db=telegraf", login, "POST", "system load1=99")[0] == 401


def test_docker_registry_login(demo: Demo) -> None:
    password = demo.passwords["DOCKER_REGISTRY_PASSWORD"]
    assert demo.ask("docker", "/v2/", ("admin", password)) == (200, "{}")
    for login in (None, ("admin", WRONG), ("nobody", password)):
        assert {demo.ask("docker", path, login)[0] for path in ("/v2/", "/v2/_catalog")} == {401}


def test_npm_registry_login(demo: Demo) -> None:
    assert demo.ask("npm", "/-/ping")[0] == 200
    password = demo.answer("npm", "user", "add", "anna")["password"]
    assert json.loads(demo.ask("npm", "/-/whoami", ("anna", password))[1]) == {"username": "anna"}
    page = f"/@{demo.instance}%2fpage"
    for login in (None, ("anna", WRONG), ("nobody", password)):
        assert demo.ask("npm", page, login, "PUT", "{}")[0] == 401, login


def test_postgres_login(demo: Demo) -> None:
    assert psql(demo, demo.passwords["POSTGRES_PASSWORD"]).stdout == "42\n"
    assert "password authentication failed" in psql(demo, WRONG).stderr
    assert "no password supplied" in psql(demo, "").stderr


def psql(demo: Demo, password: str) -> subprocess.CompletedProcess[str]:
    """Run a query at the port of the internal side."""
    url = f"postgres://postgres@{demo.address}:5432/postgres"
    query = ("psql", "--no-password", "--no-align", "--tuples-only", "--command=SELECT 6 * 7", url)
    return subprocess.run(
        ("docker", "run", "--rm", "--network=host", "--env=PGPASSWORD", local_name(POSTGRES), *query),
        env={**os.environ, "PGPASSWORD": password},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_status_of_all_services(demo: Demo) -> None:
    listed = demo.answer("service", "list")["services"]
    assert {each["name"] for each in listed if each["state"] in FINE} == set(SERVICES)
    status = demo.answer("status")
    assert {each["name"] for each in status["applications"] if each["state"] in FINE} == {"example", *SERVICES}
    assert [each["state"] in FINE for each in status["proxies"]] == [True, True]


def test_add_again_changes_nothing(demo: Demo, client: DockerClient) -> None:
    before = demo.containers(client), demo.files
    assert "Nothing to do: everything runs as configured." in demo.run("service", "add", *SERVICES, "--yes")
    assert (demo.containers(client), demo.files) == before


def test_telegraf_points_in_influxdb(demo: Demo) -> None:
    query = 'SELECT last("usage") FROM "docker_container_mem" GROUP BY "shoestring.application"'
    path = "/query?" + urlencode({"db": "telegraf", "q": query})
    reader = ("reader", demo.passwords["INFLUXDB_READER_PASSWORD"])

    def measured() -> set[str]:
        series = json.loads(demo.ask("influxdb", path, reader)[1])["results"][0].get("series", [])
        return {each["tags"]["shoestring.application"] for each in series}

    until(measured, lambda names: names >= {"core", "example", *SERVICES}, patience=MEASURED_SECONDS)


def test_remove_keeps_data(demo: Demo, bare: set[str], client: DockerClient) -> None:
    passwords = demo.passwords
    demo.run("service", "remove", *SERVICES, "--yes")
    assert set(demo.containers(client)) == bare
    listed = {each["name"]: each for each in demo.answer("service", "list")["services"]}
    assert {listed[name]["state"] for name in SERVICES} == {"absent"}
    assert all(listed[name]["kept"] for name in SERVICES)
    assert (demo.paths.data / "influxdb" / "data" / "telegraf").is_dir()
    assert (demo.paths.data / "postgres" / "17" / "PG_VERSION").is_file()
    assert "anna:" in (demo.paths.data / "verdaccio-users" / "htpasswd").read_text()
    assert demo.passwords == passwords
