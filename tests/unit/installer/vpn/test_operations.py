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
def test_preview_refuses_name_too_long_for_wg_quick(paths: Paths, name: str) -> None:
    """The name becomes the user's file name, and so the name of the interface."""
    with pytest.raises(UsageError, match=f"^NAME: {name} has {len(name)} characters, .* at most 15"):
        operations.preview(Vpn(paths, make_settings(VPN)), ClientRequest(name, skip_endpoint_check=True))


def test_preview_refuses_name_in_use(paths: Paths) -> None:
    clients.write(paths, replace(LAPTOP, name="fifteen-letters"))
    with pytest.raises(UsageError, match="^The VPN client fifteen-letters already exists"):
        operations.preview(Vpn(paths, make_settings(VPN)), ClientRequest("fifteen-letters", skip_endpoint_check=True))


def test_read_all_accepts_long_name_of_earlier_version(paths: Paths) -> None:
    clients.write(paths, replace(LAPTOP, name="x" * 63))
    assert [each.name for each in clients.read_all(paths)] == ["x" * 63]
