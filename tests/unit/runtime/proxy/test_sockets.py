"""The client of HAProxy's sockets, with a listener that answers like HAProxy, or not at all."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime.base.errors import ShoestringError
from runtime.proxy import sockets

Serve = Callable[..., Path]
# HAProxy 3.2's answer from the start of its master until its worker is there, src/cli.c.
NO_WORKER = b"Can't find the target PID matching the prefix '@1'\n"
# HAProxy 3.2's answer to `reload` from then until the worker serves, src/mworker.c.
RELOADING = b"Success=0\n--\nAnother reload is still in progress.\n\n"
KEPT_OPEN = (NO_WORKER, RELOADING, b"Can't find the target PID matching the prefix '@!77'\n")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Listen at a socket whose path is longer than a socket address may be. Give one answer a connection.

    After an empty answer, after NO_WORKER and after RELOADING the connection stays open, as HAProxy keeps it.
    """
    directory = tmp_path / ("long-" * 30)
    directory.mkdir()
    path = directory / "master.sock"
    listener = socket.socket(socket.AF_UNIX)
    threads = []
    kept = contextlib.ExitStack()

    def start(*answers: bytes) -> Path:
        with Shortcut(directory) as short:
            listener.bind(str(short / "master.sock"))
        listener.listen()

        def serve_all() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                kept.enter_context(connection)
                connection.recv(1000)
                connection.sendall(answer)
                if answer and answer not in KEPT_OPEN:
                    connection.close()

        threads.append(threading.Thread(target=serve_all))
        threads[0].start()
        return path

    yield start
    listener.close()
    for thread in threads:
        thread.join(5)
    kept.close()


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


def test_ask_retries_master_without_worker(serve: Serve) -> None:
    assert sockets.running_digest(serve(NO_WORKER, NO_WORKER, b"SHOESTRING_CONFIGURATION=abc\n\n")) == "abc"


def test_ask_times_out_if_worker_never_starts(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "STARTING_SECONDS", 0.0)
    with pytest.raises(sockets.NoProcessError, match=r"The proxy at .* has no process that serves yet"):
        sockets.ask(serve(NO_WORKER), "@1 show info\nquit")


def test_ask_recognizes_answer_in_pieces(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_CHUNK_BYTES", 7)
    assert sockets.ask(serve(NO_WORKER, b"0123456789"), "@1 show info\nquit") == "0123456789"


def test_ask_does_not_retry_ended_process(serve: Serve) -> None:
    with pytest.raises(sockets.NoProcessError):
        sockets.ask(serve(KEPT_OPEN[2]), "@!77 show info\nquit")


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


def test_reload_retries_while_worker_starts(serve: Serve) -> None:
    answer = sockets.reload(serve(RELOADING, b"Success=1\n--\nLoading success.\n\n"))
    assert answer == sockets.ReloadAnswer(True, "Loading success.")


def test_reload_unanswered_while_worker_starts(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "BUSY_SECONDS", 0.0)
    with pytest.raises(sockets.BusyError, match=r"The proxy at .* is still starting a process"):
        sockets.reload(serve(RELOADING))


def test_reload_with_unknown_answer_raises(serve: Serve) -> None:
    with pytest.raises(ShoestringError, match="invalid answer to a reload: 'Unknown command"):
        sockets.reload(serve(b"Unknown command\n"))


def test_ask_has_deadline_for_whole_answer(tmp_path: Path) -> None:
    ended = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(1000)
            # Less than the timeout between two bytes.
            for _ in range(200):
                connection.sendall(b"x")
                if ended.wait(0.02):
                    return

    with socket.socket(socket.AF_UNIX) as listener, Shortcut(tmp_path) as short:
        listener.bind(str(short / "drip.sock"))
        listener.listen()
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        try:
            with pytest.raises(ShoestringError, match="did not answer within"):
                sockets.ask(tmp_path / "drip.sock", "show info", timeout=0.3)
        finally:
            ended.set()
            thread.join(10)
