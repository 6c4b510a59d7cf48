"""The owners of ports, on recorded output."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from installer.host import ports
from installer.host.ports import ListeningSocket, PublishingContainer

RECORDED = Path(__file__).parent / "recorded"
# Recorded with ss of iproute2 6.1.
SS = """\
LISTEN 0      128          0.0.0.0:2024  0.0.0.0:*
LISTEN 0      511                *:80          *:*    users:(("nginx",pid=813,fd=6),("nginx",pid=812,fd=6))
LISTEN 0      4096   127.0.0.53%lo:53    0.0.0.0:*    users:(("systemd-resolve",pid=401,fd=15))
LISTEN 0      4096            [::]:443      [::]:*    users:(("docker-proxy",pid=9718,fd=4))
"""


def test_parse_listeners_with_processes() -> None:
    assert ports.parse_listeners(SS) == (
        ListeningSocket("0.0.0.0", 2024),
        ListeningSocket("::", 80, "nginx", 813),
        ListeningSocket("127.0.0.53", 53, "systemd-resolve", 401),
        ListeningSocket("::", 443, "docker-proxy", 9718),
    )
    assert ports.parse_listeners("") == ()


def test_parse_containers_with_published_ports() -> None:
    recorded = json.loads((RECORDED / "containers.json").read_text())
    assert ports.parse_containers(recorded) == (PublishingContainer("rec-web", "shop", "", (("127.0.0.1", 18999),)),)


def test_parse_containers_ignores_exposed_and_udp_ports() -> None:
    item = {
        "Names": ["/a"],
        "Labels": None,
        "Ports": [{"PrivatePort": 80, "Type": "tcp"}, {"PrivatePort": 53, "PublicPort": 53, "Type": "udp"}],
    }
    assert ports.parse_containers([item]) == (PublishingContainer("a", "", "", ()),)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("0::/system.slice/nginx.service\n", "nginx"),
        ("1:name=systemd:/system.slice/system-x.slice/x@1.service\n", "x@1"),
        ("0::/user.slice/user-0.slice/session-3.scope\n", ""),
        ("", ""),
    ],
)
def test_parse_unit_of_process(text: str, unit: str) -> None:
    assert ports.parse_unit(text) == unit


def test_can_bind_free_port_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not ports.can_bind("127.0.0.1", port)
        assert not ports.can_bind("0.0.0.0", port)
    assert ports.can_bind("127.0.0.1", port)
    # TEST-NET-3: no host has it; another check reports that.
    assert ports.can_bind("203.0.113.99", port)
