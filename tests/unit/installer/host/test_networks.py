"""The networks of a host."""

from __future__ import annotations

from installer.host import networks
from tests.support.builders.host_networks import ADDRESSES, ROUTES, at


def test_host_networks_of_addresses_and_routes() -> None:
    assert networks.host_networks(ADDRESSES, ROUTES) == (
        *at("lo", "127.0.0.0/8", "127.0.0.1/32"),
        *at("eth0", "10.12.0.0/16", "10.12.5.9/32", "10.60.0.2/32", "10.50.0.1/32"),
        *at("tun0", "10.97.0.0/16"),
        *at("eth0", "10.98.0.0/16", "fd12:1::/64"),
    )
    assert networks.host_networks((), ()) == ()
