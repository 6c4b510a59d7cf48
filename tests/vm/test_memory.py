"""A machine of 512 MB without swap: most of it is left, passes grow nothing, who eats memory is killed alone."""

from __future__ import annotations

import json
import time

import pytest

from tests.vm import upkeep
from tests.vm.conftest import DOMAIN, Start
from tests.vm.machine import Machine
from tests.vm.qemu import Disk, Hardware
from tests.vm.upkeep import INSIDE, SLOW, TOLD, WATCHDOG, shell

MEMORY = 512
# Of these many MB, at least so many must be available.
AVAILABLE = 250
PASSES = 30
# MB that a figure may differ by when nothing grows: what the kernel caches, and gives back late.
TOLERANCE = 12
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
def machine(start_once: Start, set_up_disk: Disk) -> Machine:
    """A machine of 512 MB that has just booted, with a notification and an internal application."""
    started = start_once(set_up_disk, Hardware(memory=MEMORY))
    assert started.serves(DOMAIN).status == 200
    served = time.monotonic()
    uptime = float(shell(started, "cut -d ' ' -f 1 /proc/uptime"))
    docker_up = uptime - (time.monotonic() - served) - docker_began(started)
    print(f"after a boot the public proxy served {docker_up:.1f} s after Docker was up")
    started.wait()
    upkeep.write(started, "internal", "inside", upkeep.application(INSIDE, "internal"))
    shell(started, f"sed -i \"s|^  command: ''|  command: tee -a {TOLD}|\" {upkeep.CONF}/shoestring.yaml")
    upkeep.passes(started)
    return started


def docker_began(machine: Machine) -> float:
    """When Docker was up, in seconds since the boot."""
    return int(shell(machine, "systemctl show -P ActiveEnterTimestampMonotonic docker.service")) / 1_000_000


def state(machine: Machine) -> str:
    """What a pass with nothing to do must leave as it is."""
    return shell(
        machine,
        "docker ps -aq --no-trunc | sort; docker image ls -aq | sort; docker network ls -q | sort\n"
        "docker inspect -f '{{.Name}} {{.State.StartedAt}} {{.RestartCount}}' $(docker ps -aq) | sort\n"
        f"cd {upkeep.ROOT}\n"
        # The ledger of certificates has an attempt every 10 minutes: no authority is reached from here.
        "find conf data generated -type f -not -path '*/.git/*' -not -path 'data/shoestring/*' -printf '%p %s %T@\\n'"
        "| sort",
    )


def memory(machine: Machine) -> dict[str, float]:
    """MB that each part uses, and what is available."""
    shell(machine, "sync; echo 3 >/proc/sys/vm/drop_caches")
    told = json.loads(shell(machine, "shoestring memory --json"))
    parts = {each["name"]: each["used"] / 2**20 for each in (*told["containers"], *told["docker"])}
    return {**parts, "available": told["available"] / 2**20}


def told(machine: Machine) -> str:
    """What the notification's command got, and forget all that was told."""
    return shell(
        machine,
        f"cat {TOLD} 2>/dev/null || true; rm -f {TOLD} /run/shoestring/*/notified.json "
        f"{upkeep.ROOT}/data/shoestring/notified.json",
    )


def test_most_of_the_memory_is_left(machine: Machine) -> None:
    print(shell(machine, "free -m; shoestring memory"))
    assert len(shell(machine, "docker ps -q").splitlines()) == 4
    available = int(shell(machine, "free -m | awk '/^Mem:/ {print $7}'"))
    assert available >= AVAILABLE
    assert len(shell(machine, "cat /proc/swaps").splitlines()) == 1


def test_passes_grow_nothing(machine: Machine) -> None:
    shell(machine, "systemctl stop shoestring-watchdog.timer")
    one_pass = f"systemctl reset-failed {WATCHDOG}; systemctl start {WATCHDOG}"
    shell(machine, f"{one_pass}; {one_pass}")
    before, used = state(machine), memory(machine)
    lines = shell(machine, f"for _ in $(seq {PASSES}); do {one_pass}; done; journalctl -u {WATCHDOG} -o cat | wc -l")
    assert state(machine) == before
    after = memory(machine)
    grown = {name: round(after[name] - size, 1) for name, size in used.items() if name != "available"}
    left = f"available {used['available']:.0f} -> {after['available']:.0f} MB"
    print(f"{PASSES} passes: {grown} MB, {left}; {lines} lines in the journal")
    assert max(grown.values()) < TOLERANCE
    assert after["available"] > used["available"] - TOLERANCE
    shell(machine, "systemctl start shoestring-watchdog.timer")


def test_who_eats_memory_is_killed_alone(machine: Machine) -> None:
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
    assert "greedy" in told(machine)
    shell(machine, f"rm {upkeep.CONF}/applications-internal/greedy.yaml")
    upkeep.passes(machine)
