from __future__ import annotations

from runtime import interfaces
from tests.make import make_settings


def test_the_address_of_an_interface() -> None:
    assert interfaces.address("lo") == "127.0.0.1"


def test_an_interface_that_is_not_there() -> None:
    assert interfaces.address("none0") == ""


def test_settings_that_name_an_address_stay() -> None:
    settings = make_settings()
    assert interfaces.resolved(settings) == (settings, "")


def test_settings_that_follow_an_interface() -> None:
    settings, interface = interfaces.resolved(make_settings("internal: {address: 'auto:lo'}\n"))
    assert settings.internal
    assert (settings.internal.address, interface) == ("127.0.0.1", "lo")


def test_an_interface_that_comes_late() -> None:
    settings, interface = interfaces.resolved(make_settings("internal: {address: 'auto:none0'}\n"))
    assert settings.internal
    assert (settings.internal.address, interface) == ("auto:none0", "none0")
