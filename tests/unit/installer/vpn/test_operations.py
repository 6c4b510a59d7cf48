from __future__ import annotations

from dataclasses import replace

import pytest

from installer.vpn import clients, operations
from installer.vpn.operations import ClientRequest, Vpn
from runtime.base.errors import UsageError
from runtime.base.paths import Paths
from tests.support.builders.runtime import make_settings
from tests.support.builders.vpn import LAPTOP, VPN


@pytest.mark.parametrize("name", ["a-long-name-of16", "x" * 63])
def test_a_name_that_wg_quick_does_not_take(paths: Paths, name: str) -> None:
    """The name is that of the file which we tell people to bring up, and so of their interface."""
    with pytest.raises(UsageError, match=f"^NAME: {name} has {len(name)} characters, .* at most 15"):
        operations.preview(Vpn(paths, make_settings(VPN)), ClientRequest(name, skip_endpoint_check=True))


def test_a_name_of_the_greatest_length_is_only_refused_if_it_is_used(paths: Paths) -> None:
    clients.write(paths, replace(LAPTOP, name="fifteen-letters"))
    with pytest.raises(UsageError, match="^The VPN client fifteen-letters already exists"):
        operations.preview(Vpn(paths, make_settings(VPN)), ClientRequest("fifteen-letters", skip_endpoint_check=True))


def test_a_client_with_a_longer_name_from_before_is_still_one(paths: Paths) -> None:
    clients.write(paths, replace(LAPTOP, name="x" * 63))
    assert [each.name for each in clients.read_all(paths)] == ["x" * 63]
