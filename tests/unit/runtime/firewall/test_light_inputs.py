"""The firewall's state as the fast path compares it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.base.light_inputs import Place
from runtime.firewall import bridges, kernel_table, light_inputs
from runtime.firewall.light_inputs import FirewallInputs
from runtime.network import netlink
from runtime.network.netlink import UNICAST


class Kernel:
    """The answers of a kernel with nftables, bridges and routes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.table = b"one"
        self.bridges: tuple[str, ...] = ()
        self.routes = [("eth0", "10.0.0.0/24", UNICAST)]
        monkeypatch.setattr(kernel_table, "contents", lambda _table: (self.table,))
        monkeypatch.setattr(bridges, "unclear", lambda: self.bridges)
        monkeypatch.setattr(netlink, "routes", lambda: self.routes)


def test_inputs_without_rules_do_not_ask_the_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_table, "contents", lambda _table: pytest.fail("the kernel was asked"))
    assert tuple(FirewallInputs().inputs(Place(str(tmp_path), ""))) == ()


def test_inputs_change_with_kernel_and_sshd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, sshd = Kernel(monkeypatch), tmp_path / "sshd_config"
    monkeypatch.setattr(light_inputs, "SSH_CONFIGURATION", (str(sshd),))
    (tmp_path / "generated").mkdir()
    (tmp_path / "generated" / "firewall.nft").touch()

    def inputs() -> tuple[bytes, ...]:
        return tuple(FirewallInputs().inputs(Place(str(tmp_path), "")))

    seen = [inputs()]
    kernel.table = b"two"
    seen.append(inputs())
    kernel.bridges = ("app0",)
    seen.append(inputs())
    kernel.routes.append(("eth0", "10.1.0.0/24", UNICAST))
    seen.append(inputs())
    sshd.write_text("Port 2222\n")
    seen.append(inputs())
    assert len(set(seen)) == 5
    # Routes of container networks do not count.
    kernel.routes.append(("docker0", "172.17.0.0/16", UNICAST))
    assert inputs() == seen[-1]
