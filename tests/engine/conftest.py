"""Fixtures of engine tests: each gets an instance of its own, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime.base.paths import Side
from tests.support.engine import Instance, new_settings, plain
from tests.support.engine_fixtures import client, instance, notifications, tools

if TYPE_CHECKING:
    from docker import DockerClient

    from tests.support.certificates.issue_stand import Stand as IssueStand
    from tests.support.certificates.stand import Stand
    from tests.support.deploy.rollout_stand import Stage
    from tests.support.deploy.stand import Versions
    from tests.support.setup.host import Host

__all__ = ["client", "instance", "notifications", "tools"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "engine" in Path(item.path).parts:
            item.add_marker(pytest.mark.engine)


@pytest.fixture
def served(instance: Instance, tools: str) -> Instance:
    """Two applications that run, `a` and `b`."""
    for name in ("a", "b"):
        instance.add(Side.PUBLIC, name, plain(tools, name, f"{name}.example.test"))
    assert instance.start().ok
    return instance


@pytest.fixture(scope="module")
def versions(client: DockerClient, tools: str) -> Iterator[Versions]:
    """Versions 1, 2 and 3, and one that exits at its start."""
    from tests.support.deploy.stand import EXITS, made_versions

    with made_versions(client, tools) as made:
        made.make("1", "2", "3")
        made.make("exits", more=EXITS)
        yield made


@pytest.fixture
def blog(instance: Instance, versions: Versions) -> Path:
    """The file of application `a`, which runs version 1."""
    from tests.support.deploy.stand import git

    file = instance.add(Side.PUBLIC, "a", versions.file("1"))
    assert instance.start().ok
    git(instance, "add", "--all")
    git(instance, "-c", "user.name=me", "-c", "user.email=me@example.test", "commit", "--quiet", "--message", "mine")
    return file


@pytest.fixture(scope="module")
def rollout_instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Proxies for all tests of a file, each with an application of its own."""
    instance = Instance(tmp_path_factory.mktemp("rollout") / "data-directory", new_settings())
    try:
        assert instance.start().ok
        yield instance
    finally:
        instance.close()


@pytest.fixture
def stage(rollout_instance: Instance, tools: str, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """An application of the test alone, removed at its end."""
    from tests.support.deploy.rollout_stand import Stage

    made = Stage(rollout_instance, f"a{abs(hash(request.node.name)) % 10**8}", tools)
    yield made
    made.end()


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


@pytest.fixture(scope="module")
def shared_issue_stand(client: DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IssueStand]:
    """A CA behind two fronts and a proxy that it reaches, for the tests of a file."""
    from tests.support.certificates.issue_stand import open_issue_stand

    with open_issue_stand(client, tmp_path_factory.mktemp("issue")) as opened:
        yield opened


@pytest.fixture(scope="session")
def _core_images() -> None:
    from tests.support.setup.host import build_images

    build_images()


@pytest.fixture
def host(tmp_path: Path, _core_images: None) -> Iterator[Host]:
    """A place for setup on this host."""
    from tests.support.setup.host import open_host

    with open_host(tmp_path) as opened:
        yield opened
