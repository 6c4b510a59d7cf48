from __future__ import annotations

import pytest

from installer import reach
from installer.reach import Reach
from runtime.errors import UsageError
from runtime.paths import Side
from tests.make import application, desired, web

DATABASE = "x-external-tcp-ports: [5432]\nservices: {application: {image: db}}\n"


def find(settings_text: str = "") -> Reach:
    wanted = desired(
        application("wiki", web("wiki.internal.example.com", "*.w.internal.example.com"), Side.INTERNAL),
        application("database", DATABASE, Side.INTERNAL),
        application("site", web("example.com")),
        settings_text=settings_text,
    )
    return reach.find(wanted.settings, wanted.proxies, "me")


def test_one_command_reaches_every_internal_port() -> None:
    assert " ".join(find().command) == (
        "ssh -N -L 127.0.0.1:8081:127.0.0.1:8081 -L 127.0.0.1:8444:127.0.0.1:8444 -L 127.0.0.1:5432:127.0.0.1:5432 "
        "me@example.com"
    )


def test_the_lines_are_of_internal_names_alone() -> None:
    assert reach.hosts_lines(find()) == [
        "127.0.0.1 internal.example.com",
        "127.0.0.1 wiki.internal.example.com",
        "# *.w.internal.example.com: write the names that you use",
    ]


def test_a_private_address_stands_in_the_lines_but_not_behind_a_tunnel() -> None:
    found = find(
        "internal: {address: 10.0.0.5, tls: none, http_port: 80}\npublic: {address: 203.0.113.7, http_port: 8080}\n"
    )
    assert reach.hosts_lines(found)[0] == "10.0.0.5 internal.example.com"
    said = reach.tunnel_lines(found)
    assert "127.0.0.1 wiki.internal.example.com" in said
    assert "sudo" in said[0]
    assert "-L 127.0.0.1:80:10.0.0.5:80" in said[2]


def test_a_side_that_is_off() -> None:
    with pytest.raises(UsageError, match="internal side is off"):
        find("internal: off\n")


def test_an_interface_that_has_no_address_yet() -> None:
    with pytest.raises(UsageError, match="The interface tailscale0 of internal.address has no address yet"):
        find("internal: {address: 'auto:tailscale0'}\n")
