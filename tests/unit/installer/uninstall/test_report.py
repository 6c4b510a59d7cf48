"""The output about an uninstallation."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from installer.uninstall.json_results import UninstallJson
from installer.uninstall.report import uninstall_lines
from installer.uninstall.run import PACKAGE_HINT
from runtime.output.encoder import result_json
from tests.support.builders.uninstall import PLAN


def test_uninstall_lines() -> None:
    assert uninstall_lines(PLAN) == [
        "  -  timer       shoestring.service",
        "  -  containers  blog",
        "  -  network     shoestring_main",
        "  -  container   0123456789ab, left by a command",
        "  -  image       localhost/shoestring/haproxy:1",
        "  -  VPN         wg0, its interface and its file in /etc/wireguard",
        "  -  firewall    its table in nftables, and its unit",
        "  -  swap        that Shoestring added",
        "  ~  Docker      /etc/docker/daemon.json: restored",
        "  -  default     data directory of commands, in /etc/shoestring",
        "  The data directory stays: /srv/shoestring (add --purge to delete it).",
        f"  {PACKAGE_HINT}",
    ]


def test_uninstall_lines_of_several_vpn_interfaces() -> None:
    two = replace(PLAN, vpn=("wg0", "wg1"))
    lines = uninstall_lines(two)
    for name in two.vpn:
        assert f"  -  VPN         {name}, its interface and its file in /etc/wireguard" in lines
    found = [UninstallJson.of(replace(PLAN, vpn=names)).vpn for names in (two.vpn, ("wg0",), ())]
    assert found == ["wg0, wg1", "wg0", ""]


def test_uninstall_lines_of_purge() -> None:
    lines = uninstall_lines(replace(PLAN, purge=True, volumes=("shoestring_blog_pages",)))
    assert "  -  volume      shoestring_blog_pages" in lines
    assert "  -  data        /srv/shoestring with all data" in lines
    assert not any("stays" in line for line in lines)


def test_uninstall_lines_of_other_instances_and_cron() -> None:
    lines = uninstall_lines(replace(PLAN, others=("demo",), cron=(Path("/etc/cron.d/shoestring"),)))
    assert "  Images, swap and Docker's settings stay, because other instances use this host: demo." in lines
    assert any("lines from /etc/cron.d/shoestring." in line for line in lines)
    answer = json.loads(result_json(UninstallJson.of(replace(PLAN, cron=(Path("/etc/cron.d/shoestring"),)))))
    assert answer["cron"] == ["/etc/cron.d/shoestring"]


def test_uninstall_json() -> None:
    answer = json.loads(result_json(UninstallJson.of(PLAN)))
    assert answer["changes"] == [
        {"kind": "remove", "name": "blog"},
        {"kind": "remove-network", "name": "shoestring_main"},
    ]
    assert (answer["version"], answer["directory"], answer["images"]) == (2, "/srv/shoestring", list(PLAN.images))
