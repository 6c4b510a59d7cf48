"""Fixtures of the parts of the tests with a Docker Engine: a client, and an instance that leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from runtime.docker import engine
from tests.support.builders.runtime import recording_command
from tests.support.engine import Instance, new_settings, tools_image

if TYPE_CHECKING:
    from docker import DockerClient


@pytest.fixture(scope="session")
def client() -> Iterator[DockerClient]:
    """The engine; without one these tests fail and are not skipped."""
    connected = engine.connect()
    yield connected
    connected.close()


@pytest.fixture(scope="session")
def tools(client: DockerClient) -> str:
    """The image with the test server."""
    return tools_image(client)


@pytest.fixture
def instance(tmp_path: Path, client: DockerClient) -> Iterator[Instance]:
    """A data directory without applications, not started."""
    made = Instance(tmp_path / "data-directory", new_settings())
    try:
        yield made
    finally:
        made.close()
        name = made.settings.instance
        left = client.containers.list(all=True, filters={"label": f"shoestring.instance={name}"})
        assert left == [], f"containers of {name} are left"
        assert client.networks.list(filters={"label": f"shoestring.instance={name}"}) == []


@pytest.fixture
def notifications(instance: Instance, tmp_path: Path) -> Path:
    """The file that receives notifications, one a line."""
    file = tmp_path / "notifications"
    loaded = yaml.safe_load(instance.paths.settings.read_text())
    loaded["notify"] = {"command": recording_command(file)}
    instance.paths.settings.write_text(yaml.safe_dump(loaded))
    return file
