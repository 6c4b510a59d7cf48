"""The units as they are written.

After a change that is meant: SHOESTRING_WRITE_GOLDEN=1 tests/run.sh golden, and read the difference in git.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from installer.host.boot_files import directories, late_addresses
from installer.host.timers import names, units
from runtime.errors import UsageError
from runtime.settings import Settings

GOLDEN = Path(__file__).parent / "systemd"
ROOT = Path("/srv/shoestring")
SETTINGS = Settings(domain="example.com", email="ops@example.com")
PYTHON = "/opt/pipx/venvs/shoestring/bin/python"


@pytest.mark.parametrize("name", names("shoestring"))
def test_a_unit_is_as_recorded(name: str) -> None:
    made = {unit.name: unit.content for unit in units(SETTINGS, ROOT, PYTHON)}
    if os.environ.get("SHOESTRING_WRITE_GOLDEN"):
        (GOLDEN / name).write_text(made[name])
    assert made[name] == (GOLDEN / name).read_text()


def test_nothing_is_left_to_fill_in() -> None:
    assert not [unit.name for unit in units(SETTINGS, ROOT, PYTHON) if re.search(r"@[A-Z_]+@", unit.content)]


def test_another_instance_has_units_of_its_own() -> None:
    made = {
        unit.name: unit.content for unit in units(replace(SETTINGS, instance="demo"), Path("/srv/a place"), PYTHON)
    }
    assert set(made) == {
        "shoestring@demo.service",
        *("shoestring-watchdog@demo.service", "shoestring-watchdog@demo.timer"),
        *("shoestring-renew@demo.service", "shoestring-renew@demo.timer"),
        *("shoestring-alarm@demo.service", "shoestring-alarm@demo.timer"),
    }
    assert "Unit=shoestring-watchdog@demo.service\n" in made["shoestring-watchdog@demo.timer"]
    assert '--data-directory "/srv/a place" watchdog\n' in made["shoestring-watchdog@demo.service"]
    assert not any("shoestring.service" in content for content in made.values())


@pytest.mark.parametrize("root", ["/tmp/x", "/var/tmp/x", "/srv/50%", "/srv/a$b", '/srv/"', "/srv/a\nb", "/srv/a\\b"])
def test_a_directory_that_units_cannot_have_is_refused(root: str) -> None:
    with pytest.raises(UsageError):
        units(SETTINGS, Path(root), PYTHON)


def test_the_proxies_find_their_directories_at_boot() -> None:
    assert directories("demo").name == "shoestring@demo.conf"
    assert directories("shoestring").content.splitlines()[1:] == [
        "d /run/shoestring 0755 0 0 -",
        "d /run/shoestring/shoestring 0755 0 0 -",
        "d /run/shoestring/shoestring/haproxy-public 0750 99 99 -",
        "d /run/shoestring/shoestring/haproxy-internal 0750 99 99 -",
    ]


def test_a_proxy_may_start_before_its_address_is_there() -> None:
    made = late_addresses("demo")
    assert made.directory / made.name == Path("/etc/sysctl.d/shoestring@demo.conf")
    assert made.content.splitlines()[1:] == ["net.ipv4.ip_nonlocal_bind = 1", "-net.ipv6.ip_nonlocal_bind = 1"]
