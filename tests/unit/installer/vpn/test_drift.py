from __future__ import annotations

from dataclasses import replace

import pytest

from installer.host.wireguard import BootState, WireGuardLink
from installer.vpn import drift
from installer.vpn.drift import ObservedVpn
from installer.vpn.peers import RunningInterface, WireguardPeer
from tests.support.builders.runtime import make_settings
from tests.support.builders.vpn import LAPTOP, VPN, key

SETTINGS = make_settings(VPN)
LINK = WireGuardLink(frozenset({"10.12.0.1/24", "fd12::1/64"}), 1420, is_up=True)
PEER = WireguardPeer(key("p"), "192.0.2.9:41641", ("10.12.0.2/32", "fd12::2/128"), 1767322000, 48120, 92004, key("s"))
LIVE = RunningInterface(key("q"), 51820, (PEER,))


BOOT = BootState(is_written=True)


def problem(
    live: RunningInterface | None = LIVE,
    link: WireGuardLink | None = LINK,
    boot: BootState = BOOT,
    old: tuple[str, ...] = (),
    public_key: str = key("q"),
) -> str:
    return drift.problem(SETTINGS, public_key, (LAPTOP,), ObservedVpn(live, link, boot, old))


def test_problem_is_empty_without_difference() -> None:
    assert problem() == ""


@pytest.mark.parametrize(
    ("link", "difference"),
    [
        (replace(LINK, is_up=False), "it is down"),
        (replace(LINK, mtu=1300), "its MTU"),
        (replace(LINK, addresses=frozenset({"10.12.0.1/24"})), "its addresses"),
        (replace(LINK, addresses=LINK.addresses | {"10.99.0.1/24"}), "its addresses"),
    ],
)
def test_problem_of_link(link: WireGuardLink, difference: str) -> None:
    assert (
        problem(link=link)
        == f"The interface wg0 differs from its configuration ({difference}). Run: shoestring vpn apply"
    )


@pytest.mark.parametrize(
    ("live", "difference"),
    [
        (replace(LIVE, public_key=key("x")), "its key"),
        (replace(LIVE, port=51821), "its port"),
        (replace(LIVE, peers=()), "its clients"),
        (replace(LIVE, peers=(PEER, replace(PEER, public_key=key("x"), allowed=()))), "its clients"),
        (replace(LIVE, peers=(replace(PEER, preshared_key=key("x")),)), "its clients"),
        (replace(LIVE, peers=(replace(PEER, preshared_key=""),)), "its clients"),
        (replace(LIVE, peers=(replace(PEER, allowed=("10.12.0.2/32",)),)), "its clients"),
    ],
)
def test_problem_of_peers_key_and_port(live: RunningInterface, difference: str) -> None:
    assert (
        problem(live) == f"The interface wg0 differs from its configuration ({difference}). Run: shoestring vpn apply"
    )


@pytest.mark.parametrize(
    ("boot", "difference"),
    [
        (BootState(is_written=False), "its file /etc/wireguard/wg0.conf"),
        (BootState(is_written=True, is_enabled=False), "it does not start at boot"),
    ],
)
def test_problem_of_next_boot(boot: BootState, difference: str) -> None:
    assert (
        problem(boot=boot)
        == f"The interface wg0 differs from its configuration ({difference}). Run: shoestring vpn apply"
    )


def test_problem_of_former_interface() -> None:
    assert "(wg9 exists as well)" in problem(old=("wg9",))


def test_problem_is_empty_after_ipv6_was_removed() -> None:
    settings = make_settings(VPN.replace("fd12::/64", ""))
    link, peer = replace(LINK, addresses=frozenset({"10.12.0.1/24"})), replace(PEER, allowed=("10.12.0.2/32",))
    seen = ObservedVpn(replace(LIVE, peers=(peer,)), link, BOOT)
    assert drift.problem(settings, key("q"), (LAPTOP,), seen) == ""


def test_problem_has_all_differences() -> None:
    assert "(it is down, its port)" in problem(replace(LIVE, port=1), replace(LINK, is_up=False))


def test_problem_of_missing_interface_or_key() -> None:
    assert problem(live=None).startswith("The interface wg0 does not exist.")
    assert problem(link=None).startswith("The interface wg0 does not exist.")
    assert problem(public_key="").startswith("The VPN has no key and no client yet.")
