"""The firewall at a boot: after rules that nft refused, and with a file that is broken or missing."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.firewall import manage
from tests.support.firewall.stand import HOST, HOST6, OUTSIDE, SSH, Stand, published

INSTALL = """
from runtime.base.errors import ShoestringError
from runtime.firewall import table
try:
    table.install(paths.firewall_generated, 'table inet {name} {{ chain x {{ no rule }} }}', '{name}')
except ShoestringError:
    print('refused')
"""
DROPPED_SECONDS = 1.0


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A host with its firewall on."""
    with published(tmp_path) as made:
        made.switch_on()
        yield made


def boot(stand: Stand) -> None:
    """Forget all rules as a reboot does, then load them as the unit does."""
    unit = manage.unit(f"t{stand.token}", stand.paths).content
    (start,) = (line.removeprefix("ExecStart=") for line in unit.splitlines() if line.startswith("ExecStart="))
    stand.host.check("nft", "flush", "ruleset")
    subprocess.run(stand.host.argv(*(each.replace("$$", "$") for each in shlex.split(start))), check=True)


def open_ports(stand: Stand) -> list[int]:
    return [port for port in (SSH, 80, 443, 3306, 8081) if stand.reaches(stand.outside, HOST, port, DROPPED_SECONDS)]


def test_firewall_keeps_last_good_rules_if_nft_refuses(stand: Stand) -> None:
    before = stand.paths.firewall_generated.read_text()
    assert stand.python(INSTALL.format(name=f"shoestring_t{stand.token}")).stdout == "refused\n"
    assert stand.paths.firewall_generated.read_text() == before
    assert sorted(each.name for each in stand.paths.generated.glob("firewall*")) == [
        "firewall.listed",
        "firewall.nft",
    ]
    boot(stand)
    assert open_ports(stand) == [SSH, 80, 443]


@pytest.mark.parametrize("content", ["table inet x {", None])
def test_firewall_without_good_rules_at_boot_leaves_ssh(stand: Stand, content: str | None) -> None:
    stand.paths.firewall_generated.unlink()
    if content:
        stand.paths.firewall_generated.write_text(content)
    boot(stand)
    assert open_ports(stand) == [SSH]
    assert stand.reaches(stand.outside, HOST6, SSH)
    assert stand.reaches(stand.host, OUTSIDE, 80)
    assert stand.reaches(stand.container, OUTSIDE, 80)
