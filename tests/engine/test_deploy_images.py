"""Which images a deploy removes from the host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from runtime.base.paths import Side
from tests.support.deploy.stand import Versions, images_that_run, made_versions, shoestring
from tests.support.engine import Instance, until

if TYPE_CHECKING:
    from docker import DockerClient


@pytest.fixture
def own(client: DockerClient, tools: str) -> Iterator[Versions]:
    """Versions of one test; request it before the instance, whose containers must be removed first."""
    with made_versions(client, tools) as made:
        made.make(*(f"v{number}" for number in range(7)))
        yield made


def test_deploy_removes_old_images(own: Versions, instance: Instance, client: DockerClient) -> None:
    instance.add(Side.PUBLIC, "a", own.file("v0"))
    assert instance.start().ok
    # A foreign container uses a version that a deploy brings, and that has a second name.
    guest = client.containers.create(own["v2"])
    client.images.get(own["v2"]).tag(own.repository, "other")
    try:
        for number in range(1, 6):
            answer = shoestring(instance, "deploy", "a", f"v{number}")
            assert answer.code == 0
    finally:
        guest.remove()
    assert f"removed old images: {own['v1']}" not in answer.out, "it was removed by the deploy before"
    # v0 was written by the user, v6 is in no file.
    assert own.here == {"v0", "v2", "v3", "v4", "v5", "v6", "other"}
    assert shoestring(instance, "deploy", "a", "v6").code == 0
    assert own.here == {"v0", "v4", "v5", "v6", "other"}
    until(lambda: images_that_run(instance), lambda images: images == [own["v6"]])
