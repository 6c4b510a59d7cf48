"""Runs of the watchdog while the engine is down, or stops in the middle."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.base.paths import Side
from runtime.reconcile.watchdog import watch
from tests.support.engine import Instance, plain

ENGINE = "/run/docker.sock"


class Relay:
    """A socket in front of the engine's that forwards a number of connections, and then closes all.

    It simulates an engine that is restarted: the real one has the containers of other tests.
    """

    def __init__(self, path: Path, connections: int) -> None:
        self.path = path
        self.left = connections
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.open: list[socket.socket] = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        while self.left > 0:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.left -= 1
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(ENGINE)
            self.open += [client, engine]
            for source, target in ((client, engine), (engine, client)):
                threading.Thread(target=self.copy, args=(source, target), daemon=True).start()
        self.close()

    def copy(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def close(self) -> None:
        for each in (*self.open, self.listener):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self.path.unlink(missing_ok=True)


@pytest.fixture
def argv(instance: Instance) -> tuple[str, ...]:
    return (sys.executable, "-m", "runtime", "--data-directory", str(instance.paths.root), "watchdog")


@pytest.fixture
def short(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A path that a socket may have."""
    path = Path("/tmp") / f"relay-{os.getpid()}.sock"
    yield path
    path.unlink(missing_ok=True)


def run_watchdog(argv: tuple[str, ...], host: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DOCKER_HOST": f"unix://{host}"}
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


def test_watchdog_engine_is_down(instance: Instance, tools: str, argv: tuple[str, ...], short: Path) -> None:
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test"))
    ended = run_watchdog(argv, short)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Docker does not answer. Start it (systemctl start docker)")
    assert "Traceback" not in ended.stderr + ended.stdout
    assert watch(instance.cluster).ok
    assert instance.wait("a.example.test").body == "a\n"


@pytest.mark.parametrize("connections", [1, 3, 6])
def test_watchdog_engine_restart_faked_by_relay(
    instance: Instance, tools: str, argv: tuple[str, ...], short: Path, connections: int
) -> None:
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test"))
    relay = Relay(short, connections)
    try:
        ended = run_watchdog(argv, short)
    finally:
        relay.close()
    assert ended.returncode == 1, ended.stdout
    assert "Traceback" not in ended.stderr + ended.stdout
    instance.cluster.run.attempts.unlink(missing_ok=True)
    assert watch(instance.cluster).ok
    assert instance.wait("a.example.test").body == "a\n"
