"""The engine's containers as the fast path compares them."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.base.constants import LABEL_DEFINITION, LABEL_PROJECT, LABEL_SERVICE
from runtime.base.light_inputs import Place
from runtime.docker import light_inputs
from runtime.docker.light_inputs import DockerInputs
from runtime.docker.observed import Container
from tests.support.builders.runtime import application, desired, running, web

(CONTAINER,) = running(desired(application("a", web("a.com"))).projects[0])
CONTAINER = replace(CONTAINER, networks=("main",), network_ids=("id1",), status="Up 3 minutes")

Engine = Callable[[bytes], None]


def listing(container: Container = CONTAINER) -> dict[str, object]:
    """Return a container as the engine lists it."""
    return {
        "Id": container.id,
        "State": container.state,
        "Status": container.status,
        "NetworkSettings": {"Networks": {each: {"NetworkID": each} for each in container.network_ids}},
        "Labels": {
            LABEL_PROJECT: container.project,
            LABEL_SERVICE: container.service,
            LABEL_DEFINITION: container.definition,
        },
    }


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A function that has a local engine give one answer."""
    for name in light_inputs.ENGINE_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(light_inputs, "ENGINE_SOCKET", str(tmp_path / "docker.sock"))
    threads: list[threading.Thread] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(light_inputs.ENGINE_SOCKET)
        listener.listen()

        def serve(answer: bytes) -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(answer)

        def start(answer: bytes) -> None:
            threads.append(threading.Thread(target=serve, args=(answer,), daemon=True))
            threads[0].start()

        yield start
        for thread in threads:
            thread.join(5)


def answer(*listed: dict[str, object], status: str = "200 OK") -> bytes:
    return f"HTTP/1.0 {status}\r\n\r\n{json.dumps(listed)}".encode()


def is_recorded() -> bool:
    return DockerInputs().is_recorded(Place("", ""), light_inputs.recorded("shoestring", (CONTAINER,)))


@pytest.mark.parametrize("status", ["Up 3 minutes", "Up 4 hours"])
def test_is_recorded_listed_container(engine: Engine, status: str) -> None:
    engine(answer(listing(replace(CONTAINER, status=status))))
    assert is_recorded()


@pytest.mark.parametrize(
    "changed",
    [
        replace(CONTAINER, definition="other"),
        replace(CONTAINER, state="exited", status="Exited (1) 2 seconds ago"),
        replace(CONTAINER, status="Up 3 minutes (unhealthy)"),
        replace(CONTAINER, networks=(), network_ids=()),
        replace(CONTAINER, id="other"),
    ],
)
def test_is_recorded_changed_container(engine: Engine, changed: Container) -> None:
    engine(answer(listing(changed)))
    assert not is_recorded()


def test_is_recorded_failed_listing(engine: Engine) -> None:
    engine(answer(status="500 Internal Server Error"))
    with pytest.raises(ValueError, match="did not answer"):
        is_recorded()


@pytest.mark.parametrize("name", light_inputs.ENGINE_VARIABLES)
def test_is_local_engine_with_variable(engine: Engine, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert light_inputs.is_local_engine()
    monkeypatch.setenv(name, "remote")
    assert not is_recorded()


def test_is_local_engine_with_context(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text('{"auths": {}}')
    assert light_inputs.is_local_engine()
    (tmp_path / ".docker" / "config.json").write_text('{"currentContext": "remote"}')
    assert not light_inputs.is_local_engine()
