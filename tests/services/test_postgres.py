"""Postgres as a service: logins, databases for applications, and psql."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime.base.paths import Side
from runtime.docker import images
from runtime.docker.images import POSTGRES
from tests.support.deploy.stand import shoestring as run
from tests.support.engine import LOOPBACK, Instance
from tests.support.listing import listed_change
from tests.support.services.postgres_stand import Site, open_site

if TYPE_CHECKING:
    from docker import DockerClient

ROOT = Path(__file__).parents[2]
CLI = "from installer.cli.main import main; main()"
CLIENT = """
services:
  application:
    image: {image}
    entrypoint: [sleep, infinity]
    networks: [{networks}]
    stop_grace_period: 0s
    restart: unless-stopped
    user: "999:999"
    environment:
      DATABASE_URL: ${{SHOP_DATABASE_URL}}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("postgres") / "data-directory") as opened:
        yield opened


def inside(site: Site, application: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an application's container."""
    argv = ("docker", "exec", site.instance.container(application), *arguments)
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def test_superuser_login(site: Site) -> None:
    password = site.secrets["POSTGRES_PASSWORD"]
    assert site.client("SELECT 6 * 7", password=password).stdout == "42\n"
    wrong = site.client("SELECT 1", password="x" * 32)
    assert "password authentication failed" in wrong.stderr
    assert wrong.returncode == 2
    assert "no password supplied" in site.client("SELECT 1").stderr
    assert site.sql("SHOW password_encryption") == "scram-sha-256"
    methods = site.sql("SELECT DISTINCT auth_method FROM pg_hba_file_rules ORDER BY 1").split()
    assert methods == ["peer", "scram-sha-256"]


def test_password_not_in_container_listing(site: Site, client: DockerClient) -> None:
    password = site.secrets["POSTGRES_PASSWORD"]
    seen = client.api.inspect_container(site.container)
    assert password not in str(seen)
    assert password not in str(client.containers.get(site.container).top())
    assert password not in site.file.read_text()
    assert seen["Config"]["User"] == "999:999"
    assert seen["HostConfig"]["PortBindings"] in (None, {})


def test_network_and_empty_plan(site: Site) -> None:
    name = site.instance.settings.instance
    seen = site.instance.cluster.client.api.inspect_container(site.container)
    assert set(seen["NetworkSettings"]["Networks"]) == {f"{name}_internal", f"{name}_postgres"}
    assert "additional: [postgres]" in site.instance.paths.settings.read_text()
    again = site.run("service", "add", "postgres", "--yes")
    assert again.code == 0, again.err
    assert site.answer("plan")["changes"] == []


def test_collation_by_code_points(site: Site) -> None:
    row = site.sql("SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'template1'")
    assert row == "b|C.UTF-8"
    assert site.sql("SELECT upper('äß'), collation_version FROM (SELECT datcollversion AS collation_version "
                    "FROM pg_database WHERE datname = 'postgres') AS x") == "Äß|1"  # fmt: skip


def test_application_connects_by_network(site: Site) -> None:
    made = site.answer("postgres", "create", "shop")
    image = images.local_name(POSTGRES)
    site.instance.add(Side.PUBLIC, "shop", CLIENT.format(image=image, networks="main, postgres"))
    site.instance.add(Side.PUBLIC, "stranger", CLIENT.format(image=image, networks="main"))
    try:
        site.command("start")
        query = ("sh", "-c", 'PGCONNECT_TIMEOUT=5 psql -Atc "SELECT current_user" "$DATABASE_URL"')
        assert inside(site, "shop", "printenv", "DATABASE_URL").stdout.strip() == made["url"]
        assert inside(site, "shop", *query).stdout == "shop\n"
        assert "could not translate host name" in inside(site, "stranger", *query).stderr
        # Not by the IP address either.
        name = f"{site.instance.settings.instance}_postgres"
        seen = site.instance.cluster.client.api.inspect_container(site.container)
        address = seen["NetworkSettings"]["Networks"][name]["IPAddress"]
        ready = ("pg_isready", "--timeout=3", f"--host={address}")
        assert inside(site, "shop", *ready).returncode == 0
        assert inside(site, "stranger", *ready).returncode == 2
    finally:
        for application in ("shop", "stranger"):
            site.instance.file(Side.PUBLIC, application).unlink()
        site.instance.start()
        for application in ("shop", "stranger"):
            project = site.instance.settings.project(application)
            subprocess.run(("docker", "compose", "--project-name", project, "down"), check=True, capture_output=True)


def test_create_role_owns_one_database(site: Site) -> None:
    one, other = site.answer("postgres", "create", "one"), site.answer("postgres", "create", "other-one")
    assert other["secrets"] == ["OTHER_ONE_DATABASE_URL", "OTHER_ONE_DATABASE_PASSWORD"]
    assert site.secrets["ONE_DATABASE_URL"] == one["url"]
    password = site.secrets["ONE_DATABASE_PASSWORD"]
    assert str(one["url"]) == f"postgres://one:{password}@postgres:5432/one"
    assert (
        site.client("CREATE TABLE t (n int); SELECT 1", user="one", password=password).stdout == "CREATE TABLE\n1\n"
    )
    for database in ("other-one", "postgres", "template1"):
        url = f"postgres://one@{site.address}:5432/{database}"
        assert "permission denied for database" in site.client("SELECT 1", url=url, password=password).stderr
    rights = "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = 'one'"
    assert site.sql(rights) == "f|f|f|f"
    assert site.sql("SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = 'one'") == "one"


def test_create_again_sets_password(site: Site) -> None:
    first = site.answer("postgres", "create", "again")
    assert first["done"] == [
        "secrets AGAIN_DATABASE_URL and AGAIN_DATABASE_PASSWORD",
        "role again",
        "database again",
    ]
    before = site.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'again'")
    assert site.answer("postgres", "create", "again") == {**first, "done": []}
    assert site.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'again'") == before
    # The user chooses another password, in one of the two places.
    text = site.instance.paths.secrets.read_text()
    lines = [line for line in text.splitlines() if not line.startswith("AGAIN_DATABASE_URL")]
    password = site.secrets["AGAIN_DATABASE_PASSWORD"]
    site.instance.paths.secrets.write_text("\n".join(lines).replace(password, "a/b c") + "\n")
    changed = site.answer("postgres", "create", "again")
    assert changed["done"] == ["secrets AGAIN_DATABASE_URL", "password of the role again"]
    assert changed["url"] == "postgres://again:a%2Fb%20c@postgres:5432/again"
    assert site.client("SELECT 1", user="again", password="a/b c").stdout == "1\n"
    assert "password authentication failed" in site.client("SELECT 1", user="again", password=password).stderr


def test_create_refused(site: Site) -> None:
    site.sql("CREATE ROLE byhand; CREATE DATABASE someones")
    assert "its password is not in" in site.run("postgres", "create", "byhand").err
    refused = site.run("postgres", "create", "someones")
    assert "its owner is postgres" in refused.err
    assert "SOMEONES" not in site.instance.paths.secrets.read_text()
    for name in ("postgres", "pg_x", "Shop", "1shop", "a b", "x'; DROP"):
        assert site.run("postgres", "create", name).code == 2
    site.command("postgres", "create", "planned", "--dry-run")
    assert site.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'planned'") == "0"
    assert "PLANNED" not in site.instance.paths.secrets.read_text()


def test_password_not_in_log(site: Site, client: DockerClient) -> None:
    site.command("postgres", "create", "logged")
    # A statement that fails is logged as it came.
    site.run("postgres", "create", "someones")
    log = client.containers.get(site.container).logs().decode()
    for name, value in site.secrets.items():
        assert value not in log, name


def shoestring(*arguments: str, site: Site) -> tuple[str, ...]:
    return (sys.executable, "-c", CLI, *arguments, "--data-directory", str(site.instance.paths.root))


def test_psql_reads_pipe_and_returns_exit_code(site: Site) -> None:
    def piped(sql: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = shoestring("postgres", "psql", *arguments, site=site)
        return subprocess.run(argv, input=sql, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)

    assert piped("SELECT current_database(), current_user;", "template1").stdout.split()[-5:-2] == [
        "template1",
        "|",
        "postgres",
    ]
    failed = piped("SELECT 1/0;\nSELECT 'not reached';")
    assert failed.returncode == 3
    assert "division by zero" in failed.stderr
    assert "not reached" not in failed.stdout
    assert 'database "nothing" does not exist' in piped("SELECT 1", "nothing").stderr


def test_psql_at_terminal(site: Site) -> None:
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(ROOT)
        argv = shoestring("postgres", "psql", site=site)
        os.execv(argv[0], argv)  # noqa: S606 - nothing but that gives it the terminal
    seen = b""

    def read_until(wanted: bytes) -> None:
        nonlocal seen
        deadline = time.monotonic() + 30
        while wanted not in seen and time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.5)[0]:
                seen += os.read(terminal, 4096)
        assert wanted in seen, seen

    try:
        read_until(b"postgres=#")
        os.write(terminal, b"SELECT 6 * 7 AS answer;\r")
        read_until(b"42")
        os.write(terminal, b"\\q\r")
        assert os.waitpid(process, 0)[1] == 0
    finally:
        os.close(terminal)


def test_add_port_in_use(instance: Instance) -> None:
    with socket.socket() as other:
        # Another program may already use it.
        with contextlib.suppress(OSError):
            other.bind((LOOPBACK, 5432))
            other.listen()
        answer = run(instance, "service", "add", "postgres", "--yes")
    assert answer.code == 1
    assert f"Port 5432 of {LOOPBACK} is in use" in answer.err
    assert not instance.file(Side.INTERNAL, "postgres").exists()
    assert instance.containers() == {}


def test_add_again_sets_password_of_secrets(site: Site) -> None:
    before = site.secrets["POSTGRES_PASSWORD"]
    secrets = site.instance.paths.secrets
    secrets.write_text(secrets.read_text().replace(before, "another"))
    assert "password authentication failed" in site.client("SELECT 1", password="another").stderr
    assert "was set to POSTGRES_PASSWORD" in site.command("service", "add", "postgres", "--yes").out
    assert site.client("SELECT 1", password="another").stdout == "1\n"
    assert "was set to POSTGRES_PASSWORD" not in site.command("service", "add", "postgres", "--yes").out


def test_create_without_postgres(instance: Instance) -> None:
    answer = run(instance, "postgres", "create", "shop")
    assert (answer.code, "shoestring service add postgres" in answer.err) == (2, True)


def test_restart_keeps_data(site: Site, client: DockerClient) -> None:
    site.sql("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    with listed_change(client, site.container):
        client.containers.get(site.container).kill()
    site.command("start")
    site.wait()
    assert site.sql("SELECT count(*) FROM kept") == "1000"
    assert "additional" in site.instance.paths.settings.read_text()
