from __future__ import annotations

from pathlib import Path

from runtime.base.paths import Paths
from runtime.config import vpn_configuration
from tests.support.builders.runtime import make_settings

ON = make_settings("internal: {address: 10.12.0.1}\nwireguard: {enabled: on}\n")


def test_problems_of_copy_for_next_boot(paths: Paths, tmp_path: Path) -> None:
    assert vpn_configuration.problems(ON, paths, tmp_path) == ()
    paths.wireguard.mkdir()
    (paths.wireguard / "wg0.conf").write_text("with a peer")
    assert vpn_configuration.problems(ON, paths, tmp_path) == (
        f"The VPN's file {tmp_path}/wg0.conf is missing, unlike conf/wireguard/wg0.conf. Run: shoestring vpn apply",
    )
    (tmp_path / "wg0.conf").write_text("with two peers")
    (found,) = vpn_configuration.problems(ON, paths, tmp_path)
    assert "wg0.conf differs from conf/wireguard/wg0.conf." in found
    assert vpn_configuration.problems(make_settings(), paths, tmp_path) == ()
    (tmp_path / "wg0.conf").write_text("with a peer")
    assert vpn_configuration.problems(ON, paths, tmp_path) == ()
