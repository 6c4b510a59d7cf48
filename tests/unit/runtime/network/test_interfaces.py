from __future__ import annotations

from runtime.network import interfaces


def test_address() -> None:
    assert interfaces.address("lo") == "127.0.0.1"


def test_address_of_missing_interface() -> None:
    assert interfaces.address("none0") == ""


def test_has_address() -> None:
    assert interfaces.has_address("lo", "127.0.0.1")
    assert not interfaces.has_address("lo", "192.0.2.1")
    assert not interfaces.has_address("lo", "")
    assert interfaces.has_address("none0", "")
    assert not interfaces.has_address("none0", "127.0.0.1")
    assert interfaces.has_address("", "127.0.0.1")
