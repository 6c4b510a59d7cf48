"""Fixtures of the tests in booted machines.

    sudo tests/run.sh vm                    # all of them, with all that they need
    sudo tests/run.sh vm -- -k boot -x      # what follows -- goes to pytest

A test asks for `start`, or for a disk and `start`:

    def test_something(start, set_up_disk):
        machine = start(set_up_disk, Hardware(memory=512))
        machine.wait()
        assert machine.get("example.test").status == 200

When a test fails, journal and console of its machines are in the tests' cache, in vm/failed/.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.machine import images
from tests.support.machine.qemu import Disk
from tests.support.machine.set_up import (
    DOMAIN,
    SMALL,
    Start,
    answers_seed,
    boot_again,
    emulator,
    machines,
    set_up_kept,
    to_be_kept,
)

# Two workers of pytest-xdist take a file each, in this order: the first has what all later ones start from, the
# second needs none of it and is the longest, and the shortest comes last.
ORDER = ("test_boot", "test_install", "test_endurance", "test_reach", "test_power", "test_timers", "test_services")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [item for item in items if "vm" in Path(item.path).parts]
    for item in ours:
        item.add_marker(pytest.mark.vm)
        if not item.get_closest_marker("timeout"):
            # The first one of a run builds the image.
            item.add_marker(pytest.mark.timeout(1500))
    items[:] = [item for item in items if item not in ours] + sorted(
        ours, key=lambda each: ORDER.index(each.path.stem)
    )


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Start machines that end with the test."""
    with machines(request) as starter:
        yield starter


@pytest.fixture(scope="module")
def start_once(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Start machines that end with the module: its tests run in order on them."""
    with machines(request) as starter:
        yield starter


@pytest.fixture(scope="session")
def plain_image() -> Path:
    """The built appliance without container images: the directory that packaging/appliance/build filled."""
    return images.appliance()


@pytest.fixture(scope="session")
def loaded_image() -> Path:
    """The built appliance with the local container images."""
    return images.appliance(with_images=True)


@pytest.fixture(scope="session")
def set_up(loaded_image: Path) -> Path:
    """A machine that set itself up for example.test by cloud-init and booted again; as `Machine.save` keeps it."""

    def make(target: Path) -> None:
        with to_be_kept("set-up", Disk(loaded_image / "shoestring.raw"), seed=answers_seed()) as machine:
            machine.wait()
            boot_again(machine)
            machine.save(target)

    return set_up_kept(loaded_image, make)


@pytest.fixture(scope="session")
def set_up_disk(set_up: Path) -> Disk:
    """The disk of a machine that is set up: it serves a minute after its start. It knows the tests' SSH key."""
    return Disk(set_up / "disk.qcow2", "qcow2")


@pytest.fixture(scope="session")
def small(set_up_disk: Disk) -> Disk:
    """The same machine as it runs, with `SMALL`. It booted by UEFI, from a disk that booted by BIOS before."""

    def make(target: Path) -> None:
        with to_be_kept("small", set_up_disk, SMALL) as machine:
            machine.serves(DOMAIN)
            machine.wait()
            machine.save(target)

    kept = images.kept("small", images.digest(set_up_disk.base, SMALL, emulator()), make)
    return Disk(kept / "disk.qcow2", "qcow2", memory=kept / "memory")


@pytest.fixture(scope="session")
def running(set_up: Path) -> Disk:
    """The same machine as it runs, some seconds after its start: for tests that need no boot."""
    return Disk(set_up / "disk.qcow2", "qcow2", memory=set_up / "memory")
