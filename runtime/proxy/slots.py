"""The server slots of a backend in a running proxy: the container in each, its health check, its admission.

HAProxy fills the slots with addresses from Docker's DNS. The state that is set for a slot (`drain`, `ready`) stays
whatever container gets the slot: it can be closed before a container exists, is checked while it is closed, and is
opened once the container is healthy. After a reload the old processes still serve their last connections; they are
set to the same state, and their sessions count.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from runtime.base.errors import ShoestringError
from runtime.proxy import sockets

# An old process may end between two questions; HAProxy's master then never answers.
OLD_PROCESS_TIMEOUT_SECONDS = 1.0
_SERVERS_ONLY = "4 -1"


class Admission(StrEnum):
    """The state to set for a slot. The words are HAProxy's (Management Guide, `set server … state`)."""

    # Gets requests, as soon as its checks pass.
    READY = "ready"
    # Is checked and keeps the requests that it has, but gets no new ones.
    DRAIN = "drain"


@dataclass(frozen=True)
class Slot:
    """One server slot of a backend.

    `address` and `port` are those of the container in it (empty and 0: none); `status` is HAProxy's word;
    `passed`: its check passed since that container is in it; `sessions` are requests and connections under way;
    `check` is the result of its last check, such as `L7STS 500`.
    """

    backend: str
    name: str
    address: str
    port: int
    status: str
    passed: bool
    sessions: int
    check: str

    @property
    def serves(self) -> bool:
        """Return whether it gets requests."""
        return self.status.startswith(("UP", "no check"))

    @property
    def down(self) -> bool:
        """Return whether its check fails."""
        return self.status.startswith("DOWN")


def parse(answer: str) -> tuple[Slot, ...]:
    """Read the answer to `show stat`, also to more than one, and errors between them."""
    slots = []
    header: list[str] = []
    for row in csv.reader(answer.splitlines()):
        if row and row[0].startswith("# "):
            header = [row[0].removeprefix("# "), *row[1:]]
        elif len(row) > 1 and len(row) == len(header):
            slots.append(_slot(dict(zip(header, row, strict=True))))
    return tuple(slots)


def _slot(row: dict[str, str]) -> Slot:
    address, _, port = row["addr"].rpartition(":")
    return Slot(
        backend=row["pxname"],
        name=row["svname"],
        address=address.strip("[]"),
        port=_number(port),
        status=row["status"],
        passed=_passed(row),
        sessions=_number(row["scur"]),
        check=" ".join(filter(None, (row["check_status"].removeprefix("* "), row["check_code"]))),
    )


def _passed(row: dict[str, str]) -> bool:
    """Return whether the check passed since the slot has its address.

    A new address counts as up at once, but at the lowest step from which the first failure takes it down; the next
    successful check puts it on the highest one. HAProxy's src/server.c, srv_update_status.
    """
    if not row["addr"] or not row["status"].startswith(("UP", "DRAIN", "no check")):
        return False
    if not row["check_rise"]:
        # A user's template may omit the check; then every slot with an address counts as checked.
        return True
    highest = _number(row["check_rise"]) + _number(row["check_fall"]) - 1
    return row["check_status"].endswith("OK") and _number(row["check_health"]) >= highest


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def read(master: Path, backends: Iterable[str]) -> tuple[Slot, ...]:
    """Return the slots of these backends in the current process.

    A backend that it does not have has none; neither has any if no proxy runs.
    """
    try:
        return parse(_ask(master, [f"@1 show stat {name} {_SERVERS_ONLY}" for name in backends]))
    except sockets.NotRunningError:
        return ()


def set_state(master: Path, backends: tuple[str, ...], which: Callable[[Slot], bool], admission: Admission) -> None:
    """Set the state of the server slots that `which` selects, in all processes. Do nothing if no proxy runs.

    Each process is asked for its own slots: the same container may be in another slot there.
    """
    for pid, answer in _stats(master, backends):
        commands = [
            f"@!{pid} set server {slot.backend}/{slot.name} state {admission}"
            for slot in parse(answer)
            if which(slot)
        ]
        _ask_old(master, commands)


def sessions(master: Path, backends: tuple[str, ...], addresses: frozenset[str]) -> int:
    """Return how many requests and connections the containers with these addresses serve, in all processes."""
    found = [slot for _, answer in _stats(master, backends) for slot in parse(answer)]
    return sum(slot.sessions for slot in found if slot.address in addresses)


def _stats(master: Path, backends: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Return the answers of the current process and of old ones that still serve their last connections."""
    try:
        pids = sockets.workers(master)
    except sockets.NotRunningError:
        return
    for pid in pids:
        yield pid, _ask_old(master, [f"@!{pid} show stat {name} {_SERVERS_ONLY}" for name in backends])


def _ask_old(master: Path, commands: list[str]) -> str:
    """Ask a process that may end meanwhile; then it has no session to count and no state to set."""
    try:
        return _ask(master, commands, OLD_PROCESS_TIMEOUT_SECONDS)
    except ShoestringError:
        return ""


def _ask(master: Path, commands: list[str], timeout: float = sockets.ANSWER_TIMEOUT_SECONDS) -> str:
    return sockets.ask(master, "\n".join([*commands, "quit"]), timeout) if commands else ""
