"""What the tests of setup share: a host as data, and a way to interrupt code at each of its steps."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from installer.host.facts import EngineFacts, Facts
from runtime.network.addresses import HostAddress

MAXIMUM_STEPS = 400
CHANGING_EVENTS = frozenset(
    (
        *("os.rename", "os.mkdir", "os.chmod", "os.chown", "os.remove", "os.rmdir", "os.truncate"),
        *("subprocess.Popen", "tempfile.mkstemp", "shutil.rmtree"),
    )
)

Interrupt = Callable[[Callable[[], object], int, bool], bool]


@pytest.fixture
def facts() -> Facts:
    """A small host at a provider, with nothing on it but Docker."""
    return Facts(
        system="Debian 13",
        cores=1,
        memory=957 * 1024**2,
        swap=0,
        free_disk=18 * 1024**3,
        addresses=(
            HostAddress("127.0.0.1", "lo"),
            HostAddress("::1", "lo"),
            HostAddress("203.0.113.7", "eth0"),
            HostAddress("10.0.0.5", "eth1"),
            HostAddress("172.17.0.1", "docker0"),
        ),
        default_address="203.0.113.7",
        host_name="web.example.com",
        engine=EngineFacts("28.5.2"),
        compose_version="2.40.3",
        listeners=(),
        is_root=True,
        has_git=True,
    )


def _in_child(work: Callable[[], object], step: int, kill: bool) -> None:
    """Run work in this process and end it; at the given change to the host it is killed, or that change fails."""
    seen = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event not in CHANGING_EVENTS:
            return
        seen += 1
        if seen == step:
            if kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(28, "No space left on device (for the test)")

    sys.addaudithook(count)
    try:
        work()
    except Exception:
        os._exit(1)
    os._exit(0 if seen < step else 1)


@pytest.fixture
def interrupted() -> Interrupt:
    """Runs code in a child process that is killed (or refused a change) at its n-th change to the host.

    Returns False when the code was through before that.
    """

    def run(work: Callable[[], object], step: int, kill: bool) -> bool:
        assert step < MAXIMUM_STEPS, "it never comes to its end"
        child = os.fork()
        if child == 0:
            _in_child(work, step, kill)
        _, status = os.waitpid(child, 0)
        return status != 0

    return run


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where a data directory shall be; the directory above has nothing else in it."""
    parent = tmp_path / "srv"
    parent.mkdir()
    return parent / "shoestring"
