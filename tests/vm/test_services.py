"""What the default services leave of the memory: metrics on 512 MB, all but Grafana on 1 GB; and the Docker registry
for a client of the VPN. The tests run in order on one machine.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import docker
import pytest

from runtime.docker.images import BUSYBOX, INFLUXDB, POSTGRES, REGISTRY, TELEGRAF, VERDACCIO, local_name
from tests.support.machine import upkeep
from tests.support.machine.machine import Machine
from tests.support.machine.outside import HERE, Outside, outside
from tests.support.machine.qemu import Disk
from tests.support.machine.set_up import DOMAIN, SMALL, Start
from tests.support.machine.upkeep import SLOW, shell
from tests.support.services.telegraf_image import telegraf_image

# MB of memory that must be available, without swap.
METRICS_LEAVE, ALL_LEAVE = 120, 200
LOCAL = tuple(map(local_name, (INFLUXDB, POSTGRES, REGISTRY, VERDACCIO)))
VPN = "10.12.0.1"
# What a user writes into the settings.
SWITCH_ON = f"""\
sed -i -e 's/^  address: 127.0.0.1/  address: {VPN}/' -e '/^wireguard:/,$ {{ s/^  enabled: off/  enabled: on/
s/^  endpoint: .*/  endpoint: {HERE[0]}/ }}' {upkeep.CONF}/shoestring.yaml
"""
REGISTRY_ADDRESS = f"docker.internal.{DOMAIN}:8444"
MEASURED = "until shoestring metrics --hours 1 --json | grep -q '\"now\": [0-9]'; do sleep 3; done"


@pytest.fixture(scope="module")
def telegraf() -> str:
    """A smaller build in place of the official image, which is not available here."""
    return telegraf_image(docker.from_env())


@pytest.fixture(scope="module")
def machine(start_once: Start, small: Disk, telegraf: str) -> Machine:
    """A machine of 512 MB with a public and an internal application, and the images on a disk."""
    started = start_once(small, SMALL)
    started.plug_disk(upkeep.save_images(started.directory, (*LOCAL, telegraf)), "images")
    upkeep.write(started, "internal", "inside", upkeep.application(upkeep.INSIDE, "internal"))
    upkeep.wait_until_converged(started)
    return started


@pytest.fixture(scope="module")
def world(machine: Machine) -> Iterator[Outside]:
    """The outside, with a cable to the machine."""
    with outside(machine) as made:
        yield made


def available(machine: Machine) -> int:
    """Return the MB that are available, and print what uses how much."""
    shell(machine, "sync; echo 3 >/proc/sys/vm/drop_caches")
    free = shell(machine, "free -m")
    print(free)
    print(shell(machine, "shoestring memory; docker stats --no-stream --format '{{.Name}} {{.MemUsage}}'"))
    return int(free.splitlines()[1].split()[6])


def add(machine: Machine, *names: str) -> None:
    """Add services, and wait until all of them serve.

    Node takes a minute to start in an emulated machine: before that `add` reports that it does not answer yet.
    """
    result = machine.run(f"shoestring service add {' '.join(names)} --yes --json", SLOW)
    failures = json.loads(result.stdout)["failures"]
    assert {each["code"] for each in failures} <= {"not-reached"}, result.stdout
    upkeep.wait_until_converged(machine)


def test_memory_with_metrics_on_512_mb(machine: Machine, telegraf: str) -> None:
    shell(machine, f"{upkeep.LOAD_IMAGES}; docker tag {telegraf} {TELEGRAF.reference}")
    add(machine, "influxdb", "telegraf")
    shell(machine, MEASURED)
    assert len(shell(machine, "cat /proc/swaps").splitlines()) == 1
    assert available(machine) >= METRICS_LEAVE


def test_memory_with_all_but_grafana_on_1_gb(machine: Machine) -> None:
    machine.power_off()
    machine.hardware = replace(machine.hardware, memory=1024)
    machine.power_on()
    machine.serves(DOMAIN)
    machine.wait()
    add(machine, "postgres", "registry-docker", "registry-npm")
    shell(machine, MEASURED)
    states = json.loads(shell(machine, "shoestring service list --json"))["services"]
    assert [each["name"] for each in states if not each["present"]] == ["grafana"]
    assert available(machine) >= ALL_LEAVE
    # The memory that Grafana recommends is not left beside all the others.
    result = machine.run("shoestring service add grafana --dry-run", SLOW)
    assert (result.returncode, "add it anyway: --force" in result.stderr) == (1, True), result.stdout + result.stderr


def test_registry_push_and_pull_by_vpn_client(machine: Machine, world: Outside) -> None:
    """Made from what `vpn add` prints, with an engine of its own: by name, over HTTPS that it trusts."""
    shell(machine, SWITCH_ON)
    added = json.loads(shell(machine, "shoestring vpn add laptop --json"))
    shell(machine, "shoestring start")
    world.join(added["file"])
    root = world.directory / "root.pem"
    root.write_text(shell(machine, "shoestring ssl ca --pem") + "\n")
    user = json.loads(shell(machine, "shoestring registry user add anna --json"))
    image = f"{REGISTRY_ADDRESS}/team/page:1"
    with world.engine(root) as docker:

        def run(*argv: str, given: str | None = None) -> str:
            argv = (*docker, *argv)
            done = subprocess.run(argv, input=given, capture_output=True, text=True, timeout=300, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        archive = str(world.directory / "page.tar")
        subprocess.run(("docker", "save", "--output", archive, local_name(BUSYBOX)), check=True)
        run("load", "--quiet", "--input", archive)
        run("tag", local_name(BUSYBOX), image)
        run(*user["log_in"].split()[1:], "--password-stdin", given=user["password"])
        pushed = run("push", "--quiet", image)
        before = run("image", "inspect", "--format", "{{.Id}}", image)
        run("image", "rm", local_name(BUSYBOX), image)
        run("pull", "--quiet", image)
        assert run("image", "inspect", "--format", "{{.Id}}", image) == before
    assert pushed.strip() == image
    listed = json.loads(shell(machine, "shoestring registry list --json"))["images"]
    assert [each["repository"] for each in listed] == ["team/page"]
    shell(machine, "shoestring vpn remove laptop --yes")
    assert not world.reaches(VPN, 8444)
