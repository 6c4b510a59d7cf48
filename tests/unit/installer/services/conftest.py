"""Fixtures of the tests of services: a data directory and services of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from installer.services.catalogue import Catalogue
from installer.setup import data_directory
from runtime.base.paths import Paths
from tests.support.builders.services import SETTINGS
from tests.support.builders.services import known as make_known


@pytest.fixture
def known(tmp_path: Path) -> Catalogue:
    """Services of a test; see tests/support/builders/services.py."""
    return make_known(tmp_path / "services")


@pytest.fixture
def made(target: Path) -> Paths:
    """A data directory without services."""
    paths = Paths(target)
    data_directory.create(paths, SETTINGS, proxy_group=os.getgid())
    return paths
