from __future__ import annotations

import pytest

from runtime.config import published_ports
from runtime.config.published_ports import PublishedPort


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        (["9999:80"], [PublishedPort("tcp", 9999, 9999)]),
        (["0.0.0.0:9999:80/udp"], [PublishedPort("udp", 9999, 9999)]),
        (["[::]:9999:80"], [PublishedPort("tcp", 9999, 9999)]),
        (["::1:9999:80"], [PublishedPort("tcp", 9999, 9999, "::1")]),
        (["127.0.0.1:9999:80"], [PublishedPort("tcp", 9999, 9999, "127.0.0.1")]),
        (["6000-6010:6000-6010/udp"], [PublishedPort("udp", 6000, 6010)]),
        ([80], [PublishedPort("tcp", 0, 0)]),
        (["127.0.0.1::80"], [PublishedPort("tcp", 0, 0, "127.0.0.1")]),
        (["${PORT}:80", "${OTHER:-81}:80"], [PublishedPort("tcp", 7000, 7000), PublishedPort("tcp", 81, 81)]),
        (["$PORT:80/udp"], [PublishedPort("udp", 7000, 7000)]),
        (
            ["${PORT:-81}:80", "${OTHER-${PORT}}:81/udp"],
            [PublishedPort("tcp", 7000, 7000), PublishedPort("udp", 7000, 7000)],
        ),
        (["${OTHER}:80", "${PORT:?needed}:80"], [PublishedPort("tcp", 7000, 7000)]),
        ([{"target": 80, "published": "${PORT}", "name": "$OTHER"}], [PublishedPort("tcp", 7000, 7000)]),
        ([{"target": 80, "published": "${OTHER}"}], []),
        ([{"target": 80, "published": 9999}], [PublishedPort("tcp", 9999, 9999)]),
        (
            [{"target": 80, "published": "90-91", "host_ip": "10.0.0.5", "protocol": "udp"}],
            [PublishedPort("udp", 90, 91, "10.0.0.5")],
        ),
        (["${UNKNOWN}:80", "99999:80", "words", None, {"published": []}], []),
        ("80:80", []),
        (None, []),
    ],
)
def test_read_published_ports(ports: object, expected: list[PublishedPort]) -> None:
    assert published_ports.read([{"ports": ports}], {"PORT": "7000"}) == tuple(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (25565, PublishedPort("tcp", 25565, 25565)),
        ("53/udp", PublishedPort("udp", 53, 53)),
        ("6000-6010/udp", PublishedPort("udp", 6000, 6010)),
    ],
)
def test_open_port_parses_value(value: object, expected: PublishedPort) -> None:
    assert published_ports.open_port(value) == expected


@pytest.mark.parametrize("value", [0, 70000, True, "53/sctp", "53/", "web", "9-8", None, ["80"], "80:80"])
def test_open_port_refuses_value(value: object) -> None:
    with pytest.raises(ValueError, match="is not a port; one looks like 25565, 53/udp"):
        published_ports.open_port(value)


def test_covers_ports_of_range() -> None:
    assert PublishedPort("tcp", 10, 20).covers(PublishedPort("tcp", 12, 20, "10.0.0.5"))
    assert not PublishedPort("tcp", 10, 20).covers(PublishedPort("udp", 12, 12))
    assert not PublishedPort("tcp", 10, 20).covers(PublishedPort("tcp", 12, 21))
    assert not PublishedPort("tcp", 1, 65535).covers(PublishedPort("tcp", 0, 0))
