from __future__ import annotations

from dataclasses import replace

import pytest

from installer.vpn import client_request, keys
from installer.vpn.client_request import ClientRequest
from installer.vpn.clients import VpnClient
from runtime.base.errors import UsageError
from tests.support.builders.runtime import make_settings
from tests.support.builders.vpn import LAPTOP, VPN

NOW = 1_700_000_000.0


def create(request: ClientRequest, *known: VpnClient, server: str = "") -> VpnClient:
    return client_request.create(make_settings(VPN), request, known, server, NOW)


@pytest.mark.parametrize("name", ["a-long-name-of16", "x" * 63])
def test_create_refuses_name_too_long_for_wg_quick(name: str) -> None:
    """The name becomes the user's file name, and so the name of the interface."""
    with pytest.raises(UsageError, match=f"^NAME: {name} has {len(name)} characters, .* at most 15"):
        create(ClientRequest(name))


def test_create_refuses_name_in_use() -> None:
    with pytest.raises(UsageError, match="^The VPN client fifteen-letters already exists"):
        create(ClientRequest("fifteen-letters"), replace(LAPTOP, name="fifteen-letters"))


def test_create_makes_keys_of_its_own() -> None:
    client = create(ClientRequest("phone"), LAPTOP)
    assert keys.public_of(client.private_key) == client.public_key
    assert not set(client.addresses) & set(LAPTOP.addresses)


def test_create_with_public_key_has_no_private_key() -> None:
    public = keys.public_of(keys.generate_private())
    client = create(ClientRequest("phone", public))
    assert (client.public_key, client.private_key) == (public, "")


@pytest.mark.parametrize("owner", ["the server", "laptop"])
def test_create_refuses_key_in_use(owner: str) -> None:
    public = keys.public_of(keys.generate_private())
    known = replace(LAPTOP, public_key=public if owner == "laptop" else LAPTOP.public_key)
    with pytest.raises(UsageError, match=f"this is the key of {owner} already"):
        create(ClientRequest("phone", public), known, server=public if owner == "the server" else "")
