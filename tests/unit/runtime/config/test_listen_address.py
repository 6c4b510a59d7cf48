from __future__ import annotations

import pytest

from runtime.config import listen_address
from runtime.config.listen_address import FixedAddress, FollowedInterface, ListenAddress


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10.12.0.1", FixedAddress("10.12.0.1")),
        ("FD00::1", FixedAddress("fd00::1")),
        ("auto:tailscale0", FollowedInterface("tailscale0")),
        (FollowedInterface("wg0"), FollowedInterface("wg0")),
    ],
)
def test_parse(value: object, expected: ListenAddress) -> None:
    assert listen_address.parse(value) == expected


@pytest.mark.parametrize("value", ["0.0.0.0", "::", "auto:", "auto:no such", "host", 5, None])
def test_parse_refuses(value: object) -> None:
    with pytest.raises(ValueError, match="one address|not the name of a network interface|not an IP address"):
        listen_address.parse(value)


def test_str_is_value_of_settings_file() -> None:
    assert (str(FixedAddress("::1")), str(FollowedInterface("wg0"))) == ("::1", "auto:wg0")


def test_fixed_address() -> None:
    assert [listen_address.fixed_address(each) for each in (FixedAddress("::1"), FollowedInterface("wg0"), None)] == [
        *("::1", "", "")
    ]
