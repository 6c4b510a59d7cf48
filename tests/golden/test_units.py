"""The units as they are written.

After a change that is meant: tests/run.sh golden -- --regenerate, and read the difference in git.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from installer.firewall import manage
from installer.host import swap
from installer.host.boot_files import directories, isolation, late_addresses
from installer.host.systemd import DEFAULT_INSTANCE as INSTANCE
from installer.host.timers import JOBS, START, units
from runtime.base.errors import UsageError
from runtime.base.paths import Paths
from runtime.config.settings import Settings
from tests.support.golden import Golden

FOLDER_OF_UNITS = Path(__file__).parent / "systemd"
ROOT = Path("/srv/shoestring")
SETTINGS = Settings(domain="example.com", email="ops@example.com")
PYTHON = "/opt/pipx/venvs/shoestring/bin/python"


IMAGES = Path(__file__).parents[2] / "packaging/appliance/root/etc/systemd/system/shoestring-images.service"
# From 0 to 10; see systemd-analyze(1).
EXPOSURE_AT_MOST = 5.0


def all_units() -> dict[str, str]:
    """Return all units that Shoestring may write, by name."""
    others = (
        swap.unit(swap.SwapKind.FILE, 2**30),
        swap.unit(swap.SwapKind.ZRAM, 2**28),
        manage.unit(INSTANCE, Paths(ROOT)),
        isolation(INSTANCE, ROOT),
    )
    made = {unit.name: unit.content for unit in (*units(SETTINGS, ROOT, PYTHON), *others)}
    return {**made, IMAGES.name: IMAGES.read_text()}


ALL = all_units()
SERVICES = [name for name in ALL if name.endswith(".service")]
has_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A directory with all units."""
    for name, content in ALL.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def analyze(*arguments: str | Path) -> tuple[str, str]:
    """Return the output and the errors of systemd-analyze."""
    done = subprocess.run(("systemd-analyze", *arguments), capture_output=True, text=True, check=False)
    return done.stdout, done.stderr


@has_systemd
@pytest.mark.parametrize("name", ALL)
def test_unit_is_valid_for_systemd(written: Path, name: str) -> None:
    _, said = analyze("verify", "--man=no", written / name)
    # The programs of the tests' machine are not those of a host.
    assert [line for line in said.splitlines() if not line.endswith("No such file or directory")] == []


@has_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_service_is_hardened(written: Path, name: str) -> None:
    said, wrong = analyze("security", "--offline=true", "--no-pager", written / name)
    overall = re.search(r"Overall exposure level for .*: ([0-9.]+)", said)
    assert overall, wrong
    assert float(overall[1]) <= EXPOSURE_AT_MOST


@pytest.mark.parametrize("name", SERVICES)
def test_service_has_memory_limit(name: str) -> None:
    assert re.search(r"^MemoryMax=[0-9]+M$", ALL[name], re.MULTILINE)


@pytest.mark.parametrize("name", [units[0] for job, units in JOBS.items() if job != START])
def test_watchdog_service_hides_messages_of_systemd(name: str) -> None:
    """The level of its own line is logged; that of systemd's lines about the unit is below it."""
    assert {"LogLevelMax=notice", "SyslogLevel=notice"} <= set(ALL[name].splitlines())


@pytest.mark.parametrize("name", [name for name in ALL if name != IMAGES.name])
def test_unit_is_as_recorded(golden: Golden, name: str) -> None:
    golden.check(FOLDER_OF_UNITS / name, ALL[name])


def test_no_recorded_unit_is_left_over(golden: Golden) -> None:
    golden.check_folder(FOLDER_OF_UNITS, ALL.keys() - {IMAGES.name})


def test_units_have_no_placeholders() -> None:
    assert not [name for name, content in ALL.items() if re.search(r"@[A-Z_]+@", content)]


def test_units_of_other_instance() -> None:
    made = {
        unit.name: unit.content for unit in units(replace(SETTINGS, instance="demo"), Path("/srv/a place"), PYTHON)
    }
    assert set(made) == {
        "shoestring@demo.service",
        *("shoestring-watchdog@demo.service", "shoestring-watchdog@demo.timer"),
        *("shoestring-renew@demo.service", "shoestring-renew@demo.timer"),
        *("shoestring-check@demo.service", "shoestring-check@demo.timer"),
    }
    assert "Unit=shoestring-watchdog@demo.service\n" in made["shoestring-watchdog@demo.timer"]
    assert '--data-directory "/srv/a place" watchdog\n' in made["shoestring-watchdog@demo.service"]
    assert not any("shoestring.service" in content for content in made.values())


@pytest.mark.parametrize("root", ["/tmp/x", "/var/tmp/x", "/srv/50%", "/srv/a$b", '/srv/"', "/srv/a\nb", "/srv/a\\b"])
def test_units_refuse_invalid_directory(root: str) -> None:
    with pytest.raises(UsageError):
        units(SETTINGS, Path(root), PYTHON)


def test_boot_files_create_directories_of_proxies() -> None:
    assert directories("demo").name == "shoestring@demo.conf"
    assert directories("shoestring").content.splitlines()[1:] == [
        "d /run/shoestring 0755 0 0 -",
        "d /run/shoestring/shoestring 0755 0 0 -",
        "d /run/shoestring/shoestring/haproxy-public 0750 99 99 -",
        "d /run/shoestring/shoestring/haproxy-internal 0750 99 99 -",
    ]


def test_boot_files_allow_binding_missing_addresses() -> None:
    made = late_addresses("demo")
    assert made.directory / made.name == Path("/etc/sysctl.d/shoestring@demo.conf")
    assert made.content.splitlines()[1:] == ["net.ipv4.ip_nonlocal_bind = 1", "-net.ipv6.ip_nonlocal_bind = 1"]
