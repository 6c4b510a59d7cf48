"""Fixtures of the tests of packaging/."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.install.shell import Shell, shell_in


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Run a script after sourcing packaging/lib; its log is `log` in the directory of the test."""
    return shell_in(tmp_path)
