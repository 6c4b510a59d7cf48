from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runtime.base.paths import RunPaths, Side
from runtime.context.results import Code
from runtime.core import ipv6_proxy
from runtime.docker.observed import Observed
from runtime.reconcile.desired import Desired
from runtime.reconcile.status import assess
from tests.support.builders.runtime import application, desired, web

PUBLIC = "public: {address: '%s'}\n"
VPN = "wireguard: {enabled: on, network6: 'fd12::/64'}\ninternal: {address: 10.12.0.1}\n"


def services(wanted: Desired) -> dict[str, Any]:
    found: dict[str, Any] = wanted.core.generated.value["services"]
    return found


def published(wanted: Desired, side: Side) -> set[str]:
    return {each["host_ip"] for each in services(wanted)[f"haproxy-{side}"]["ports"]}


@pytest.mark.parametrize(
    ("address", "by_docker", "by_ipv6"),
    [
        ("0.0.0.0", {"0.0.0.0"}, ()),
        ("203.0.113.7", {"203.0.113.7"}, ()),
        ("::", {"0.0.0.0"}, ("::",)),
        ("2001:db8::1", set(), ("2001:db8::1",)),
    ],
)
def test_addresses_ipv4_by_docker_and_ipv6_on_host(
    address: str, by_docker: set[str], by_ipv6: tuple[str, ...]
) -> None:
    wanted = desired(application("a", web("a.com")), settings_text=PUBLIC % address)
    assert published(wanted, Side.PUBLIC) == by_docker
    assert ipv6_proxy.addresses(wanted.settings, Side.PUBLIC, address) == by_ipv6
    assert ("haproxy-public-ipv6" in services(wanted)) is bool(by_ipv6)
    assert [model.ipv6 for model in wanted.proxies] == [bool(by_ipv6), False]


def test_service_configuration_binds_ports() -> None:
    wanted = desired(settings_text="public: {address: '2001:db8::1', http_port: 8080, https_port: 8443}\n")
    text = services(wanted)["haproxy-public-ipv6"]["environment"]["CONFIGURATION"]
    assert "bind [2001:db8::1]:8080 v6only\n" in text
    assert "gt 5000 }\n    server proxy unix@/run/haproxy/80.sock send-proxy-v2\n" in text
    assert "bind [2001:db8::1]:8443 v6only\n" in text
    assert "gt 5000 }\n    server proxy unix@/run/haproxy/443.sock send-proxy-v2\n" in text


def test_addresses_of_internal_side_in_vpn() -> None:
    wiki = application("wiki", web("wiki.internal.example.com", "*.w.internal.example.com"), Side.INTERNAL)
    wanted = desired(wiki, settings_text=VPN)
    assert published(wanted, Side.INTERNAL) == {"10.12.0.1"}
    assert ipv6_proxy.addresses(wanted.settings, Side.INTERNAL, "10.12.0.1") == ("fd12::1",)
    assert wanted.hosts
    assert "fd12::1 wiki.internal.example.com\n" in wanted.hosts.content
    assert "10.12.0.1 wiki.internal.example.com\n" in wanted.hosts.content
    assert "--address=/*.w.internal.example.com/fd12::1" in services(wanted)["names"]["command"]


def test_addresses_without_interface_address() -> None:
    wanted = desired(settings_text="internal: {address: 'auto:tailscale0'}\n")
    assert ipv6_proxy.addresses(wanted.settings, Side.INTERNAL, "") == ()


def test_service_capabilities() -> None:
    made = ipv6_proxy.service(Side.PUBLIC, ("::",), "haproxy:1", [(80, 80)], (99, 99), RunPaths("t", Path("/run")))
    assert made["cap_add"] == ["NET_BIND_SERVICE", "SETUID", "SETGID"]
    assert made["read_only"]
    assert "uid 99\n    gid 99\n" in made["environment"]["CONFIGURATION"]


def test_status_reports_core_services_not_running() -> None:
    wanted = desired(settings_text=f"{VPN}{PUBLIC % '::'}")
    problems = assess(wanted, Observed((), ())).problems
    found = [(each.code, each.subject) for each in problems]
    names = ("haproxy-public-ipv6", "haproxy-internal-ipv6", "names")
    assert found == [(Code.CORE_NOT_RUNNING, name) for name in names]
    assert assess(desired(), Observed((), ())).problems == ()


def test_service_limits_connections_of_public_side_only() -> None:
    limits = "limits: {connections: 7, connections_per_second: 0, exempt: [192.0.2.7, '2001:db8::/32']}"
    wiki = application("wiki", web("wiki.internal.example.com"), Side.INTERNAL)
    made = services(desired(wiki, settings_text=VPN + f"public: {{address: '::', {limits}}}\n"))
    text = made["haproxy-public-ipv6"]["environment"]["CONFIGURATION"]
    assert text.count("acl exempt src 192.0.2.7/32 2001:db8::/32\n") == 2
    assert text.count("reject if { sc_conn_cur(0) gt 7 }") == text.count("reject") == 2
    assert "exempt" not in made["haproxy-internal-ipv6"]["environment"]["CONFIGURATION"]
