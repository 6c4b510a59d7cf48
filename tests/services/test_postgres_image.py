"""What our application file uses of the official image's entry point: the first start of Postgres."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.docker import images
from runtime.docker.images import POSTGRES

if TYPE_CHECKING:
    from docker import DockerClient


def start(client: DockerClient, **options: Any) -> Any:
    return client.containers.run(images.local_name(POSTGRES), detach=True, **options)


def log(container: Any) -> str:
    text: str = container.logs().decode()
    return text


def answer(container: Any, sql: str, *options: str) -> str:
    deadline = time.monotonic() + 60
    ready = ["pg_isready", "--host=127.0.0.1"]
    while container.exec_run(ready).exit_code and time.monotonic() < deadline:
        time.sleep(0.2)
    # As the image's own user: `peer` asks who it is.
    result = container.exec_run(["psql", "-U", "postgres", "-Atc", sql, *options], user="postgres")
    assert result.exit_code == 0, result.output
    text: str = result.output.decode().strip()
    return text


def test_entrypoint_user_and_init_scripts(client: DockerClient, tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text("CREATE TABLE first (n int); INSERT INTO first VALUES (1);")
    script = tmp_path / "2.sh"
    script.write_text('#!/bin/sh\npsql -U postgres -c "INSERT INTO first VALUES (2)"\n')
    script.chmod(0o755)
    tmp_path.chmod(0o755)
    container = start(
        client,
        environment={"POSTGRES_PASSWORD": "it's $1", "POSTGRES_INITDB_ARGS": "--auth-local=trust --no-sync"},
        volumes={str(tmp_path): {"bind": "/docker-entrypoint-initdb.d", "mode": "ro"}},
        network_mode="none",
    )
    try:
        assert answer(container, "SELECT string_agg(n::text, ',') FROM first") == "1,2"
        users = {row[1] for row in container.top(ps_args="-eo pid,uid,cmd")["Processes"]}
        assert users == {"999"}
        login = "postgres://postgres:it's%20%241@127.0.0.1/postgres"
        assert answer(container, "SELECT current_user", login) == "postgres"
        container.restart()
        assert answer(container, "SELECT count(*) FROM first") == "2"
        container.stop(timeout=30)
        container.reload()
        assert container.attrs["State"]["ExitCode"] == 0
    finally:
        container.remove(force=True, v=True)


def test_entrypoint_without_password(client: DockerClient) -> None:
    both = {"POSTGRES_PASSWORD": "a", "POSTGRES_PASSWORD_FILE": "/etc/hostname"}
    for environment, said in (({}, "POSTGRES_PASSWORD"), (both, "are both set")):
        container = start(client, environment=environment, network_mode="none")
        try:
            assert container.wait(timeout=60)["StatusCode"] == 1
            assert said in log(container)
        finally:
            container.remove(force=True, v=True)
