"""Power cuts at random moments: in a deploy, a renewal, the first boot. The next boot recovers.

Each run draws other moments; `SHOESTRING_SEED=… tests/run.sh vm -- -k power` draws those of a run that failed, and
`SHOESTRING_CUTS=20` cuts 20 times in each test instead of once.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.machine import upkeep
from tests.support.machine.machine import Machine
from tests.support.machine.qemu import Disk
from tests.support.machine.set_up import DOMAIN, Start, answers_seed
from tests.support.machine.upkeep import shell

SEED = os.environ.get("SHOESTRING_SEED") or secrets.token_hex(4)
CUTS = int(os.environ.get("SHOESTRING_CUTS", "1"))
VERSIONED = "localhost/test/versioned"
# An image that no container uses is removed after a deploy, but for names that another one gave it.
KEPT = "localhost/kept"
TAG = f"for tag in 1 2 3; do docker tag {KEPT} {VERSIONED}:$tag; done"
DEPLOY = f"shoestring deploy versioned --image {VERSIONED}"
# Of a renewal: between the ledger, the combined file, the key and the certificate.
POINTS = ("certificate-issued", "install-both", "install-key", "install-certificate")
# How many steps of a setup are reported, and how long the longest takes.
STEPS, STEP_SECONDS = 10, 10.0
# The script of the user data, which each boot runs until it succeeded once.
SETUP = "/var/lib/cloud/scripts/per-boot/shoestring"
SAID = "/var/log/cloud-init-output.log"


@pytest.fixture(scope="module")
def machine(start_once: Start, running: Disk) -> Machine:
    """A machine with an application that can be deployed, and an internal one."""
    started = start_once(running)
    upkeep.write(
        started,
        "public",
        "versioned",
        upkeep.application(f"v.{DOMAIN}", "main", image=f"{VERSIONED}:1"),
    )
    upkeep.write(started, "internal", "inside", upkeep.application(upkeep.INSIDE, "internal"))
    shell(
        started,
        f"docker tag $(docker image ls -q 'localhost/shoestring/busybox') {KEPT}; {TAG}\n"
        f"git -C {upkeep.CONF} add . && git -C {upkeep.CONF} -c user.name=a -c user.email=a@b commit -qm 'My own'",
    )
    upkeep.wait_until_converged(started)
    return started


@pytest.fixture
def moments(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers of a test of its own, so that each can be run alone again."""
    print(f"SHOESTRING_SEED={SEED}")
    return random.Random(f"{SEED} {request.node.name}")  # noqa: S311 - not to hide anything


def seconds_of(machine: Machine, work: str) -> float:
    """Return how long a command takes on this machine without a power cut."""
    began = time.monotonic()
    shell(machine, work)
    return time.monotonic() - began


def cut(machine: Machine) -> None:
    """Cut the power, and start the machine again."""
    machine.power_cut()
    machine.power_on()
    machine.wait_for_ssh(upkeep.SLOW)


def cut_during(machine: Machine, work: str, seconds: float) -> bool:
    """Start a command, cut the power after a time, and start the machine again.

    Returns whether the power was cut: it was not if the command had ended, and the machine still runs.
    """
    unit = f"work-{secrets.token_hex(3)}"
    begin = f"systemd-run --quiet --collect --unit={unit} {work}"
    still_runs = machine.run(f"{begin}; sleep {seconds}; systemctl -q is-active {unit}", upkeep.SLOW)
    if still_runs.returncode == 0:
        cut(machine)
    return still_runs.returncode == 0


def cut_at(machine: Machine, work: str, point: str) -> None:
    """Cut the power when a command is at a failpoint, and start the machine again."""
    unit = f"work-{secrets.token_hex(3)}"
    shell(
        machine,
        f"systemd-run --quiet --collect --unit={unit} --setenv=SHOESTRING_FAULT=stop:{point} {work}\n"
        f"until grep -q '^State:.T' /proc/$(systemctl show -P MainPID {unit})/status; do sleep 0.2; done",
    )
    cut(machine)


