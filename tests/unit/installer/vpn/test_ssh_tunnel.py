from __future__ import annotations

import json

import pytest

from installer.vpn import ssh_tunnel
from installer.vpn.json_results import TunnelJson
from installer.vpn.ssh_tunnel import SshTunnel
from runtime.base.errors import UsageError
from runtime.base.paths import Side
from runtime.output.encoder import result_json
from tests.support.builders.runtime import application, desired, web

DATABASE = "x-external-tcp-ports: [5432]\nservices: {application: {image: db}}\n"


def find(settings_text: str = "", ssh_ports: frozenset[int] = frozenset({22})) -> SshTunnel:
    wanted = desired(
        application("wiki", web("wiki.internal.example.com", "*.w.internal.example.com"), Side.INTERNAL),
        application("database", DATABASE, Side.INTERNAL),
        application("site", web("example.com")),
        settings_text=settings_text,
    )
    return ssh_tunnel.find(wanted.settings, wanted.proxies, "me", ssh_ports)


def test_find_command_forwards_all_internal_ports() -> None:
    assert " ".join(find().command) == (
        "ssh -N -L 127.0.0.1:8081:127.0.0.1:8081 -L 127.0.0.1:8444:127.0.0.1:8444 -L 127.0.0.1:5432:127.0.0.1:5432 "
        "me@example.com"
    )


@pytest.mark.parametrize(
    ("ports", "expected"), [({2222}, ("ssh", "-p", "2222", "-N")), ({2200, 2222}, ("ssh", "-p", "2200", "-N"))]
)
def test_find_command_uses_port_of_sshd(ports: set[int], expected: tuple[str, ...]) -> None:
    found = find(ssh_ports=frozenset(ports))
    assert found.command[:4] == expected
    assert found.command[-1] == "me@example.com"
    assert ssh_tunnel.tunnel_lines(found)[2].startswith(" ".join(expected))
    answer = json.loads(result_json(TunnelJson.of(found, ssh_tunnel.LOOPBACK)))
    assert (answer["command"], answer["ports"]) == (list(found.command), [8081, 8444, 5432])


def test_find_command_without_port_for_default_port() -> None:
    assert "-p" not in find(ssh_ports=frozenset({22, 2222})).command


def test_hosts_lines_of_internal_names() -> None:
    assert ssh_tunnel.hosts_lines(find()) == [
        "127.0.0.1 internal.example.com",
        "127.0.0.1 wiki.internal.example.com",
        "# *.w.internal.example.com: add each name that you use",
    ]


def test_hosts_lines_and_tunnel_lines_of_private_address() -> None:
    found = find(
        "internal: {address: 10.0.0.5, tls: none, http_port: 80}\npublic: {address: 203.0.113.7, http_port: 8080}\n"
    )
    assert ssh_tunnel.hosts_lines(found)[0] == "10.0.0.5 internal.example.com"
    lines = ssh_tunnel.tunnel_lines(found)
    assert "127.0.0.1 wiki.internal.example.com" in lines
    assert "sudo" in lines[0]
    assert "-L 127.0.0.1:80:10.0.0.5:80" in lines[2]


def test_find_refuses_internal_side_off() -> None:
    with pytest.raises(UsageError, match="internal side is off"):
        find("internal: off\n")


def test_find_refuses_interface_without_address() -> None:
    with pytest.raises(UsageError, match="The interface tailscale0 of internal.address has no address yet"):
        find("internal: {address: 'auto:tailscale0'}\n")
