from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from installer.vpn import configuration
from runtime.base import control_characters
from runtime.base.errors import ShoestringError
from runtime.core import ipv6_proxy
from runtime.firewall import isolation, rules
from runtime.firewall.isolation import Isolation
from runtime.firewall.model import AllowedPort, Ruleset
from tests.support.builders.runtime import make_settings
from tests.support.builders.vpn import LAPTOP, VPN

EVIL = "fe80::1%eth0\nflush ruleset"


def vpn_client() -> str:
    return configuration.client_text(make_settings(VPN), "key", replace(LAPTOP, name=EVIL))


def vpn_server() -> str:
    return configuration.ServerConfig(make_settings(VPN), "key", (replace(LAPTOP, preshared_key=EVIL),)).text()


@pytest.mark.parametrize(
    "write",
    [
        lambda: rules.render(Ruleset("t", (AllowedPort("tcp", 1, 1, EVIL),))),
        lambda: rules.render(Ruleset("t", (), vpn=EVIL)),
        lambda: isolation.render(Isolation("t", (EVIL,))),
        lambda: ipv6_proxy._configuration((EVIL,), [(80, 80)], (1, 1)),
        vpn_client,
        vpn_server,
    ],
)
def test_renderers_refuse_a_value_with_a_control_character(write: Callable[[], object]) -> None:
    with pytest.raises(ShoestringError, match="control character"):
        write()


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b", "a\x1bb", "a\x7fb", "a\u2028b", "a\x85b"])
@pytest.mark.parametrize("wrap", [str, lambda text: (1, [text]), lambda text: {text: 1}, lambda text: {"k": {text}}])
def test_refuse_names_the_place(bad: str, wrap: Callable[[str], object]) -> None:
    with pytest.raises(ShoestringError, match=r"^proxy.* is '"):
        control_characters.refuse(wrap(bad), "proxy")
    control_characters.refuse(wrap("a b ü ✓"), "proxy")
