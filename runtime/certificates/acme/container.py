"""Run a program in a short-lived container with minimal permissions, which is removed at its end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.base import command
from runtime.base.command import CommandTimeoutError
from runtime.base.errors import ShoestringError
from runtime.config.settings import SEPARATOR, Settings
from runtime.docker import images
from runtime.docker.hardening import Hardening

if TYPE_CHECKING:
    from docker import DockerClient

# Not the label of the instance: a task is not part of its desired containers.
LABEL = "shoestring.task"
PIDS_LIMIT = 64
# https://docs.docker.com/engine/containers/run/#exit-status: docker itself failed, the program was never started.
DOCKER_FAILED = 125
NO_NETWORK = "none"
# A shorter value is no secret, and masking it would make what is printed unreadable.
SHORTEST_SECRET = 5


class TooSlowError(ShoestringError):
    """The program did not finish in time; its container was removed. `printed` is its standard error until then."""

    def __init__(self, message: str, printed: str) -> None:
        self.printed = printed
        super().__init__(message)


class StillRunningError(ShoestringError):
    """The container of an earlier, killed command is still running."""


@dataclass(frozen=True)
class ContainerMount:
    """A path of the host, and its path in the container."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class ContainerTask:
    """A program to run. `image` is a reference from the catalogue; `memory` is as Docker writes it (`192m`).

    The values of `environment` and `secrets` are passed in the environment of the docker process. Those of `secrets`
    are masked in the output of the program.
    """

    name: str
    image: str
    arguments: tuple[str, ...]
    mounts: tuple[ContainerMount, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    memory: str = "192m"
    network: str = "bridge"


def container_name(settings: Settings, task: ContainerTask) -> str:
    """Return the name of the container of a task."""
    return f"{settings.instance}{SEPARATOR}{task.name}"


def argv(settings: Settings, task: ContainerTask) -> tuple[str, ...]:
    """Return the command line that runs a task, with the names of variables and never their values."""
    local = settings.images.source == images.LOCAL
    return (
        *("docker", "run", "--rm", "--name", container_name(settings, task)),
        *("--label", f"{LABEL}={settings.instance}", "--pull", "never" if local else "missing"),
        *("--network", task.network, "--tmpfs", "/tmp"),  # noqa: S108 - in the container
        *Hardening(task.memory, PIDS_LIMIT).run_options(),
        *(word for name in sorted({*task.environment, *task.secrets}) for word in ("--env", name)),
        *(word for mount in task.mounts for word in ("--volume", _volume(mount))),
        images.effective(task.image, settings.images.source),
        *task.arguments,
    )


def _volume(mount: ContainerMount) -> str:
    # `z`: where SELinux is on (Fedora), containers see only what is labelled for them; elsewhere it does nothing.
    return f"{mount.source}:{mount.target}:{'ro,' if mount.read_only else ''}z"


def run(client: DockerClient, settings: Settings, task: ContainerTask, timeout: float) -> command.Result:
    """Run a task for at most `timeout` seconds. Return its output, whatever its exit code.

    Raises TooSlowError after that time, StillRunningError if an earlier one is running, and ShoestringError if Docker
    cannot run it.
    """
    name = container_name(settings, task)
    _clear(client, name, timeout)
    secrets = tuple(value for value in task.secrets.values() if len(value) >= SHORTEST_SECRET)
    environment = {**task.environment, **task.secrets}
    try:
        result = command.run(argv(settings, task), timeout=timeout, environment=environment, secrets=secrets)
    except CommandTimeoutError as error:
        for left in _named(client, name):
            _remove(client, str(left["Id"]))
        message = f"{task.name} did not finish within {timeout:.0f} s and was stopped."
        raise TooSlowError(message, error.printed) from error
    if result.code == DOCKER_FAILED:
        raise ShoestringError(
            f"Docker cannot run {images.effective(task.image, settings.images.source)}: {result.tail(2)} "
            "If that image is missing, build it: shoestring images build"
        )
    return result


def _clear(client: DockerClient, name: str, timeout: float) -> None:
    """Remove the container of an earlier command, unless it is running and within its time."""
    for left in _named(client, name):
        rest = float(left["Created"]) + timeout - time.time()
        if left["State"] == "running" and rest > 0:
            raise StillRunningError(
                f"{name} of an interrupted command is still running. It ends in {rest:.0f} s at most; try again then."
            )
        _remove(client, str(left["Id"]))


def _named(client: DockerClient, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.api.containers(all=True, filters={"name": f"^/{name}$", "label": LABEL})
    return found


def _remove(client: DockerClient, container: str) -> None:
    from docker.errors import APIError

    # It may be about to remove itself.
    with contextlib.suppress(APIError):
        client.api.remove_container(container, force=True, v=True)
