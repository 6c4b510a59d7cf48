"""packaging/install.sh on bare Debian machines without Docker and pipx: to a served page; again, to no change."""

from __future__ import annotations

import tarfile

import pytest
import yaml

from tests.install.conftest import CA_BUNDLE, SHIPPED, without_leftovers
from tests.vm import images, upkeep
from tests.vm.conftest import ANSWERS, DOMAIN, Start
from tests.vm.machine import Machine
from tests.vm.qemu import Disk, Hardware

# A machine behind a proxy has that proxy's certificate in its bundle; the guest must trust it too.
INSTALL = """
export PIP_CERT=/root/ca.crt SSL_CERT_FILE=/root/ca.crt
/root/shoestring/packaging/install.sh {options}
"""
# All that a second run must leave as it is.
STATE = """
dpkg-query -W
find /etc /usr/local/bin /opt/pipx /var/lib/apt/lists /srv/shoestring/conf /srv/shoestring/generated -type f \
  -printf '%p %T@\\n' | grep -v __pycache__ | LC_ALL=C sort
docker ps --no-trunc --format '{{.ID}} {{.Names}}' | LC_ALL=C sort
"""


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def bare(request: pytest.FixtureRequest, start_once: Start, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine with Debian's minimal set, with the sources in /root/shoestring."""
    disk = images.bare(request.param)
    directory = tmp_path_factory.mktemp("install")
    bare = Hardware(memory=2048, kernel=disk / "vmlinuz", initrd=disk / "initrd.img")
    hardware = upkeep.with_images(bare, directory)
    machine = start_once(Disk(disk / "disk.raw"), hardware, name=request.param, internet=True)
    machine.wait()
    archive = directory / "sources.tar"
    with tarfile.open(archive, "w") as sources:
        for entry in SHIPPED:
            sources.add(images.ROOT / entry, f"shoestring/{entry}", filter=without_leftovers)
    (directory / "answers.yaml").write_text(yaml.safe_dump(ANSWERS))
    machine.copy(archive, "/root/sources.tar")
    machine.copy(directory / "answers.yaml", "/root/answers.yaml")
    machine.copy(CA_BUNDLE, "/root/ca.crt")
    machine.shell("tar -C /root -xf /root/sources.tar; ! command -v docker; ! command -v pipx")
    return machine


def test_it_installs_to_a_served_page(bare: Machine) -> None:
    prepared = bare.run(INSTALL.format(options="--prepare"), upkeep.SLOW)
    assert prepared.returncode == 0, prepared.stdout + prepared.stderr
    bare.shell(upkeep.LOAD_IMAGES, upkeep.SLOW)
    result = bare.run(INSTALL.format(options="--answers /root/answers.yaml --yes"), upkeep.SLOW)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "This is the application" in bare.serves(DOMAIN).body
    assert bare.shell("systemctl --failed --no-legend") == ""


def test_a_second_run_changes_nothing(bare: Machine) -> None:
    before = bare.shell(STATE, upkeep.SLOW)
    result = bare.run(INSTALL.format(options="--answers /root/answers.yaml --yes"), upkeep.SLOW)
    assert result.returncode == 0, result.stdout + result.stderr
    assert bare.shell(STATE, upkeep.SLOW) == before
