"""The input of QEMU: the hardware of a machine, as its command line, and the disk for cloud-init."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FIRMWARE = Path("/usr/share/OVMF")
# As the smallest server has: one. QEMU emulates one also much faster than each of two, whose atomic instructions must
# be atomic for each other: the same commands took half as much of this host's time.
# It also emulates `rep movsb` byte by byte, which the kernel and the C library take for everything where a processor
# says that it is fast there (erms, fsrm): without that a boot costs a seventh less. With svm the guest loads KVM.
PROCESSOR = ("-accel", "tcg", "-cpu", "max,erms=off,fsrm=off,svm=off", "-smp", "1")


@dataclass(frozen=True)
class Disk:
    """What the machine starts from. `base` is never written: each machine has an overlay of its own.

    With `memory`, a file of `Machine.save`, it does not boot but continues from there, on the same hardware.
    """

    base: Path
    format: str = "raw"
    gigabytes: int = 6
    memory: Path | None = None


@dataclass(frozen=True)
class Hardware:
    """`memory` in MB. With a `kernel` (and its `initrd`) QEMU starts that directly, without a boot loader."""

    memory: int = 1024
    uefi: bool = False
    kernel: Path | None = None
    initrd: Path | None = None
    append: str = "root=/dev/vda rw console=ttyS0"
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seed:
    """The data of a cloud for cloud-init (NoCloud): user data, and the SSH key as meta data."""

    user_data: str = "#cloud-config\n{}\n"
    host_name: str = "shoestring"


def command(
    directory: Path, hardware: Hardware, ports: Mapping[int, int], *, internet: bool, memory: Path | None = None
) -> tuple[str, ...]:
    """Return the command of a machine with its files in `directory`; `ports`: guest ports to ports of 127.0.0.1."""
    forwards = ",".join(f"hostfwd=tcp:127.0.0.1:{host}-:{guest}" for guest, host in ports.items())
    return (
        *("qemu-system-x86_64", "-name", directory.name, *PROCESSOR, "-machine", "q35", "-m", str(hardware.memory)),
        *("-nodefaults", "-display", "none", "-monitor", "none", "-qmp", f"unix:{directory}/qmp,server=on,wait=off"),
        *("-chardev", f"file,id=console,path={directory}/console.log,append=on", "-serial", "chardev:console"),
        # What the guest wrote is in the host's memory, which outlives QEMU: nothing has to wait for the disk.
        *("-drive", f"file={directory}/disk.qcow2,if=virtio,cache=unsafe,discard=unmap"),
        *("-netdev", f"user,id=net,ipv6=off,restrict={'off' if internet else 'on'},{forwards}"),
        *("-device", "virtio-net-pci,netdev=net", "-device", "virtio-rng-pci"),
        # Where devices can come while it runs: see Machine.plug and plug_disk.
        *("-device", "pcie-root-port,id=bay1,chassis=1", "-device", "pcie-root-port,id=bay2,chassis=2"),
        *_firmware(directory, hardware),
        *_seed(directory),
        *(("-incoming", f"file:{memory}") if memory else ()),
        *hardware.more,
    )


def _firmware(directory: Path, hardware: Hardware) -> tuple[str, ...]:
    if hardware.kernel and hardware.initrd:
        kernel = ("-kernel", str(hardware.kernel), "-initrd", str(hardware.initrd))
        return (*kernel, "-append", hardware.append)
    if not hardware.uefi:
        return ()
    variables = directory / "efi-variables.fd"
    if not variables.exists():
        shutil.copy(FIRMWARE / "OVMF_VARS_4M.fd", variables)
    code = f"if=pflash,format=raw,readonly=on,file={FIRMWARE}/OVMF_CODE_4M.fd"
    return ("-drive", code, "-drive", f"if=pflash,format=raw,file={variables}")


def _seed(directory: Path) -> tuple[str, ...]:
    """Return options that pass the SSH key: by cloud-init, or by systemd (systemd.system-credentials(7))."""
    image = directory / "seed.iso"
    if image.exists():
        return ("-drive", f"file={image},if=virtio,format=raw,readonly=on")
    key = base64.b64encode((directory / "key.pub").read_bytes()).decode()
    return ("-smbios", f"type=11,value=io.systemd.credential.binary:ssh.authorized_keys.root={key}")


def seed_files(directory: Path, seed: Seed) -> Path:
    """Return a folder with what cloud-init's data source NoCloud reads from a disk with the label cidata."""
    files = directory / "seed"
    files.mkdir()
    key = (directory / "key.pub").read_text().strip()
    meta = {"instance-id": directory.name, "local-hostname": seed.host_name, "public-keys": [key]}
    (files / "user-data").write_text(seed.user_data)
    (files / "meta-data").write_text(json.dumps(meta))
    return files