def serves_all(machine: Machine) -> None:
    for host in (DOMAIN, f"v.{DOMAIN}"):
        assert machine.serves(host).status == 200
    shell(machine, upkeep.inside("127.0.0.1"))


def test_power_cut_during_deploy(machine: Machine, moments: random.Random) -> None:
    takes = seconds_of(machine, f"{DEPLOY}:2")
    for _ in range(CUTS):
        while not cut_during(machine, f"{DEPLOY}:3", moments.uniform(0, takes)):
            shell(machine, f"{TAG}; {DEPLOY}:2; {TAG}")
        upkeep.wait_until_converged(machine)
        serves_all(machine)
        upkeep.assert_files_valid(machine)
        shell(machine, f"{TAG}; {DEPLOY}:2")
        assert shell(machine, f"git -C {upkeep.CONF} status --porcelain") == ""
        assert "versioned:2" in shell(machine, f"git -C {upkeep.CONF} log -1 --format=%s")


def test_power_cut_during_renewal(machine: Machine, moments: random.Random) -> None:
    """Of the private CA, the only authority here. The power is cut between two files."""
    before = certificates(machine)
    for _ in range(CUTS):
        cut_at(machine, "shoestring ssl issue internal --force --yes", moments.choice(POINTS))
        upkeep.wait_until_converged(machine)
        serves_all(machine)
        upkeep.assert_files_valid(machine)
        after = certificates(machine)
        assert (after["problems"], names(after)) == ([], names(before))
    # The next machine then has the host to itself.
    machine.power_cut()


def certificates(machine: Machine) -> dict[str, Any]:
    status: dict[str, Any] = json.loads(shell(machine, "shoestring ssl status --json || true"))
    return status


def names(status: dict[str, Any]) -> list[str]:
    return [each["name"] for each in status["certificates"]]


def test_power_cut_during_first_boot(start: Start, loaded_image: Path, moments: random.Random) -> None:
    """It sets the machine up; the next boot continues without help."""
    machine = start(Disk(loaded_image / "shoestring.raw"), name="first", seed=answers_seed())
    machine.wait_for_ssh(upkeep.SLOW)
    script = yaml.safe_load(answers_seed().user_data)["write_files"][1]["content"]
    again = (
        f"shoestring stop; shoestring timers remove --yes; rm -rf {upkeep.ROOT} /etc/shoestring/data-directory\n"
        f"cat >{SETUP} <<'END'\n{script}END\nchmod 700 {SETUP}; : >{SAID}\n"
        f"systemd-run --quiet --collect bash -c '{SETUP} >>{SAID} 2>&1'"
    )
    for number in range(CUTS):
        if number:
            shell(machine, again)
        while not cut_in_setup(machine, moments.randrange(STEPS), moments.uniform(0, STEP_SECONDS)):
            shell(machine, again)
        machine.wait(upkeep.SLOW)
        assert "No such file" in machine.run(f"ls {SETUP}; tail -n 40 {SAID}", upkeep.SLOW).stderr
        assert "status: done" in machine.run("cloud-init status --long", upkeep.SLOW).stdout
        upkeep.wait_until_converged(machine)
        assert machine.serves(DOMAIN).status == 200
        assert all(job in shell(machine, "shoestring timers status") for job in ("start", "watchdog", "renew"))
        upkeep.assert_files_valid(machine)


def cut_in_setup(machine: Machine, steps: int, seconds: float) -> bool:
    """Cut the power as `cut_during` does, during the setup by cloud-init, after some of its steps and a time."""
    over = f"test ! -e {SETUP}"
    still_runs = machine.run(
        f"until grep -q '+  data directory' {SAID} || {over}; do sleep 0.2; done\n"
        f"until [ $(grep -c ✓ {SAID}) -ge {steps} ] || {over}; do sleep 0.2; done; sleep {seconds}; ! {over}",
        upkeep.SLOW,
    )
    if still_runs.returncode == 0:
        cut(machine)
    return still_runs.returncode == 0
