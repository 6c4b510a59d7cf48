"""Fixtures of the tests of the installer: bare hosts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests.support.install.host import Host, docker, start


class HostScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Run the tests of a host in order in one process, in parallel with those of the other hosts."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.rpartition("[")[2]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    # Not `--dist loadgroup`: xdist 3.8 changes an attribute for it that pytest 9.2 does not have any more.
    return HostScheduling(config, log)


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A bare host; the tests of a module run in order on it."""
    started = start(request.param, tmp_path_factory.mktemp("host"))
    yield started
    docker("rm", "--force", "--volumes", started.container)


@pytest.fixture
def host_without_network(tmp_path: Path) -> Iterator[Host]:
    """A bare host that reaches nothing."""
    started = start("trixie", tmp_path, "--network=none")
    yield started
    docker("rm", "--force", "--volumes", started.container)
