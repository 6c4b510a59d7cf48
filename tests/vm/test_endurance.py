"""A machine of 512 MB without swap under faults: little memory, a stopped engine, a full disk, an address that comes
late. The tests run in order on one machine."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.machine import upkeep
from tests.support.machine.machine import Machine
from tests.support.machine.qemu import Disk
from tests.support.machine.set_up import DOMAIN, SMALL, Start
from tests.support.machine.upkeep import INSIDE, NOTIFICATIONS, SLOW, WATCHDOG, shell

# MB of its memory that must be available.
AVAILABLE = 250
# A run is a minute: more than ten minutes of them.
RUNS = 12
# MB that a figure may differ by when nothing grows: of a container; of Docker's parts, which collect their garbage
# at any time; and of all, with what the kernel caches and gives back late.
OURS_AT_MOST, DOCKER_AT_MOST, ALL_AT_MOST = 2, 8, 12
LATE = "10.99.0.1"
LATE_SECONDS = 60
# If the other proxy waited for it, it would never come.
LATE_UNIT = f"""\
[Unit]
After=docker.service
[Service]
ExecStart=/bin/sh -c 'sleep {LATE_SECONDS}; until test -e /run/public; do sleep 0.2; done; \
ip link add late0 type dummy; ip addr add {LATE}/24 dev late0; ip link set late0 up; \
cut -d " " -f 1 /proc/uptime >/run/late'
[Install]
WantedBy=multi-user.target
"""
# When each proxy first answered, in seconds since the boot.
PUBLIC = f"curl -sSkf -m 2 --resolve {DOMAIN}:443:127.0.0.1 https://{DOMAIN}/"
ANSWERS_UNIT = f"""\
[Unit]
After=docker.service
[Service]
ExecStart=/bin/sh -c 'until {PUBLIC} >/dev/null 2>&1; do sleep 0.2; done; cut -d " " -f 1 /proc/uptime >/run/public; \
{upkeep.inside(LATE)}; cut -d " " -f 1 /proc/uptime >/run/internal'
[Install]
WantedBy=multi-user.target
"""
FILL = "fallocate -l $(($(stat -f -c '%a*%S' /))) /fill; dd if=/dev/zero of=/fill2 bs=1M; cat /dev/zero >/fill3"
GREEDY = """\
services:
  application:
    image: busybox:1.37
    networks: [internal]
    restart: "no"
    command: [/bin/sh, -c, "exec tail /dev/zero"]
    mem_limit: 32m
