"""What the tests of setup share: a host as data, and a way to interrupt code at each of its steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.host.facts import Facts
from tests.support.builders.host_facts import FACTS
from tests.support.interrupt import Interrupt, interrupt


@pytest.fixture
def facts() -> Facts:
    """A small host at a provider, with nothing on it but Docker."""
    return FACTS


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
