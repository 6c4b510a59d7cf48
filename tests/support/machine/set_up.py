"""Machines for tests: started, set up with the answers of the tests, and kept in the cache."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
import yaml

from tests.support.machine import images
from tests.support.machine.machine import Machine
from tests.support.machine.qemu import Disk, Hardware, Seed

DOMAIN = "example.test"
ANSWERS = {
    "domain": DOMAIN,
    "email": f"ops@{DOMAIN}",
    "images": {"source": "local"},
    # Also after an address of the machine changed, or was not there yet.
    "public": {"address": "0.0.0.0"},
}


# The smallest server that there is, in MB of memory; none of the machines has swap.
SMALL = Hardware(memory=512, uefi=True)


class Start(Protocol):
    """Starts a machine; see Machine.started. Those of one test, or module, need names that differ."""

    def __call__(
        self,
        disk: Disk,
        hardware: Hardware | None = None,
        *,
        name: str = "machine",
        seed: Seed | None = None,
        internet: bool = False,
        ports: tuple[int, ...] = (80, 443),
    ) -> Machine: ...


def short_directory() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for large disks and for sockets, whose paths have at most 108 characters (unix(7))."""
    return tempfile.TemporaryDirectory(prefix="vm-", dir="/var/tmp")


@contextlib.contextmanager
def machines(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Yield what starts machines; they end with the block, and their journals are kept if a test failed."""
    failed_before = request.session.testsfailed
    running: list[Machine] = []
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(short_directory()))

        def start(
            disk: Disk,
            hardware: Hardware | None = None,
            *,
            name: str = "machine",
            seed: Seed | None = None,
            internet: bool = False,
            ports: tuple[int, ...] = (80, 443),
        ) -> Machine:
            machine = Machine.started(directory / name, disk, hardware, seed=seed, internet=internet, ports=ports)
            running.append(stack.enter_context(machine))
            return running[-1]

        try:
            yield start
        finally:
            if request.session.testsfailed > failed_before:
                for machine in running:
                    machine.collect(
                        images.CACHE / "failed" / request.node.name.replace("/", "-") / machine.directory.name
                    )
    # Disks are large; what a failed test needs is kept elsewhere.
    shutil.rmtree(directory, ignore_errors=True)


def answers_seed(**more: object) -> Seed:
    """Return packaging/cloud-init/appliance.yaml with the answers of the tests and `more` keys of the settings."""
    shipped = yaml.safe_load((images.ROOT / "packaging/cloud-init/appliance.yaml").read_text())
    shipped["write_files"][0]["content"] = yaml.safe_dump({**ANSWERS, **more})
    return Seed("#cloud-config\n" + yaml.safe_dump(shipped))


def set_up_kept(loaded_image: Path, make: Callable[[Path], object]) -> Path:
    """Return the directory of `set_up_disk` and `running`; `make` fills it if the cache has none."""
    return images.kept("set-up", images.digest(loaded_image.name, answers_seed().user_data, emulator()), make)


def emulator() -> str:
    """Return what a saved machine needs to continue: the same QEMU, and the same hardware."""
    version = subprocess.run(("qemu-system-x86_64", "--version"), check=True, capture_output=True, text=True).stdout
    return version + images.content(("tests/support/machine/qemu.py",))


@contextlib.contextmanager
def to_be_kept(
    name: str, disk: Disk, hardware: Hardware | None = None, seed: Seed | None = None
) -> Iterator[Machine]:
    """Yield a machine that is saved for tests to continue from; its journal is kept if it fails before."""
    with short_directory() as directory, Machine.started(Path(directory), disk, hardware, seed=seed) as machine:
        try:
            yield machine
        except BaseException:
            machine.collect(images.CACHE / "failed" / name)
            raise


def containers(machine: Machine) -> str:
    """List all containers: when each was created, and how often Docker restarted it."""
    return machine.shell(
        "docker inspect -f '{{.Name}} {{.Created}} {{.RestartCount}}' $(docker ps -aq) | LC_ALL=C sort"
    )


def boot_again(machine: Machine) -> None:
    """Boot without the answers, which are no longer needed: its hardware is then the default of `start`."""
    machine.power_off()
    (machine.directory / "seed.iso").unlink()
    machine.power_on()
    machine.serves(DOMAIN)
    machine.wait()
    # It takes a third of a boot, and has nothing more to do.
    machine.shell("touch /etc/cloud/cloud-init.disabled")
