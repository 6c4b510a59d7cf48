"""The address of this host on a Docker bridge, by recorded answers of engines."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from tests.support.bridges import HostBridge, host_bridge, interface_of

# `GET /networks/bridge` of Docker 20.10.24 after its first start; from the second start on it has a `Gateway` beside
# the `Subnet`, as Docker 28 has from its first start.
FIRST_START: dict[str, Any] = {
    "Name": "bridge",
    "Id": "a1f3edc4f4fc99864f0666621183d546f3e568a649f286b77c887ef97e6d8c26",
    "Scope": "local",
    "Driver": "bridge",
    "EnableIPv6": False,
    "IPAM": {"Driver": "default", "Options": None, "Config": [{"Subnet": "127.0.0.0/8"}]},
    "Options": {
        "com.docker.network.bridge.default_bridge": "true",
        "com.docker.network.bridge.enable_icc": "true",
        # Recorded as docker0 and 172.17.0.0/16; the loopback interface exists on every machine.
        "com.docker.network.bridge.name": "lo",
        "com.docker.network.driver.mtu": "1500",
    },
    "Labels": {},
}
CREATED = {
    "Name": "t8da383_internal",
    "Id": "000000000000fd3dc2c5589b4fefe405ba8801d5c5dbd8742c32d76a3d91a1fd92d7044ce7ee",
    "IPAM": {"Driver": "default", "Options": None, "Config": [{"Subnet": "172.25.0.0/16", "Gateway": "172.25.0.1"}]},
    "Options": {},
}


def engine_that_answers(answer: dict[str, Any]) -> Mock:
    return Mock(**{"api.inspect_network.return_value": answer})


def test_host_bridge_after_first_start() -> None:
    assert host_bridge(engine_that_answers(FIRST_START)) == HostBridge("127.0.0.0/8", "127.0.0.1", "lo")


def test_host_bridge_missing_interface() -> None:
    with pytest.raises(AssertionError, match="no address on br-000000000000, the bridge of the Docker network late"):
        host_bridge(engine_that_answers(CREATED), "late")


@pytest.mark.parametrize("options", [{}, None], ids=["without a name", "without options"])
def test_interface_of_network_without_bridge_name(options: dict[str, str] | None) -> None:
    assert interface_of({**CREATED, "Options": options}) == "br-000000000000"


def test_interface_of_default_bridge() -> None:
    assert interface_of(FIRST_START) == "lo"
