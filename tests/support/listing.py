"""The engine's listing of containers, which Shoestring's observed state comes from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.support.engine import until

if TYPE_CHECKING:
    from docker import DockerClient


def listed(client: DockerClient, name: str) -> tuple[str, ...]:
    """Return the state and the networks of a container in the engine's listing; empty where it lists none."""
    for each in client.api.containers(all=True, filters={"name": f"^/{name}$"}):
        return (str(each["State"]), *sorted(each["NetworkSettings"]["Networks"]))
    return ()


@contextlib.contextmanager
def listed_change(client: DockerClient, name: str) -> Iterator[None]:
    """Do something to a container, and wait until the engine's listing shows that.

    From Docker 26 on the listing follows up to 70 ms after the answer to `kill`, `stop` and the like.
    """
    before = listed(client, name)
    yield
    until(lambda: listed(client, name), lambda now: now != before)