"""


@pytest.fixture(scope="module")
def machine(start_once: Start, small: Disk) -> Machine:
    """A machine of 512 MB that has just booted, with a notification and an internal application."""
    started = start_once(small, SMALL)
    upkeep.write(started, "internal", "inside", upkeep.application(INSIDE, "internal"))
    upkeep.stop_watchdog_timer(started)
    shell(started, f"sed -i \"s|^  command: ''|  command: tee -a {NOTIFICATIONS}|\" {upkeep.CONF}/shoestring.yaml")
    upkeep.wait_until_converged(started)
    return started


def docker_began(machine: Machine) -> float:
    """Return when Docker was up, in seconds since the boot."""
    return int(shell(machine, "systemctl show -P ActiveEnterTimestampMonotonic docker.service")) / 1_000_000


def state(machine: Machine) -> str:
    """Return the state that an unchanged run of the watchdog must not change."""
    return shell(
        machine,
        "docker ps -aq --no-trunc | sort; docker image ls -aq | sort; docker network ls -q | sort\n"
        "docker inspect -f '{{.Name}} {{.State.StartedAt}} {{.RestartCount}}' $(docker ps -aq) | sort\n"
        f"cd {upkeep.ROOT}\n"
        # That folder has incidents and attempts, with their times.
        "find conf data generated -type f -not -path '*/.git/*' -not -path 'data/shoestring/*' -printf '%p %s %T@\\n'"
        "| sort",
    )


def memory(machine: Machine) -> dict[str, float]:
    """Return the MB that each part uses, and that are available."""
    shell(machine, "sync; echo 3 >/proc/sys/vm/drop_caches")
    report = json.loads(shell(machine, "shoestring memory --json"))
    parts = {each["name"]: each["used"] / 2**20 for each in (*report["containers"], *report["docker"])}
    return {**parts, "available": report["available"] / 2**20}


def take_notifications(machine: Machine) -> str:
    """Return what the notification command received, and reset all incidents."""
    return shell(
        machine,
        f"cat {NOTIFICATIONS} 2>/dev/null || true; rm -f {NOTIFICATIONS} /run/shoestring/*/notified.json "
        f"{upkeep.ROOT}/data/shoestring/notified.json",
    )


def test_memory_available(machine: Machine) -> None:
    print(shell(machine, "free -m; shoestring memory"))
    assert len(shell(machine, "docker ps -q").splitlines()) == 4
    available = int(shell(machine, "free -m | awk '/^Mem:/ {print $7}'"))
    assert available >= AVAILABLE
    assert len(shell(machine, "cat /proc/swaps").splitlines()) == 1


def test_watchdog_runs_use_no_more_memory_and_disk(machine: Machine) -> None:
    one_run = f"systemctl reset-failed {WATCHDOG}; systemctl start {WATCHDOG}"
    shell(machine, f"{one_run}; {one_run}")
    before, used = state(machine), memory(machine)
    said = f"journalctl -q -u {WATCHDOG} -o cat --cursor-file=/root/cursor"
    shell(machine, f"journalctl --sync; {said}")
    runs = f"for _ in $(seq {RUNS}); do {one_run}; done"
    lines = shell(machine, f"{runs}; journalctl --sync; {said}").splitlines()
    assert len(lines) <= RUNS, lines
    assert state(machine) == before
    after = memory(machine)
    grown = {name: round(after[name] - size, 1) for name, size in used.items() if name != "available"}
    left = f"available {used['available']:.0f} -> {after['available']:.0f} MB"
    print(f"{RUNS} runs: {grown} MB, {left}; {len(lines)} lines in the journal")
    assert max(size for name, size in grown.items() if name.startswith("shoestring_")) < OURS_AT_MOST
    assert max(grown.values()) < DOCKER_AT_MOST
    assert after["available"] > used["available"] - ALL_AT_MOST


def test_memory_hog_killed_alone(machine: Machine) -> None:
    alive = "docker inspect -f '{{.Name}} {{.State.Pid}}' $(docker ps -q) | sort"
    before = shell(machine, alive)
    upkeep.write(machine, "internal", "greedy", GREEDY)
    machine.run(f"systemctl start {WATCHDOG}", SLOW)
    killed = "docker inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' shoestring_greedy-application-1"
    shell(machine, f'until [ "$({killed})" = "true 137" ]; do sleep 1; done')
    assert [line for line in shell(machine, alive).splitlines() if "greedy" not in line] == before.splitlines()
    assert machine.serves(DOMAIN).status == 200
    assert "greedy" in shell(machine, "shoestring status")
    machine.run(f"systemctl start {WATCHDOG}", SLOW)
    assert "greedy" in take_notifications(machine)
    shell(machine, f"rm {upkeep.CONF}/applications-internal/greedy.yaml")
    upkeep.wait_until_converged(machine)


def test_docker_upgrade_notified_and_recovered(machine: Machine) -> None:
    """As its package does: containerd and Docker stop, and start again. The watchdog runs in both phases."""
    take_notifications(machine)
    shell(machine, "systemctl stop docker.socket docker.service containerd.service")
    machine.run(f"systemctl start {WATCHDOG}", SLOW)
    assert WATCHDOG in shell(machine, "systemctl --failed --no-legend")
    status = machine.run("shoestring status", SLOW)
    assert (status.returncode, "Docker does not answer" in status.stderr) == (1, True)
    assert "Docker does not answer" in take_notifications(machine)
    shell(machine, f"(systemctl start {WATCHDOG} || true) & systemctl start docker; wait")
    assert machine.serves(DOMAIN).status == 200
    shell(machine, upkeep.inside("127.0.0.1"))
    upkeep.wait_until_converged(machine)


def test_full_disk_notified_and_recovered(machine: Machine) -> None:
    take_notifications(machine)
    pids = "docker inspect -f '{{.Name}} {{.State.Pid}}' $(docker ps -q) | sort"
    before = shell(machine, pids)
    machine.run(FILL, SLOW)
    assert machine.run("echo x >/root/full").returncode != 0
    machine.run(f"systemctl start {WATCHDOG}", SLOW)
    assert WATCHDOG in shell(machine, "systemctl --failed --no-legend")
    assert "is full: 0 MB are free" in shell(machine, "shoestring status")
    assert "is full: 0 MB are free" in take_notifications(machine)
    renewal = machine.run("shoestring ssl issue internal --force --yes", SLOW)
    assert renewal.returncode == 1
    assert "Traceback" not in renewal.stdout + renewal.stderr
    assert "No space left on device" in renewal.stdout + renewal.stderr
    assert (machine.serves(DOMAIN).status, shell(machine, pids)) == (200, before)

    machine.run("docker kill shoestring_inside-application-1", SLOW)
    machine.run(f"systemctl start {WATCHDOG}", SLOW)
    shell(machine, "rm -f /fill /fill2 /fill3 /root/full")
    upkeep.wait_until_converged(machine)
    shell(machine, upkeep.inside("127.0.0.1"))
    upkeep.assert_files_valid(machine)


def test_late_address_delays_internal_proxy_only(machine: Machine) -> None:
    for name, content in (("late", LATE_UNIT), ("answers", ANSWERS_UNIT)):
        shell(machine, f"cat >/etc/systemd/system/{name}.service <<'END'\n{content}END")
    shell(
        machine,
        f"sed -i 's/address: 127.0.0.1/address: {LATE}/' {upkeep.CONF}/shoestring.yaml\n"
        f"ip addr add {LATE}/32 dev lo; systemctl start {WATCHDOG}; {upkeep.inside(LATE)}\n"
        "systemctl daemon-reload; systemctl enable --quiet late answers",
    )
    take_notifications(machine)
    machine.reboot()
    shell(machine, "until test -e /run/internal; do sleep 1; done")
    public, late, internal = map(float, shell(machine, "cat /run/public /run/late /run/internal").split())
    docker = docker_began(machine)
    print(
        f"after a reboot the public proxy served {public - docker:.1f} s after Docker was up; "
        f"the internal one {internal - late:.1f} s after its address was, {late - docker:.1f} s after Docker"
    )
    assert docker < public < late < internal
    upkeep.wait_until_converged(machine)
    assert take_notifications(machine) == ""


def test_watchdog_starts_proxy_that_docker_gave_up(machine: Machine) -> None:
    """As without the kernel setting that lets proxies start before their addresses exist."""
    shell(
        machine,
        "systemctl stop shoestring-watchdog.timer; sysctl -q net.ipv4.ip_nonlocal_bind=0; ip addr del "
        f"{LATE}/24 dev late0; systemctl restart docker",
    )
    assert machine.serves(DOMAIN).status == 200
    proxy = "docker inspect -f '{{.State.Status}} {{.State.Error}}' shoestring_core-haproxy-internal-1"
    assert re.fullmatch(r"exited .*cannot assign requested address", shell(machine, proxy))
    shell(machine, f"ip addr add {LATE}/24 dev late0; systemctl start {WATCHDOG}; {upkeep.inside(LATE)}")
    upkeep.wait_until_converged(machine)
