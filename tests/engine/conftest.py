"""Fixtures of engine tests: each gets an instance of its own, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from runtime.base.paths import Side
from tests.support.builders.runtime import keeper
from tests.support.engine import Instance, plain
from tests.support.engine_fixtures import client, instance, tools

if TYPE_CHECKING:
    from docker import DockerClient

    from tests.support.certificates.stand import Stand

__all__ = ["client", "instance", "tools"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "engine" in Path(item.path).parts:
            item.add_marker(pytest.mark.engine)


@pytest.fixture
def told(instance: Instance, tmp_path: Path) -> Path:
    """The file that notices go to, one a line."""
    notices = tmp_path / "notices"
    loaded = yaml.safe_load(instance.paths.settings.read_text())
    loaded["notify"] = {"command": keeper(notices)}
    instance.paths.settings.write_text(yaml.safe_dump(loaded))
    return notices


@pytest.fixture
def served(instance: Instance, tools: str) -> Instance:
    """Two applications that run, `a` and `b`."""
    for name in ("a", "b"):
        instance.add(Side.PUBLIC, name, plain(tools, name, f"{name}.example.test"))
    assert instance.start().ok
    return instance


@pytest.fixture(scope="module")
def certificate_stand(tmp_path_factory: pytest.TempPathFactory, client: DockerClient, tools: str) -> Iterator[Stand]:
    """An instance with HTTPS on both sides, for the tests of a file."""
    from tests.support.certificates.stand import open_stand

    applications = {
        (Side.PUBLIC, "a"): plain(tools, "a", "a.example.test"),
        (Side.PUBLIC, "b"): plain(tools, "b", "b.example.test", '"*.b.example.test"'),
        (Side.INTERNAL, "wiki"): plain(tools, "wiki", "wiki.internal.example.test"),
    }
    with open_stand(tmp_path_factory.mktemp("stand") / "data-directory", applications) as opened:
        yield opened


@pytest.fixture
def stand(certificate_stand: Stand) -> Stand:
    """The stand with nothing but the placeholder on both sides."""
    certificate_stand.clean()
    return certificate_stand
