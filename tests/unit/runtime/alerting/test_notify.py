"""Notifications: to a real HTTP server and a real command, each subject once a day."""

from __future__ import annotations

import contextlib
import json
import socket
import stat
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from runtime.alerting import notify as notifications
from runtime.alerting.notify import DAY, RETRY_SECONDS, Severity, send
from runtime.base.paths import Paths, RunPaths
from runtime.config.sections import NotifySettings
from tests.support.builders.runtime import make_settings

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC).timestamp()


class Receiver(HTTPServer):
    """Records requests, and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, str, dict[str, object]]] = []
        self.status = 200
        self.location = ""
        self.url = f"http://127.0.0.1:{self.server_address[1]}/topic?key=s3cret"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.command, self.path, self.headers["Content-Type"], body))
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its base has that name
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def notify(
    paths: Paths,
    now: float = NOW,
    subject: str = "certificate blog",
    *,
    url: str = "",
    line: str = "",
    once_a_day: bool = True,
) -> str:
    settings = replace(make_settings(), notify=NotifySettings(url=url, command=line))
    run = RunPaths(settings.instance, paths.root / "run")
    return send(settings, paths, subject, "It ends in 3 days.", Severity.WARNING, now, once_a_day=once_a_day, run=run)


def test_send_without_receiver(paths: Paths) -> None:
    assert notify(paths) == ""
    assert not paths.notified.exists()


def test_send_posts_json_to_url(paths: Paths, receiver: Receiver) -> None:
    assert notify(paths, url=receiver.url) == ""
    ((method, path, kind, body),) = receiver.seen
    assert (method, path, kind) == ("POST", "/topic?key=s3cret", "application/json")
    assert body.pop("host")
    assert body == {
        "version": 2,
        "instance": "shoestring",
        "subject": "certificate blog",
        "severity": "warning",
        "message": "It ends in 3 days.",
        "time": "2026-11-22T12:30:00+00:00",
    }


def test_send_once_a_day_per_subject(paths: Paths, receiver: Receiver) -> None:
    for minutes in range(0, 24 * 60, 7):
        assert notify(paths, NOW + minutes * 60, url=receiver.url) == ""
    assert len(receiver.seen) == 1
    assert notify(paths, NOW + DAY, url=receiver.url) == ""
    assert notify(paths, NOW + DAY, "certificate shop", url=receiver.url) == ""
    assert notify(paths, NOW + DAY, url=receiver.url) == ""
    assert [body["subject"] for *_, body in receiver.seen] == ["certificate blog"] * 2 + ["certificate shop"]
    assert notify(paths, NOW + DAY, url=receiver.url, once_a_day=False) == ""
    assert len(receiver.seen) == 4


def test_state_file_is_private_and_does_not_grow(paths: Paths, receiver: Receiver) -> None:
    for day in range(5):
        notify(paths, NOW + day * DAY, f"subject {day}", url=receiver.url)
    assert stat.S_IMODE(paths.notified.stat().st_mode) == 0o600
    assert stat.S_IMODE(paths.memory.stat().st_mode) == 0o700
    assert len(json.loads(paths.notified.read_text())["notified"]) == 1


def test_state_file_of_previous_version_is_read(paths: Paths, receiver: Receiver) -> None:
    paths.memory.mkdir(parents=True)
    old = {"version": 1, "told": {"url certificate blog": NOW + 60}}
    paths.notified.write_text(json.dumps(old))
    assert notify(paths, url=receiver.url) == ""
    assert receiver.seen == []


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"told": []}', '{"told": {"url x": "soon"}}', "\udcff"])
def test_invalid_state_file_is_written_again(paths: Paths, receiver: Receiver, broken: str) -> None:
    paths.memory.mkdir(parents=True)
    paths.notified.write_bytes(broken.encode("utf-8", "surrogateescape"))
    assert notify(paths, url=receiver.url) == notify(paths, url=receiver.url) == ""
    assert len(receiver.seen) == 1


def test_send_after_clock_went_back(paths: Paths, receiver: Receiver) -> None:
    notify(paths, NOW + 30 * DAY, url=receiver.url)
    notify(paths, NOW, url=receiver.url)
    assert len(receiver.seen) == 2


def test_send_retries_failed_receiver_later(paths: Paths, receiver: Receiver) -> None:
    receiver.status = 503
    assert notify(paths, url=receiver.url) == "notify.url: 127.0.0.1 answered 503 Service Unavailable."
    assert notify(paths, NOW + RETRY_SECONDS - 1, url=receiver.url) == ""
    assert len(receiver.seen) == 1
    receiver.status = 200
    assert notify(paths, NOW + RETRY_SECONDS, url=receiver.url) == ""
    assert notify(paths, NOW + DAY, url=receiver.url) == ""
    assert len(receiver.seen) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["{url}", "file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_send_reports_redirect(paths: Paths, receiver: Receiver, status: int, target: str) -> None:
    receiver.status, receiver.location = status, target.format(url=receiver.url)
    assert "Set the URL that it redirects to in the settings." in notify(paths, url=receiver.url)
    assert len(receiver.seen) == 1


def test_send_reports_unreachable_url_without_secrets(paths: Paths) -> None:
    with Receiver() as closed:
        url = closed.url
    failure = notify(paths, url=url)
    assert failure.startswith("notify.url: 127.0.0.1 cannot be reached (")
    assert "s3cret" not in failure
    for invalid in ("http://[", "http://127.0.0.1:99999/", "http://user:pa ss@/", "https://127.0.0.1:x/"):
        assert notify(paths, url=invalid, once_a_day=False).startswith("notify.url: ")


def test_send_once_while_disk_is_full(paths: Paths, receiver: Receiver) -> None:
    paths.data.mkdir(parents=True)
    paths.memory.write_text("a file where the directory should be")
    assert notify(paths, url=receiver.url) == notify(paths, url=receiver.url) == ""
    paths.memory.unlink()
    assert notify(paths, url=receiver.url) == ""
    assert len(receiver.seen) == 1


def test_send_without_state_file_fails(paths: Paths, receiver: Receiver) -> None:
    paths.data.mkdir(parents=True)
    paths.memory.write_text("a file where the directory should be")
    (paths.root / "run").write_text("another")
    failure = notify(paths, url=receiver.url)
    assert failure.startswith(
        "Could not send the notification for certificate blog: its state file cannot be written. Cannot make"
    )
    assert receiver.seen == []


def script(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "notify me.sh"
    file.write_text("\n".join(("#!/bin/sh", *lines, "")))
    file.chmod(0o755)
    return file


@pytest.mark.processes
def test_send_gives_same_json_to_command(paths: Paths, tmp_path: Path, receiver: Receiver) -> None:
    file = script(tmp_path, 'cat >>"$1/got"; echo "$2" >>"$1/words"')
    assert notify(paths, line=f"'{file}' '{tmp_path}' --now", url=receiver.url) == ""
    assert notify(paths, line=f"'{file}' '{tmp_path}' --now", url=receiver.url) == ""
    assert json.loads((tmp_path / "got").read_text()) == receiver.seen[0][3]
    assert (tmp_path / "words").read_text() == "--now\n"
    assert len(receiver.seen) == 1


@pytest.mark.processes
def test_send_to_url_despite_failed_command(paths: Paths, tmp_path: Path, receiver: Receiver) -> None:
    file = script(tmp_path, "echo no route >&2; exit 4")
    assert notify(paths, line=f"'{file}'", url=receiver.url) == "notify.command ended with exit code 4: no route"
    assert notify(paths, NOW + RETRY_SECONDS, line=f"'{file}'", url=receiver.url) != ""
    assert len(receiver.seen) == 1


@pytest.mark.processes
def test_send_reports_command_that_cannot_run(paths: Paths, tmp_path: Path) -> None:
    plain = script(tmp_path)
    plain.chmod(0o644)
    assert (
        notify(paths, line="/no/such/command")
        == "notify.command failed: /no/such/command is not installed on this host."
    )
    for line in (f"'{plain}'", str(tmp_path), "'' x"):
        assert notify(paths, line=line, once_a_day=False).startswith("notify.command failed: ")
    # The command need not read its input.
    assert notify(paths, line=f"{sys.executable} -c ''", once_a_day=False) == ""


def test_send_has_deadline_for_whole_answer(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "URL_TIMEOUT_SECONDS", 0.3)
    ended = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            # Less than the timeout between two bytes.
            for _ in range(200):
                connection.sendall(b"x")
                if ended.wait(0.02):
                    break
            connection.sendall(b"\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        try:
            failure = notify(paths, url=f"http://127.0.0.1:{listener.getsockname()[1]}/")
        finally:
            ended.set()
            thread.join(10)
    assert failure.startswith("notify.url: no answer within ")
