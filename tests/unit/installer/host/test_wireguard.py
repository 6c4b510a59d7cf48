"""Answers of iproute2 6.1.0, as it gave them."""

from __future__ import annotations

from installer.host import wireguard
from installer.host.wireguard import Link

# An interface of wireguard-go, then the same one after `ip link set wg0 down`, which takes its IPv6 addresses.
UP = (
    '[{"ifindex":2,"ifname":"wg0","flags":["POINTOPOINT","MULTICAST","NOARP","UP","LOWER_UP"],"mtu":1420,'
    '"qdisc":"pfifo_fast","operstate":"UNKNOWN","group":"default","txqlen":500,"link_type":"none","addr_info":['
    '{"family":"inet","local":"10.12.0.1","prefixlen":24,"scope":"global","label":"wg0",'
    '"valid_life_time":4294967295,"preferred_life_time":4294967295},'
    '{"family":"inet6","local":"fd12::1","prefixlen":64,"scope":"global",'
    '"valid_life_time":4294967295,"preferred_life_time":4294967295},'
    '{"family":"inet6","local":"fe80::9d0c:31ae:ef:56ba","prefixlen":64,"scope":"link","stable-privacy":true,'
    '"valid_life_time":4294967295,"preferred_life_time":4294967295}]}]'
)
DOWN = (
    '[{"ifindex":2,"ifname":"wg0","flags":["POINTOPOINT","MULTICAST","NOARP"],"mtu":1420,"qdisc":"pfifo_fast",'
    '"operstate":"DOWN","group":"default","txqlen":500,"link_type":"none","addr_info":['
    '{"family":"inet","local":"10.12.0.1","prefixlen":24,"scope":"global","label":"wg0",'
    '"valid_life_time":4294967295,"preferred_life_time":4294967295}]}]'
)


def test_an_interface() -> None:
    assert wireguard.parse_link(UP) == Link(frozenset({"10.12.0.1/24", "fd12::1/64"}), 1420, is_up=True)


def test_an_interface_that_is_down() -> None:
    assert wireguard.parse_link(DOWN) == Link(frozenset({"10.12.0.1/24"}), 1420, is_up=False)


def test_no_interface() -> None:
    """Older ones print an empty object for each that was not asked for."""
    assert wireguard.parse_link("") is None
    assert wireguard.parse_link("[{}]") is None
    assert wireguard.parse_link(f"[{{}},{UP[1:]}") == wireguard.parse_link(UP)
