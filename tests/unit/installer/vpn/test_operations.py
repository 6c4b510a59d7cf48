from __future__ import annotations

from dataclasses import replace

import pytest

from installer.vpn import clients, operations
from installer.vpn.client_request import ClientRequest
from installer.vpn.operations import Vpn
from runtime.base.errors import UsageError
from runtime.base.paths import Paths
from tests.support.builders.runtime import make_settings
from tests.support.builders.vpn import LAPTOP, VPN


def test_preview_refuses_name_in_use(paths: Paths) -> None:
    clients.write(paths, replace(LAPTOP, name="fifteen-letters"))
    with pytest.raises(UsageError, match="^The VPN client fifteen-letters already exists"):
        operations.preview(Vpn(paths, make_settings(VPN)), ClientRequest("fifteen-letters", skip_endpoint_check=True))
