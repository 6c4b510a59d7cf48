"""Fixtures of the tests of services: a data directory and services of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.services.catalogue import Catalogue
from tests.support.builders.services import known as make_known


@pytest.fixture
def known(tmp_path: Path) -> Catalogue:
    """Services of a test; see tests/support/builders/services.py."""
    return make_known(tmp_path / "services")
