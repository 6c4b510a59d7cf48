"""Talks to a running proxy through the socket of its master process."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from runtime.base.errors import ShoestringError
from runtime.proxy.configuration import DIGEST_VARIABLE

ANSWER_TIMEOUT_SECONDS = 10.0
# A reload reads the whole configuration and all certificates before it answers.
RELOAD_TIMEOUT_SECONDS = 60.0
# How long a starting proxy may take from its socket to its first answer.
STARTING_SECONDS = 3.0
STARTING_POLL_SECONDS = 0.1
_CHUNK_BYTES = 65_536


class NotRunningError(ShoestringError):
    """No proxy listens at its socket."""


class BrokenOffError(ShoestringError):
    """The proxy closed the connection without an answer."""


@dataclass(frozen=True)
class ReloadAnswer:
    """HAProxy's answer to `reload`: whether the new process serves, and its log."""

    ok: bool
    log: str


def ask(path: Path, commands: str, timeout: float = ANSWER_TIMEOUT_SECONDS) -> str:
    """Send commands to a socket of HAProxy's and return all that it answers, until it closes. `timeout` in seconds.

    A proxy that is just starting breaks off; it is asked again for a moment. Raises NotRunningError if nothing
    listens there, and ShoestringError if no answer comes in time.
    """
    patience = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            return _ask(path, commands, timeout)
        except BrokenOffError:
            if time.monotonic() >= patience:
                raise
            time.sleep(STARTING_POLL_SECONDS)


def _ask(path: Path, commands: str, timeout: float) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
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
            return b"".join(iter(lambda: connection.recv(_CHUNK_BYTES), b"")).decode(errors="replace")
        except TimeoutError as error:
            raise ShoestringError(f"The proxy at {path} did not answer within {timeout:.0f} s.") from error
        except OSError as error:
            raise BrokenOffError(f"The proxy at {path} closed the connection: {error.strerror}.") from error


def _connect(connection: socket.socket, path: Path) -> None:
    """Connect by a short name: a socket's path may have 107 bytes only (unix(7)), an instance's name 63."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        connection.connect(f"/proc/self/fd/{directory}/{path.name}")
    finally:
        os.close(directory)


def reload(master: Path) -> ReloadAnswer:
    """Have the master start a new process with the configuration on disk. HAProxy's Management Guide, section 9.4.1.

    If it cannot start, the old process continues. Raises NotRunningError, ShoestringError.
    """
    answer = ask(master, "reload", RELOAD_TIMEOUT_SECONDS)
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
