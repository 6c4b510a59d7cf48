"""The appliance boots by BIOS and by UEFI, sets itself up by cloud-init, and serves. The tests run in order."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.machine.images import ROOT, ssh_key
from tests.support.machine.machine import SSH, Machine
from tests.support.machine.qemu import Disk, Hardware
from tests.support.machine.set_up import DOMAIN, Start, answers_seed, boot_again, containers, set_up_kept
from tests.support.machine.upkeep import SLOW, TIMERS

# Bytes; of the disk that its file system uses, and of the downloaded file.
IMAGE_AT_MOST = 1_200_000_000


@pytest.fixture(scope="module")
def bios(start_once: Start, loaded_image: Path) -> Machine:
    """The first boot by BIOS, with container images and with answers by cloud-init."""
    machine = start_once(Disk(loaded_image / "shoestring.raw"), name="bios", seed=answers_seed())
    machine.wait()
    return machine


def identity(machine: Machine) -> set[str]:
    """Return what must differ between two machines."""
    return set(machine.shell("cat /etc/machine-id; cut -d ' ' -f 2 /etc/ssh/ssh_host_*_key.pub").splitlines())


def test_boot_cloud_init_sets_up_and_serves(bios: Machine) -> None:
    assert "status: done" in bios.run("cloud-init status --long").stdout, bios.journal("-u", "cloud-final")
    answer = bios.serves(DOMAIN)
    assert "This is the application" in answer.body
    assert "Done in" in bios.shell("cat /var/log/cloud-init-output.log")


def test_boot_no_failed_unit(bios: Machine) -> None:
    assert bios.shell("systemctl --failed --no-legend; systemctl is-system-running") == "running"


def test_boot_root_file_system_fills_disk(bios: Machine) -> None:
    assert bios.shell("lsblk -d -n -o PTTYPE /dev/vda") == "gpt"
    disk, system = bios.shell("lsblk -b -d -n -o SIZE /dev/vda; df -B 1 --output=size / | tail -n 1").splitlines()
    assert int(system) > 0.9 * int(disk)


def test_boot_container_images_loaded_once(bios: Machine) -> None:
    said = bios.shell(
        "docker image ls --format '{{.Repository}}'; ls /var/lib; systemctl is-enabled shoestring-images"
    )
    assert "localhost/shoestring/haproxy" in said
    assert "shoestring-images.tar.zst" not in said


def test_boot_no_password_login(bios: Machine) -> None:
    options = ("-o", "PreferredAuthentications=password,keyboard-interactive", "-p", str(bios.port(22)))
    refused = subprocess.run(
        ("ssh", *SSH, *options, "-o", "BatchMode=yes", "root@127.0.0.1", "true"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Permission denied (publickey)" in refused.stderr
    assert bios.shell("cut -d: -f 2 /etc/shadow | sort -u | tr -d '\\n'").strip("!*") == ""


def test_boot_listening_ports(bios: Machine) -> None:
    listening = bios.shell("ss -H -l -n -t -u | awk '{print $1, $5}' | grep -v -e ' 127\\.' -e '\\[::1\\]' || true")
    ports = {(line.split()[0], line.rsplit(":", 1)[1]) for line in listening.splitlines() if "%" not in line}
    assert ports == {("tcp", "22"), ("tcp", "80"), ("tcp", "443")}, listening


def test_boot_timers_active(bios: Machine) -> None:
    assert bios.shell(f"systemctl is-active {' '.join(TIMERS)}").split() == ["active"] * len(TIMERS)
    assert bios.shell("systemctl is-enabled shoestring.service") == "enabled"
    assert bios.run("shoestring timers status").returncode == 0


def test_cloud_init_user_data_valid(bios: Machine) -> None:
    for name in ("appliance.yaml", "host.yaml"):
        bios.copy(ROOT / "packaging/cloud-init" / name, f"/tmp/{name}")
        assert "Valid schema" in bios.shell(f"cloud-init schema --config-file /tmp/{name}")


def test_boot_again_serves(bios: Machine, loaded_image: Path) -> None:
    before = containers(bios)
    boot_again(bios)
    assert containers(bios) == before
    # Systemd starts the watchdog; the time of its last run is empty until then.
    bios.shell('until [ "$(systemctl show -P LastTriggerUSec shoestring-watchdog.timer)" ]; do sleep 1; done', SLOW)
    assert bios.shell("systemctl --failed --no-legend; systemctl is-system-running") == "running"
    # Other tests continue from here, without another first boot.
    set_up_kept(loaded_image, bios.save)


def login(machine: Machine) -> str:
    """Return what root sees at a login by SSH."""
    words = ("ssh", *SSH, "-i", str(ssh_key()), "-p", str(machine.port(22)), "-tt", "root@127.0.0.1")
    return subprocess.run(words, input="exit\n", capture_output=True, text=True, timeout=SLOW, check=True).stdout


def test_boot_uefi_without_data_source(bios: Machine, plain_image: Path, start_once: Start) -> None:
    of_the_first = identity(bios)
    bios.power_off()
    machine = start_once(Disk(plain_image / "shoestring.qcow2", "qcow2"), Hardware(uefi=True), name="uefi")
    machine.wait()
    assert machine.shell("test -d /sys/firmware/efi && systemctl is-system-running") == "running"
    assert len(of_the_first | identity(machine)) == 2 * len(of_the_first) == 8
    assert "sudo shoestring setup" in login(machine)
    assert "sudo shoestring setup" in machine.console()
    assert machine.shell("shoestring --version; findmnt --noheadings --output TARGET /boot/efi").endswith("/boot/efi")


def test_image_size(plain_image: Path) -> None:
    raw = (plain_image / "shoestring.raw").stat()
    assert raw.st_blocks * 512 <= IMAGE_AT_MOST
    assert (plain_image / "shoestring.qcow2").stat().st_size <= IMAGE_AT_MOST


def test_image_builds_have_same_packages(plain_image: Path, loaded_image: Path) -> None:
    plain = (plain_image / "manifest.tsv").read_text().splitlines()
    loaded = (loaded_image / "manifest.tsv").read_text().splitlines()
    assert [line for line in loaded if not line.startswith("image")] == plain
    assert {"debian", "python"} == {line.split("\t")[0] for line in plain}
