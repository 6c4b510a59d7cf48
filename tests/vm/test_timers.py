"""Units, timers, little memory and the uninstallation in a booted machine. The tests run in order."""

from __future__ import annotations

import json

import pytest

from installer.host.timers import JOBS
from tests.support.machine import upkeep
from tests.support.machine.machine import Machine
from tests.support.machine.qemu import Disk
from tests.support.machine.set_up import DOMAIN, Start
from tests.support.machine.upkeep import CONF, SLOW, TIMERS, WATCHDOG

SERVICES = tuple(units[0] for units in JOBS.values())
BROKEN = f"{CONF}/applications-public/broken.yaml"
# From 0 to 10, as systemd-analyze(1) says.
EXPOSURE_AT_MOST = 5.0


@pytest.fixture(scope="module")
def machine(start_once: Start, running: Disk) -> Machine:
    """A machine that was set up with timers."""
    return start_once(running)


def test_timers_on_and_units_valid(machine: Machine) -> None:
    assert machine.shell(f"systemctl is-active {' '.join(TIMERS)}").split() == ["active"] * len(TIMERS)
    assert machine.run("systemd-analyze verify /etc/systemd/system/shoestring*").stderr == ""
    jobs = json.loads(machine.shell("shoestring timers status --json"))["jobs"]
    assert [(job["name"], job["state"]) for job in jobs] == [(name, "on") for name in JOBS]
    assert machine.shell("shoestring timers install --yes") == "  Nothing to do: the timers are on."


@pytest.mark.parametrize("service", SERVICES)
def test_unit_exposure(machine: Machine, service: str) -> None:
    overall = machine.shell(f"systemd-analyze security --no-pager {service} | tail -n 1")
    assert float(overall.split(":")[1].split()[0]) <= EXPOSURE_AT_MOST


def test_watchdog_unchanged_run_logs_one_line(machine: Machine) -> None:
    upkeep.stop_watchdog_timer(machine)
    lines = machine.shell(
        f"journalctl --sync; journalctl --cursor-file=/root/cursor -n 0 -q; systemctl start {WATCHDOG} {WATCHDOG};"
        f"systemctl start {WATCHDOG}; journalctl --sync; journalctl -q -o cat --cursor-file=/root/cursor | cat"
    ).splitlines()
    ours = [line for line in lines if "hoestring" in line or "Nothing to do" in line]
    assert len(ours) <= 2, lines


def test_watchdog_failed_run_is_shown_until_repaired(machine: Machine) -> None:
    machine.run(f"echo 'services: [' > {BROKEN}; systemctl start {WATCHDOG}")
    assert WATCHDOG in machine.shell("systemctl --failed --no-legend")
    status = machine.shell("shoestring status")
    assert "failed (exit code 1): journalctl -u shoestring-watchdog.service" in status
    assert "broken.yaml" in machine.shell(f"journalctl -u {WATCHDOG} -n 20 -o cat")
    machine.shell(f'rm {BROKEN}; systemctl start {WATCHDOG}; test -z "$(systemctl --failed --no-legend)"')


def test_watchdog_unit_applies_change(machine: Machine) -> None:
    before = machine.shell("docker ps -q --filter label=shoestring.application=example")
    added = "s/    restart: unless-stopped/&\\n    environment: {A: b}/"
    machine.shell(f"sed -i '{added}' {CONF}/applications-public/example.yaml; systemctl start {WATCHDOG}")
    assert machine.shell("docker ps -q --filter label=shoestring.application=example") not in ("", before)
    assert machine.serves(DOMAIN).status == 200


@pytest.mark.parametrize("service", ["shoestring-renew.service", "shoestring-check.service"])
def test_renewal_and_alert_units_succeed(machine: Machine, service: str) -> None:
    machine.shell(f"systemctl start {service}")
    assert "\nResult=success" in "\n" + machine.shell(f"systemctl show -p Result {service}")


def test_unit_stop_and_start(machine: Machine) -> None:
    machine.shell("systemctl stop shoestring", timeout=SLOW)
    assert machine.shell("docker ps -aq; docker network ls -q --filter label=shoestring.instance") == ""
    machine.shell(f'systemctl start {WATCHDOG}; test -z "$(docker ps -aq)"; systemctl start shoestring')
    assert machine.serves(DOMAIN).status == 200


@pytest.mark.parametrize("kind", ["file", "zram"])
def test_swap_add_and_remove(machine: Machine, kind: str) -> None:
    before = machine.shell("ls /etc/systemd/system /var/lib /run")
    machine.shell(f"shoestring swap add --kind {kind} --size 128 --yes", timeout=SLOW)
    used = json.loads(machine.shell("shoestring swap status --json"))
    assert (used["own"], [each["size"] // 2**20 for each in used["in_use"]]) == (kind, [127])
    assert machine.run("shoestring swap add --yes").returncode == 1
    machine.shell("shoestring swap remove --yes", timeout=SLOW)
    assert machine.shell("ls /etc/systemd/system /var/lib /run") == before
    assert len(machine.shell("cat /proc/swaps").splitlines()) == 1


def test_memory_sums(machine: Machine) -> None:
    memory = json.loads(machine.shell("shoestring memory --json"))
    parts = [each["used"] for each in (*memory["containers"], *memory["docker"])]
    assert all(parts)
    assert sum(parts) + memory["rest"] == memory["used"] == memory["total"] - memory["available"]
    assert all(each["limit"] for each in memory["containers"] if each["ours"])


def test_uninstall_leaves_nothing(machine: Machine) -> None:
    planned = machine.shell("shoestring uninstall --dry-run")
    assert "localhost/shoestring/haproxy" in planned
    assert machine.run("shoestring uninstall").returncode == 2
    machine.serves(DOMAIN)

    machine.shell("shoestring uninstall --yes", timeout=SLOW)

    assert machine.shell("docker ps -aq; docker image ls -q; docker volume ls -q") == ""
    assert machine.shell("docker network ls --format '{{.Name}}'").split() == ["bridge", "host", "none"]
    places = "/etc/systemd/system /etc/tmpfiles.d /etc/sysctl.d /run /var/lib"
    # The appliance has a unit of its own, which loads images.
    found = machine.run(f"find {places} -name 'shoestring*' -not -name 'shoestring-images*'").stdout
    assert found == ""
    # Cloud-init wrote it for the user.
    assert machine.shell("ls /etc/shoestring") == "answers.yaml"
    assert machine.shell("sysctl -n net.ipv4.ip_nonlocal_bind net.ipv6.ip_nonlocal_bind").split() == ["0", "0"]
    units = "shoestring.service 'shoestring-[crwz]*' 'shoestring-isolation*'"
    assert machine.shell(f"systemctl list-units --all --no-legend {units}; systemctl --failed --no-legend") == ""
    assert machine.shell(f"test -f {CONF}/shoestring.yaml && ls /srv/shoestring").split() == [
        "conf",
        "data",
        "generated",
    ]
