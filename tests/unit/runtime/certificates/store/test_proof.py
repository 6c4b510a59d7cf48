from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.base.paths import Side
from runtime.certificates.store import proof
from runtime.certificates.store.proof import NoHandshakeError
from runtime.config.listen_address import FollowedInterface
from runtime.config.sections import InternalSettings
from runtime.config.settings import Settings


@pytest.mark.parametrize(
    ("listened", "asked"),
    [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.12.0.1", "10.12.0.1"), ("2001:db8::1", "2001:db8::1")],
)
def test_reachable_of_all_addresses_is_loopback(listened: str, asked: str) -> None:
    assert proof.reachable(listened) == asked


def test_served_without_address_raises() -> None:
    settings = replace(
        Settings(domain="example.com", email="a@example.com"),
        internal=InternalSettings(address=FollowedInterface("tailscale0")),
    )
    with pytest.raises(NoHandshakeError, match="The internal proxy does not run: auto:tailscale0 has no address yet"):
        proof.served(settings, Side.INTERNAL, "internal.example.com")
