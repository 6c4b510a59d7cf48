"""What the tests of setup share: a host as data, and a way to interrupt code at each of its steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.host.facts import EngineFacts, Facts
from runtime.network.addresses import HostAddress
from tests.support.interrupt import Interrupt, interrupt


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


@pytest.fixture
def interrupted() -> Interrupt:
    """What runs code and interrupts it at one of its changes to the host."""
    return interrupt


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where a data directory shall be; the directory above has nothing else in it."""
    parent = tmp_path / "srv"
    parent.mkdir()
    return parent / "shoestring"
