"""Fixtures of the tests of the installer: a host, a data directory, and interruptions at each step."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from installer.host.facts import Facts
from installer.setup import data_directory
from runtime.base.paths import Paths
from tests.support.builders.data_directory import SETTINGS
from tests.support.builders.host_facts import FACTS
from tests.support.interrupt import Interrupt, interrupt


@pytest.fixture
def facts() -> Facts:
    """A small host at a provider, with nothing on it but Docker."""
    return FACTS


@pytest.fixture
def interrupted() -> Interrupt:
    """A function that interrupts code at one of its changes to the host."""
    return interrupt


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The path of a future data directory; the directory above is empty."""
    parent = tmp_path / "srv"
    parent.mkdir()
    return parent / "shoestring"


@pytest.fixture
def made(target: Path) -> Paths:
    """A data directory without services."""
    paths = Paths(target)
    data_directory.create(paths, SETTINGS, proxy_group=os.getgid())
    return paths
