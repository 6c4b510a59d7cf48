"""A fake systemd for tests that write units."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.faked_systemd import FakedSystemd


@pytest.fixture
def faked_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakedSystemd:
    """A systemd that only records its commands; mark such a test with processes."""
    faked = FakedSystemd(tmp_path / "systemd")
    monkeypatch.setenv("PATH", str(faked.programs), prepend=os.pathsep)
    return faked
