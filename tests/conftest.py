"""What all tests share: a guard against processes in unit tests."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from runtime.base.paths import Paths, Side
from tests.support.golden import OPTION, Golden


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes the golden files."""
    parser.addoption(OPTION, action="store_true", help="write the golden files again; read the difference in git")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Return what compares golden files, or writes them."""
    return Golden(regenerate=bool(request.config.getoption(OPTION)))


@pytest.fixture(autouse=True)
def _no_processes_in_unit_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit test that starts a process by accident would depend on the machine it runs on."""
    if "unit" in Path(request.node.path).parts and not request.node.get_closest_marker("processes"):

        def refuse(*arguments: Any, **options: Any) -> None:
            raise AssertionError(f"a unit test started a process: {arguments}; mark it with processes if it must")

        monkeypatch.setattr(subprocess.Popen, "__init__", refuse)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """An empty data directory."""
    paths = Paths(tmp_path / "data-directory")
    for side in Side:
        paths.applications(side).mkdir(parents=True)
    return paths
