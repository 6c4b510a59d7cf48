"""Fixtures of the tests of the installer: bare hosts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.install.host import Host, docker, start


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let those who share a host follow each other in one process, and others go beside them (`--dist loadgroup`)."""
    for item in items:
        if isinstance(item, pytest.Function) and "install" in Path(item.path).parts:
            parameters = item.callspec.params if hasattr(item, "callspec") else {}
            item.add_marker(pytest.mark.xdist_group(str(parameters.get("host", item.path.stem))))


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A bare host; the tests of a module follow each other on it."""
    started = start(request.param, tmp_path_factory.mktemp("host"))
    yield started
    docker("rm", "--force", "--volumes", started.container)


@pytest.fixture
def host_without_network(tmp_path: Path) -> Iterator[Host]:
    """A bare host that reaches nothing."""
    started = start("trixie", tmp_path, "--network=none")
    yield started
    docker("rm", "--force", "--volumes", started.container)
