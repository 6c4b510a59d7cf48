from __future__ import annotations

import socket
from pathlib import Path

import pytest

from installer.firewall import other_instances
from installer.firewall.other_instances import OtherInstance
from installer.host import wireguard
from installer.vpn.configuration import MARK
from runtime.config.published_ports import PublishedPort
from runtime.firewall import table
from runtime.firewall.model import AllowedPort, Ruleset

RULESET = Ruleset(
    "shoestring_shoestring", (AllowedPort("tcp", 80, 80, "public proxy"), AllowedPort("udp", 53, 53, "x-open-ports"))
)
END = (
    ": each knows the ports of its own files alone, so have the firewall on with one instance on a host, or list "
    "such ports in x-open-ports of an application, then once more: shoestring firewall on"
)


def container(instance: str, *ports: tuple[str, int, str]) -> dict[str, object]:
    listed = [{"IP": at, "PrivatePort": 80, "PublicPort": port, "Type": kind} for at, port, kind in ports]
    return {"Labels": {"shoestring.instance": instance}, "Ports": [*listed, {"PrivatePort": 9000, "Type": "tcp"}]}


def test_parse_ports_leaves_out_loopback() -> None:
    listed = (
        container("demo", ("127.0.0.1", 8080, "tcp"), ("::1", 8080, "tcp")),
        container("b", ("0.0.0.0", 8443, "tcp"), ("::", 8443, "tcp"), ("10.0.0.5", 5432, "tcp")),
        container("b", ("0.0.0.0", 53, "udp")),
    )
    assert other_instances.parse_ports(listed) == {
        "demo": (),
        "b": (
            PublishedPort("tcp", 8443, 8443),
            PublishedPort("tcp", 5432, 5432, "10.0.0.5"),
            PublishedPort("udp", 53, 53),
        ),
    }


def test_observe_other_instances(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, mark in (("wg1", f"{MARK}b\n"), ("wg2", f"{MARK}removed\n"), ("wg3", "# user-provided\n")):
        (tmp_path / f"{name}.conf").write_text(f"{mark}[Interface]\n")
    monkeypatch.setattr(wireguard, "CONFIGURATIONS", tmp_path)
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (2, "wg1"), (3, "wg3")])
    monkeypatch.setattr(table, "names", lambda: ("shoestring_c", "filter", "shoestring_a"))
    monkeypatch.setattr(
        other_instances, "_containers", lambda: [container("d"), container("a", ("0.0.0.0", 80, "tcp"))]
    )
    assert other_instances.observe("a") == (
        OtherInstance("b", vpn="wg1"),
        OtherInstance("c", has_firewall=True),
        OtherInstance("d"),
    )


@pytest.mark.parametrize(
    ("other", "about"),
    [
        (OtherInstance("demo"), ""),
        (OtherInstance("b", (PublishedPort("tcp", 80, 80), PublishedPort("udp", 53, 53))), ""),
        (
            OtherInstance("b", (PublishedPort("tcp", 8443, 8443), PublishedPort("tcp", 80, 80)), "wg1"),
            "this firewall would close 8443/tcp, its VPN wg1",
        ),
        (
            OtherInstance("b", (PublishedPort("tcp", 8443, 8443),), has_firewall=True),
            "this firewall would close 8443/tcp, and its own firewall closes the ports of this one",
        ),
        (OtherInstance("b", has_firewall=True), "its own firewall closes the ports of this one"),
    ],
)
def test_objections_of_other_instance(other: OtherInstance, about: str) -> None:
    expected = (f"Instance {other.instance} is on this host too, and {about}{END}",) if about else ()
    assert other_instances.objections((other,), RULESET) == expected
