"""Talks to a running proxy through the socket of its master process."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runtime.base.errors import ShoestringError
from runtime.proxy.configuration import DIGEST_VARIABLE

ANSWER_TIMEOUT_SECONDS = 10.0
# A reload reads the whole configuration and all certificates before it answers.
RELOAD_TIMEOUT_SECONDS = 60.0
# How long another process may take to start before a reload is given up.
BUSY_SECONDS = 60.0
# How long a starting proxy may take from its socket to its first answer: it reads all certificates in between.
STARTING_SECONDS = 10.0
STARTING_POLL_SECONDS = 0.1
_CHUNK_BYTES = 65_536
# After these answers the master ignores further commands and keeps the connection open. The first is for a worker
# that does not exist yet (since HAProxy 3.1) or has ended, src/cli.c; the second is for a `reload` while a new
# worker starts (since 3.1), src/mworker.c.
_NO_PROCESS = b"Can't find the target PID matching the prefix '"
_RELOADING = b"Another reload is still in progress."
_CURRENT = b"@1'"


class NotRunningError(ShoestringError):
    """No proxy listens at its socket."""


class BrokenOffError(ShoestringError):
    """The proxy closed the connection without an answer."""


class NoProcessError(ShoestringError):
    """The proxy's master has no such worker process: it ended."""


class StartingError(NoProcessError):
    """The proxy's master has no worker process that serves: the first one is still starting."""


class BusyError(ShoestringError):
    """The proxy's master does not reload: another process is still starting."""


@dataclass(frozen=True)
class ReloadAnswer:
    """HAProxy's answer to `reload`: whether the new process serves, and its log."""

    ok: bool
    log: str


def ask(path: Path, commands: str, timeout: float = ANSWER_TIMEOUT_SECONDS) -> str:
    """Send commands to a socket of HAProxy's and return all that it answers, until it closes.

    `timeout` is in seconds, for the whole answer.

    A proxy that is just starting breaks off, or has no process yet; it is asked again for a moment. Raises
    NotRunningError if nothing listens there, NoProcessError if the process that a command names does not exist, and
    ShoestringError if no answer comes in time.
    """
    return _persist(lambda: _ask(path, commands, timeout), (BrokenOffError, StartingError), STARTING_SECONDS)


def _persist(attempt: Callable[[], str], temporary: tuple[type[Exception], ...], seconds: float) -> str:
    """Return what `attempt` returns, after more attempts while it raises one of `temporary`, for some seconds."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except temporary:
            if time.monotonic() >= deadline:
                raise
            time.sleep(STARTING_POLL_SECONDS)


def _ask(path: Path, commands: str, timeout: float) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        deadline = time.monotonic() + timeout
        connection.settimeout(timeout)
        try:
            _connect(connection, path)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunningError(f"No proxy listens at {path}. Start it with: shoestring start") from error
        except OSError as error:
            raise ShoestringError(f"The socket {path} of the proxy cannot be used: {error.strerror}.") from error
        try:
            # The write side stays open: HAProxy would take its end for an interruption.
            connection.sendall(commands.encode() + b"\n")
            return _answer(connection, path, deadline).decode(errors="replace")
        except TimeoutError as error:
            raise ShoestringError(f"The proxy at {path} did not answer within {timeout:.0f} s.") from error
        except OSError as error:
            raise BrokenOffError(f"The proxy at {path} closed the connection: {error.strerror}.") from error


def _receive(connection: socket.socket, deadline: float) -> bytes:
    """Read what there is, empty at the end. Raises TimeoutError at the deadline, also if something came before."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection.settimeout(left)
    return connection.recv(_CHUNK_BYTES)


def _answer(connection: socket.socket, path: Path, deadline: float) -> bytearray:
    """Read until the end, or until an answer after which the master keeps the connection open."""
    answer = bytearray()
    while chunk := _receive(connection, deadline):
        # The end of what was read before may be the beginning of such an answer.
        start = max(0, len(answer) - len(_NO_PROCESS) - len(_CURRENT))
        answer += chunk
        if _RELOADING in answer[start:]:
            raise BusyError(f"The proxy at {path} is still starting a process. Try again in a minute.")
        found = answer.find(_NO_PROCESS, start)
        prefix = answer[found + len(_NO_PROCESS) :]
        if found >= 0 and prefix.startswith(_CURRENT):
            raise StartingError(f"The proxy at {path} has no process that serves yet. Try again in a minute.")
        if found >= 0 and b"\n" in prefix:
            raise NoProcessError(f"The process of the proxy at {path} has ended.")
    return answer


def _connect(connection: socket.socket, path: Path) -> None:
    """Connect by a short name: a socket's path may have 107 bytes only (unix(7)), an instance's name 63."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        connection.connect(f"/proc/self/fd/{directory}/{path.name}")
    finally:
        os.close(directory)


def reload(master: Path) -> ReloadAnswer:
    """Have the master start a new process with the configuration on disk. HAProxy's Management Guide, section 9.4.1.

    If it cannot start, the old process continues. A proxy that is starting a process is asked again. Raises
    NotRunningError, BusyError, ShoestringError.
    """
    answer = _persist(lambda: ask(master, "reload", RELOAD_TIMEOUT_SECONDS), (BusyError,), BUSY_SECONDS)
    status, _, log = answer.partition("\n")
    if not status.startswith("Success="):
        raise ShoestringError(f"The proxy at {master} gave an invalid answer to a reload: {answer[:200]!r}.")
    return ReloadAnswer(status.strip() == "Success=1", log.removeprefix("--\n").strip())


def running_digest(master: Path) -> str | None:
    """Return the digest of the configuration that the current process was started with.

    None if no proxy runs; empty if it runs and has none (someone else's configuration).
    """
    try:
        answer = ask(master, f"@1 show env {DIGEST_VARIABLE}\nquit").strip()
    except NotRunningError:
        return None
    name, _, value = answer.partition("=")
    return value if name == DIGEST_VARIABLE else ""


def server_states(master: Path) -> str:
    """Return the state of all servers, in the form of HAProxy's server-state file."""
    return ask(master, "@1 show servers state\nquit")


def workers(master: Path) -> tuple[int, ...]:
    """Return the IDs of all serving processes: the current one, and those that end with their connections.

    Management Guide, `show proc`. Raises NotRunningError, ShoestringError.
    """
    rows = (line.split() for line in ask(master, "show proc\nquit").splitlines())
    return tuple(int(row[0]) for row in rows if len(row) > 1 and row[1] == "worker" and row[0].isdigit())
