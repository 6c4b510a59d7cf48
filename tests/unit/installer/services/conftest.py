"""Fixtures of the tests of services: a data directory and services of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from installer.services.catalogue import Catalogue
from installer.services.htpasswd import HtpasswdFile
from installer.services.user_store import UserStore
from tests.support.builders.services import known as make_known


@pytest.fixture
def known(tmp_path: Path) -> Catalogue:
    """Services of a test; see tests/support/builders/services.py."""
    return make_known(tmp_path / "services")


@pytest.fixture
def store(tmp_path: Path) -> UserStore:
    """The users of a registry."""
    return UserStore(
        HtpasswdFile(tmp_path / "htpasswd", os.getgid()),
        tmp_path / "lock",
        add_command="shoestring hub user add NAME",
        log_in="hub login --user {name}",
        host_user="admin",
        host_user_advice="admin is the user of this host itself.",
    )
