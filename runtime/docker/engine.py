"""The Docker Engine through its SDK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runtime.base.errors import ShoestringError

if TYPE_CHECKING:
    from docker import DockerClient

TIMEOUT_SECONDS = 60
# Docker's own default for `stop_grace_period`.
DEFAULT_STOP_SECONDS = 10


def connect() -> DockerClient:
    """Connect to the engine that the environment names, else the local one. The API version is negotiated.

    Raises ShoestringError if no engine answers.
    """
    # The SDK takes longer to import than all the rest; only what talks to the engine pays for it.
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=TIMEOUT_SECONDS)
        client.ping()
    except DockerException as error:
        raise ShoestringError(
            "Docker does not answer. Start it (systemctl start docker), or install it with packaging/install.sh. "
            f"Error: {_short(error)}"
        ) from error
    return client


def stop_seconds(inspected: Mapping[str, Any]) -> int:
    """Return how long Docker waits from the stop signal to the kill of an inspected container, in seconds.

    0 means at once; only a container without a grace of its own has Docker's default.
    """
    grace = (inspected.get("Config") or {}).get("StopTimeout")
    return DEFAULT_STOP_SECONDS if grace is None else int(grace)


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
