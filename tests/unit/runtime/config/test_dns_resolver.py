from __future__ import annotations

import pytest

from runtime.config import dns_resolver
from runtime.config.dns_resolver import Resolver


@pytest.mark.parametrize(
    ("value", "expected", "text", "host_port"),
    [
        ("9.9.9.9", Resolver("9.9.9.9"), "9.9.9.9", "9.9.9.9:53"),
        ("127.0.0.1:5353", Resolver("127.0.0.1", 5353), "127.0.0.1:5353", "127.0.0.1:5353"),
        ("[::1]:54", Resolver("::1", 54), "[::1]:54", "[::1]:54"),
        ("::1", Resolver("::1"), "::1", "[::1]:53"),
        ("[::1]:53", Resolver("::1"), "::1", "[::1]:53"),
    ],
)
def test_parse(value: str, expected: Resolver, text: str, host_port: str) -> None:
    found = dns_resolver.parse(value)
    assert (found, str(found), found.host_port) == (expected, text, host_port)
    assert dns_resolver.parse(found) is found
    assert dns_resolver.parse(text) == found


@pytest.mark.parametrize("value", ["dns.example.com", "1.1.1.1:0", "1.1.1.1:x", "[::1]", 53, None, ""])
def test_parse_refuses(value: object) -> None:
    with pytest.raises(ValueError, match="is not an IP address|is not a port"):
        dns_resolver.parse(value)
