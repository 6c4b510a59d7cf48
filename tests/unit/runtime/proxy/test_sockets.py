"""The client of HAProxy's sockets, with a listener that answers like HAProxy, or not at all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime.base.errors import ShoestringError
from runtime.proxy import sockets

Serve = Callable[[bytes], Path]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Listen at a socket whose path is longer than a socket address may be, and answer once."""
    directory = tmp_path / ("long-" * 30)
    directory.mkdir()
    path = directory / "master.sock"
    listener = socket.socket(socket.AF_UNIX)
    threads = []

    def start(answer: bytes) -> Path:
        with Shortcut(directory) as short:
            listener.bind(str(short / "master.sock"))
        listener.listen()

        def once() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)
                if not answer:
                    connection.recv(1000)

        threads.append(threading.Thread(target=once))
        threads[0].start()
        return path

    yield start
    listener.close()
    for thread in threads:
        thread.join(5)


class Shortcut:
    """A short path to a directory."""

    def __init__(self, directory: Path) -> None:
        self.short = Path("/tmp") / f"shoestring-test-{threading.get_native_id()}"
        self.directory = directory

    def __enter__(self) -> Path:
        self.short.symlink_to(self.directory)
        return self.short

    def __exit__(self, *_: object) -> None:
        self.short.unlink()


def test_ask_reads_whole_answer(serve: Serve) -> None:
    assert sockets.ask(serve(b"x" * 200_000), "show info") == "x" * 200_000


def test_ask_without_proxy_raises_not_running(tmp_path: Path) -> None:
    for path in (tmp_path / "master.sock", tmp_path / "none" / "master.sock"):
        with pytest.raises(sockets.NotRunningError, match="No proxy listens at .* Start it with: shoestring start"):
            sockets.ask(path, "show info")
        assert sockets.running_digest(path) is None


def test_running_digest_of_unused_socket_is_none(tmp_path: Path) -> None:
    path = tmp_path / "left.sock"
    with socket.socket(socket.AF_UNIX) as left, Shortcut(tmp_path) as short:
        left.bind(str(short / "left.sock"))
    assert sockets.running_digest(path) is None


def test_ask_without_answer_times_out(serve: Serve) -> None:
    with pytest.raises(ShoestringError, match=r"did not answer within 0 s"):
        sockets.ask(serve(b""), "show info", timeout=0.1)


@pytest.mark.parametrize(
    ("answer", "digest"),
    [
        (b"SHOESTRING_CONFIGURATION=abc123\n\n", "abc123"),
        (b"Variable not found\n\n", ""),
        (b"Permission denied\n\n", ""),
    ],
)
def test_running_digest_of_process(serve: Serve, answer: bytes, digest: str) -> None:
    assert sockets.running_digest(serve(answer)) == digest


def test_reload_success(serve: Serve) -> None:
    answer = sockets.reload(serve(b"Success=1\n--\n[NOTICE]   (1) : Loading success.\n\n"))
    assert answer == sockets.ReloadAnswer(True, "[NOTICE]   (1) : Loading success.")


def test_reload_failure(serve: Serve) -> None:
    answer = sockets.reload(serve(b"Success=0\n--\n[ALERT]    (1) : config : no\n"))
    assert answer == sockets.ReloadAnswer(False, "[ALERT]    (1) : config : no")


def test_reload_with_unknown_answer_raises(serve: Serve) -> None:
    with pytest.raises(ShoestringError, match="invalid answer to a reload: 'Unknown command"):
        sockets.reload(serve(b"Unknown command\n"))
