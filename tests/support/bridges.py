"""Docker's bridges as this host sees them: the interface of a network, and the address of the host on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runtime.network import interfaces

if TYPE_CHECKING:
    from docker import DockerClient

DEFAULT = "bridge"
# Set by the creator of a network, and by the engine for its default one (docs.docker.com, bridge network driver).
OPTION_NAME = "com.docker.network.bridge.name"


@dataclass(frozen=True)
class HostBridge:
    """A bridge, and the address by which its containers reach this host; so does this host itself."""

    network: str
    address: str
    interface: str


def host_bridge(client: DockerClient, name: str = DEFAULT) -> HostBridge:
    """Return the bridge of a Docker network, by the network's name or id.

    The address comes from the kernel, never from the engine: 20.10 leaves the gateway of its default bridge, and of a
    network that was created with a subnet alone, out of its answer until it has been started a second time.
    """
    answer = client.api.inspect_network(name)
    interface = interface_of(answer)
    address = interfaces.address(interface)
    assert address, f"this host has no address on {interface}, the bridge of the Docker network {name}"
    return HostBridge(str(answer["IPAM"]["Config"][0]["Subnet"]), address, interface)


def interface_of(answer: Mapping[str, Any]) -> str:
    """Return the name of the bridge from the engine's answer about a network (`GET /networks/ID`)."""
    return str((answer.get("Options") or {}).get(OPTION_NAME) or f"br-{str(answer['Id'])[:12]}")
