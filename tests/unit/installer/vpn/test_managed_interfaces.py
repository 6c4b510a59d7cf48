"""The interfaces of an instance, also those with a former name."""

from __future__ import annotations

import pytest

from installer.host import wireguard
from installer.vpn import clients, keys, managed_interfaces
from runtime.base.paths import Paths
from tests.support.builders.runtime import make_settings

SETTINGS = make_settings("internal: {address: 10.12.0.1}\nwireguard: {enabled: on}\n")


@pytest.fixture
def observed_with(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The marks and keys that interfaces were observed with; the host has wg0 and wg9."""
    given: list[tuple[str, str]] = []

    def managed(mark: str, public_key: str) -> tuple[str, ...]:
        given.append((mark, public_key))
        return ("wg0", "wg9")

    monkeypatch.setattr(wireguard, "managed_interfaces", managed)
    return given


def test_observe_by_mark_and_public_key(paths: Paths, observed_with: list[tuple[str, str]]) -> None:
    private = keys.generate_private()
    clients.write_server_key(paths, private)
    assert managed_interfaces.observe(paths, SETTINGS) == ("wg0", "wg9")
    assert observed_with == [(managed_interfaces.mark(SETTINGS), keys.public_of(private))]


def test_observe_without_valid_key(paths: Paths, observed_with: list[tuple[str, str]]) -> None:
    managed_interfaces.observe(paths, SETTINGS)
    paths.wireguard.mkdir()
    (paths.wireguard / "server.key").write_text("invalid")
    managed_interfaces.observe(paths, SETTINGS)
    assert observed_with == [(managed_interfaces.mark(SETTINGS), "")] * 2


def test_former_leaves_out_interface_of_settings(paths: Paths, observed_with: list[tuple[str, str]]) -> None:
    assert managed_interfaces.former(paths, SETTINGS) == ("wg9",)
    assert len(observed_with) == 1
