"""What applying depends on: that the engine is the local one, its containers, and the generated Compose files."""

from __future__ import annotations

import json
import os
import socket

from runtime.base import light_inputs
from runtime.base.constants import LABEL_DEFINITION, LABEL_INSTANCE, LABEL_PROJECT, LABEL_SERVICE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from runtime.base.light_inputs import Place
    from runtime.docker.observed import Container

ENGINE_SOCKET = "/var/run/docker.sock"
ENGINE_TIMEOUT_SECONDS = 10.0
# Any of these may lead to another engine than the local one.
ENGINE_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG")


class DockerInputs(light_inputs.Part):
    """The local engine's containers."""

    name = "docker"

    def inputs(self, place: Place) -> Iterator[bytes]:
        """Yield the generated files by their times."""
        yield from light_inputs.by_stat(place.generated("overrides"))

    def is_recorded(self, place: Place, recorded: Any) -> bool:
        """Return whether the local engine lists the containers of `recorded`; see `recorded`."""
        return is_local_engine() and bool(recorded["containers"] == _rows(_listed(recorded["instance"])))


def recorded(instance: str, containers: Iterable[Container]) -> dict[str, Any]:
    """Return what must stay: the containers of an instance, their definitions and networks, and their condition."""
    rows = [
        [
            *(each.id, each.project, each.service, each.definition),
            *(",".join(sorted(each.network_ids)), each.state, _condition(each.status)),
        ]
        for each in containers
    ]
    return {"instance": instance, "containers": sorted(rows)}


def is_local_engine() -> bool:
    """Return whether nothing leads Docker's client to another engine: no variable, and no `docker context use`."""
    if any(name in os.environ for name in ENGINE_VARIABLES):
        return False
    try:
        with open(os.path.expanduser("~/.docker/config.json"), encoding="utf-8") as file:
            return "currentContext" not in file.read()
    except OSError:
        return True


def _listed(instance: str) -> list[Any]:
    """Return the containers of an instance, as `GET /containers/json` gives them. An answer by HTTP/1.0 ends by
    closing.
    """
    filters = '{"label":["' + f"{LABEL_INSTANCE}={instance}" + '"]}'
    quoted = "".join(character if character.isalnum() else f"%{ord(character):02X}" for character in filters)
    request = f"GET /containers/json?all=1&filters={quoted} HTTP/1.0\r\nHost: docker\r\n\r\n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ENGINE_TIMEOUT_SECONDS)
        connection.connect(ENGINE_SOCKET)
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(1_048_576), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise ValueError("the engine did not answer the listing")
    listed = json.loads(body)
    return listed if isinstance(listed, list) else []


def _rows(listed: Iterable[Any]) -> list[list[str]]:
    """Return the rows of `recorded`, from the engine's own listing."""
    return sorted(
        [
            each["Id"],
            labels.get(LABEL_PROJECT, ""),
            labels.get(LABEL_SERVICE, ""),
            labels.get(LABEL_DEFINITION, ""),
            ",".join(
                sorted(network["NetworkID"] for network in (each["NetworkSettings"]["Networks"] or {}).values())
            ),
            each["State"],
            _condition(each["Status"]),
        ]
        for each in listed
        for labels in [each["Labels"]]
    )


def _condition(status: str) -> str:
    """Return the part of a status that is no time: `unhealthy`, or `Exited (0)`."""
    if status.startswith("Exited"):
        return status.partition(")")[0]
    return "unhealthy" if "(unhealthy)" in status else ""
