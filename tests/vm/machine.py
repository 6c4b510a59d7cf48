"""A virtual machine in QEMU, as a person has one at a cloud: start, wait, run commands in it, cut its power.

    with Machine.started(tmp_path, Disk(image), seed=Seed(user_data)) as machine:
        machine.wait()
        machine.shell("shoestring status")

The network is QEMU's own: the host reaches the guest by `machine.port(443)` on 127.0.0.1, and the guest reaches
outside only with `internet=True`. Without hardware virtualisation (TCG) a boot takes about a minute, an SSH command
half a second: ask for several things in one `shell`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.engine.support import Answer, ask, free_port, no_trust

BOOT_SECONDS = 300
FIRMWARE = Path("/usr/share/OVMF")
# Host and guest are one machine, with no third to listen.
SSH = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR")


@dataclass(frozen=True)
class Disk:
    """What the machine starts from. `base` is never written: each machine has an overlay of its own."""

    base: Path
    format: str = "raw"
    gigabytes: int = 6


@dataclass(frozen=True)
class Hardware:
    """`memory` in MB. With a `kernel` (and its `initrd`) QEMU starts it by itself, without a boot loader."""

    memory: int = 1024
    uefi: bool = False
    kernel: Path | None = None
    initrd: Path | None = None
    append: str = "root=/dev/vda rw console=ttyS0"
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seed:
    """What a cloud gives to cloud-init (NoCloud): user data, and the SSH key as meta data."""

    user_data: str = "#cloud-config\n{}\n"
    host_name: str = "shoestring"


@dataclass
class Machine:
    """A machine that runs; made by `started`."""

    directory: Path
    disk: Path
    hardware: Hardware
    internet: bool
    ports: dict[int, int]
    seed: Path | None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @classmethod
    @contextlib.contextmanager
    def started(
        cls,
        directory: Path,
        disk: Disk,
        hardware: Hardware | None = None,
        *,
        seed: Seed | None = None,
        internet: bool = False,
        ports: tuple[int, ...] = (22, 80, 443),
    ) -> Iterator[Machine]:
        """Start a machine; it ends with the block, whatever happens. `ports` of the guest are reached by `port`.

        All that belongs to it is in `directory`: console.log, disk.qcow2, seed.iso, the key. Without a seed the key
        gets in as a systemd credential (systemd.system-credentials(7), ssh.authorized_keys.root).
        """
        directory.mkdir(parents=True, exist_ok=True)
        key = directory / "key"
        if not key.exists():
            _must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", key)
        overlay = directory / "disk.qcow2"
        base = ("-b", disk.base, "-F", disk.format)
        _must("qemu-img", "create", "-q", "-f", "qcow2", *base, overlay, f"{disk.gigabytes}G")
        image = _seed_image(directory, seed) if seed else None
        machine = cls(directory, overlay, hardware or Hardware(), internet, {}, image)
        machine.ports.update({port: free_port() for port in ports})
        try:
            machine.power_on()
            yield machine
        finally:
            machine.power_cut()

    # --- power ---

    def power_on(self) -> None:
        """Start QEMU; it dies with the tests, even if they are killed."""
        assert self.process is None
        command = ("setpriv", "--pdeathsig", "KILL", "--", *self._command())
        with (self.directory / "qemu.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def power_cut(self) -> None:
        """What a power cut does: the guest is told nothing. `power_on` starts it again from the same disk."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        _run("ssh", *self._control(), "-O", "exit", "guest", timeout=10)

    def power_off(self, timeout: float = 120) -> None:
        """Shut down as a person would, and wait for it."""
        assert self.process
        self.run("systemctl --no-block poweroff")
        self.process.wait(timeout)
        self.power_cut()

    def reboot(self) -> None:
        """Reboot as a person would, and wait until it is up again."""
        before = self.shell("cat /proc/sys/kernel/random/boot_id")
        self.run("systemctl --no-block reboot")
        _run("ssh", *self._control(), "-O", "exit", "guest", timeout=10)
        self._until(lambda: self.run("cat /proc/sys/kernel/random/boot_id").stdout not in ("", before), "to reboot")
        self.wait()

    def monitor(self, command: str, **arguments: object) -> None:
        """One command of QEMU's machine protocol, e.g. `system_reset`; see QEMU's QMP reference."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.directory / "qmp"))
            stream = connection.makefile("rw")
            stream.readline()
            for each in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                stream.write(json.dumps(each) + "\n")
                stream.flush()
                answer = json.loads(stream.readline())
                assert "error" not in answer, answer

    # --- talking to it ---

    def wait(self, timeout: float = BOOT_SECONDS) -> float:
        """Wait until systemd is done with the boot, cloud-init included. Returns the seconds it took."""
        began = time.monotonic()
        self.wait_for_ssh(timeout)
        self.run("systemctl is-system-running --wait; ! command -v cloud-init || cloud-init status --wait", timeout)
        return time.monotonic() - began

    def wait_for_ssh(self, timeout: float = BOOT_SECONDS) -> None:
        """Wait until root can log in."""
        self._until(lambda: self.run("true", 15).returncode == 0, "to let root in", timeout)

    def run(self, script: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a script as root, whatever its exit code. One that does not end in time has exit code 124."""
        return _run("ssh", *self._control(), "guest", "bash", "-s", script=script, timeout=timeout)

    def shell(self, script: str, timeout: float = 120) -> str:
        """What a script prints, without the last newline; each of its commands must succeed."""
        result = self.run(f"set -euo pipefail\n{script}", timeout)
        assert result.returncode == 0, f"{script}\n{result.stdout}{result.stderr}"
        return result.stdout.rstrip("\n")

    def copy(self, source: Path, target: str) -> None:
        """Copy a file, or a directory's content, into the machine."""
        _must("scp", "-q", "-r", *self._control(), source, f"guest:{target}", timeout=300)

    def port(self, guest: int) -> int:
        """The port of 127.0.0.1 that leads to a port of the guest."""
        return self.ports[guest]

    def get(self, host: str, path: str = "/") -> Answer:
        """Ask the public proxy from outside, by HTTPS; any certificate will do."""
        import http.client

        connection = http.client.HTTPSConnection("127.0.0.1", self.port(443), timeout=30, context=no_trust())
        return ask(connection, host, path, {})

    def console(self) -> str:
        """What it wrote to its serial console."""
        log = self.directory / "console.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def journal(self, *options: str) -> str:
        """Its journal of this boot, or what journalctl's options choose."""
        return self.run(" ".join(("journalctl", "--no-pager", *(options or ("--boot",)))), 60).stdout

    def collect(self, target: Path) -> None:
        """Keep what tells why a test failed."""
        target.mkdir(parents=True, exist_ok=True)
        for name in ("console.log", "qemu.log"):
            if (self.directory / name).exists():
                shutil.copy(self.directory / name, target)
        if self.process and self.run("true", 15).returncode == 0:
            (target / "journal.txt").write_text(self.journal())

    # --- how ---

    def _until(self, fits: object, what: str, timeout: float = BOOT_SECONDS) -> None:
        deadline = time.monotonic() + timeout
        assert callable(fits)
        while not fits():
            assert self.process, "the machine is off"
            assert self.process.poll() is None, f"QEMU ended: {(self.directory / 'qemu.log').read_text()}"
            assert time.monotonic() < deadline, f"waited {timeout:.0f} s for it {what}; {self.console()[-3000:]}"
            time.sleep(0.5)

    def _control(self) -> tuple[str, ...]:
        """SSH by one connection that stays: under TCG each new one costs seconds."""
        return (
            *SSH,
            *("-o", "ControlMaster=auto", "-o", f"ControlPath={self.directory}/ssh", "-o", "ControlPersist=yes"),
            *("-o", "ConnectTimeout=10", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=15"),
            *("-o", "HostName=127.0.0.1", "-o", f"Port={self.ports[22]}", "-o", "User=root"),
            *("-o", "IdentitiesOnly=yes", "-i", str(self.directory / "key")),
        )

    def _command(self) -> tuple[str, ...]:
        hardware, directory = self.hardware, self.directory
        forwards = ",".join(f"hostfwd=tcp:127.0.0.1:{host}-:{guest}" for guest, host in self.ports.items())
        command: list[str | Path] = [
            *("qemu-system-x86_64", "-name", directory.name, "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"),
            *("-machine", "q35", "-m", str(hardware.memory), "-display", "none", "-monitor", "none", "-nodefaults"),
            *("-serial", f"file:{directory}/console.log", "-qmp", f"unix:{directory}/qmp,server=on,wait=off"),
            # What the guest wrote is in the host's memory, which outlives QEMU: nothing has to wait for the disk.
            *("-drive", f"file={self.disk},if=virtio,cache=unsafe,discard=unmap", "-device", "virtio-rng-pci"),
            *("-netdev", f"user,id=net,restrict={'off' if self.internet else 'on'},{forwards}"),
            *("-device", "virtio-net-pci,netdev=net"),
        ]
        if hardware.uefi:
            variables = directory / "efi-variables.fd"
            if not variables.exists():
                shutil.copy(FIRMWARE / "OVMF_VARS_4M.fd", variables)
            code = FIRMWARE / "OVMF_CODE_4M.fd"
            command += ["-drive", f"if=pflash,format=raw,readonly=on,file={code}"]
            command += ["-drive", f"if=pflash,format=raw,file={variables}"]
        if hardware.kernel and hardware.initrd:
            command += ["-kernel", hardware.kernel, "-initrd", hardware.initrd, "-append", hardware.append]
        if self.seed:
            command += ["-drive", f"file={self.seed},if=virtio,format=raw,readonly=on"]
        else:
            key = base64.b64encode((directory / "key.pub").read_bytes()).decode()
            command += ["-smbios", f"type=11,value=io.systemd.credential.binary:ssh.authorized_keys.root={key}"]
        return tuple(map(str, (*command, *hardware.more)))


def _seed_image(directory: Path, seed: Seed) -> Path:
    """The disk that cloud-init's data source NoCloud looks for, by its label."""
    files = directory / "seed"
    files.mkdir(exist_ok=True)
    key = (directory / "key.pub").read_text().strip()
    (files / "user-data").write_text(seed.user_data)
    (files / "meta-data").write_text(
        json.dumps({"instance-id": directory.name, "local-hostname": seed.host_name, "public-keys": [key]})
    )
    image = directory / "seed.iso"
    _must("xorriso", "-as", "mkisofs", "-quiet", "-o", image, "-V", "cidata", "-J", "-R", files)
    return image


def _run(
    *command: str | Path, script: str = "", timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    argv = tuple(map(str, command))
    try:
        return subprocess.run(
            argv, input=script, capture_output=True, text=True, errors="replace", timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(argv, 124, "", f"not done after {timeout:.0f} s")


def _must(*command: str | Path, timeout: float = 120) -> None:
    result = _run(*command, timeout=timeout)
    assert result.returncode == 0, f"{' '.join(result.args)}\n{result.stdout}{result.stderr}"
