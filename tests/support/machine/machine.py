"""A virtual machine in QEMU, as one at a cloud provider: start, wait, run commands in it, cut its power.

    with Machine.started(tmp_path, Disk(image), seed=Seed(user_data)) as machine:
        machine.wait()
        machine.shell("shoestring status")

The network is QEMU's own: the host reaches the guest by `machine.port(443)` on 127.0.0.1, and the guest reaches
outside only with `internet=True`. Without hardware virtualisation (TCG) a boot takes about a minute, an SSH command
half a second: ask for several things in one `shell`.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.engine import Answer, ask, free_port, no_trust
from tests.support.machine import qemu
from tests.support.machine.images import ssh_key
from tests.support.machine.qemu import Disk, Hardware, Seed

# On a busy host it may take this long.
BOOT_SECONDS = 900
# Host and guest are on one machine, so that nobody can intercept the connection.
SSH = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR")


@dataclass
class Machine:
    """A machine that runs; made by `started`."""

    directory: Path
    hardware: Hardware
    internet: bool
    ports: dict[int, int]
    key: Path
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
        ports: tuple[int, ...] = (80, 443),
    ) -> Iterator[Machine]:
        """Start a machine that ends with the block. `ports` of the guest are reached by `port`.

        Its files are in `directory`. The SSH key is in the seed, else a systemd credential.
        """
        directory.mkdir(parents=True, exist_ok=True)
        key = ssh_key()
        shutil.copy(key.with_suffix(".pub"), directory / "key.pub")
        base = ("-b", disk.base, "-F", disk.format)
        _must("qemu-img", "create", "-q", "-f", "qcow2", *base, directory / "disk.qcow2", f"{disk.gigabytes}G")
        if seed:
            image = ("-quiet", "-V", "cidata", "-J", "-R", "-o", directory / "seed.iso")
            _must("xorriso", "-as", "mkisofs", *image, qemu.seed_files(directory, seed))
        forwarded = {port: free_port() for port in (22, *ports)}
        machine = cls(directory, hardware or Hardware(), internet, forwarded, key)
        try:
            machine.power_on(disk.memory)
            if disk.memory:
                machine.set_clock()
            yield machine
        finally:
            machine.power_cut()

    @property
    def disk(self) -> Path:
        """Its overlay; to be kept only after `power_off`."""
        return self.directory / "disk.qcow2"

    # --- power ---

    def power_on(self, memory: Path | None = None) -> None:
        """Start QEMU, from the start or from a `memory`; it ends with the tests, even if they are killed."""
        assert self.process is None
        machine = qemu.command(self.directory, self.hardware, self.ports, internet=self.internet, memory=memory)
        command = ("setpriv", "--pdeathsig", "KILL", "--", *machine)
        with (self.directory / "qemu.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def power_cut(self) -> None:
        """Cut the power: the guest is not notified. `power_on` starts it again from the same disk."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        _run("ssh", *self._control(), "-O", "exit", "guest", timeout=10)

    def power_off(self, timeout: float = 120) -> None:
        """Shut down as a user would, and wait for it."""
        assert self.process
        self.run("systemctl --no-block poweroff")
        self.process.wait(timeout)
        self.power_cut()

    def reboot(self) -> None:
        """Reboot as a user would, and wait until it is up again."""
        boot = "cat /proc/sys/kernel/random/boot_id"
        before = self.shell(boot)
        self.run("systemctl --no-block reboot")
        _run("ssh", *self._control(), "-O", "exit", "guest", timeout=10)
        self._until(lambda: self.run(boot, 60).stdout.strip() not in ("", before), "to reboot")
        self.wait()

    def save(self, target: Path) -> None:
        """Keep the machine as it runs, for `Disk(base, memory=…)`: disk.qcow2 and memory. It continues afterwards."""
        self.run("sync")
        # At its end the machine is paused, and its disk has all that it wrote.
        self.monitor("migrate", uri=f"file:{target}/memory")
        self._until(lambda: self.monitor("query-migrate").get("status") == "completed", "to be saved")
        shutil.copy(self.disk, target)
        self.monitor("cont")

    def set_clock(self) -> None:
        """Set the clock: a machine that continues has the time at which it was saved."""
        self.wait_for_ssh()
        self.shell(f"date --utc --set @{time.time():.2f}")

    def plug(self, cable: int, mac: str) -> None:
        """Give the running machine a network device; the file `cable` is a tap device, its other end."""
        self.monitor("getfd", handed=cable, fdname="cable")
        self.monitor("netdev_add", type="tap", id="cable", fd="cable")
        self.monitor("device_add", driver="virtio-net-pci", netdev="cable", id="cable", bus="bay1", mac=mac)

    def plug_disk(self, content: Path, serial: str) -> None:
        """Give the running machine a disk that it can only read: /dev/disk/by-id/virtio-SERIAL."""
        file = {"driver": "file", "filename": str(content)}
        self.monitor("blockdev-add", {"driver": "raw", "node-name": serial, "read-only": True, "file": file})
        self.monitor("device_add", driver="virtio-blk-pci", drive=serial, id=serial, serial=serial, bus="bay2")
        self.shell(f"until test -e /dev/disk/by-id/virtio-{serial}; do sleep 0.2; done")

    def monitor(
        self,
        command: str,
        more: Mapping[str, object] | None = None,
        *,
        handed: int | None = None,
        **named: object,
    ) -> Any:
        """Run a command of QEMU's machine protocol, e.g. `system_reset`; return its answer. See QEMU's QMP reference.

        `handed` is an open file that is passed with it; `more` has arguments that are not names in Python.
        """
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.directory / "qmp"))
            stream = connection.makefile("r")
            stream.readline()
            arguments = {**(more or {}), **named}
            for each in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                files = [handed] if handed is not None and each["execute"] == command else []
                socket.send_fds(connection, [json.dumps(each).encode()], files)
                # Events may come in between.
                answer = next(each for each in map(json.loads, stream) if "event" not in each)
                assert "error" not in answer, answer
            return answer["return"]

    # --- commands and requests ---

    def wait(self, timeout: float = BOOT_SECONDS) -> float:
        """Wait until systemd is done with the boot, cloud-init included. Returns the seconds it took."""
        began = time.monotonic()
        self.wait_for_ssh(timeout)
        script = "systemctl is-system-running --wait; ! command -v cloud-init || cloud-init status --wait"
        assert self.run(script, timeout).returncode != 124, f"it was not done with the boot in {timeout:.0f} s"
        return time.monotonic() - began

    def wait_for_ssh(self, timeout: float = BOOT_SECONDS) -> None:
        """Wait until root can log in."""
        self._until(lambda: self.run("true", 60).returncode == 0, "to let root in", timeout)

    def run(self, script: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a script as root, whatever its exit code. One that does not end in time has exit code 124."""
        return _run("ssh", *self._control(), "guest", "bash", "-s", script=script, timeout=timeout)

    def shell(self, script: str, timeout: float = 120) -> str:
        """Return what a script prints, without the last newline; each of its commands must succeed."""
        result = self.run(f"set -euo pipefail\n{script}", timeout)
        assert result.returncode == 0, f"{script}\nexit code {result.returncode}\n{result.stdout}{result.stderr}"
        return result.stdout.rstrip("\n")

    def copy(self, source: Path, target: str) -> None:
        """Copy a file, or a directory's content, into the machine."""
        _must("scp", "-q", "-r", *self._control(), source, f"guest:{target}", timeout=300)

    def port(self, guest: int) -> int:
        """Return the port of 127.0.0.1 that leads to a port of the guest."""
        return self.ports[guest]

    def get(self, host: str, path: str = "/") -> Answer:
        """Ask the public proxy from outside, by HTTPS with any certificate."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port(443), timeout=30, context=no_trust())
        return ask(connection, host, path, {})

    def serves(self, host: str, path: str = "/", status: int = 200) -> Answer:
        """Ask the public proxy until it answers with the status."""
        answers: list[Answer] = []

        def fits() -> bool:
            with contextlib.suppress(OSError, http.client.HTTPException):
                answers.append(self.get(host, path))
            return bool(answers) and answers[-1].status == status

        self._until(fits, f"to answer {status} for {host}")
        return answers[-1]

    def console(self) -> str:
        """Return the output on its serial console."""
        log = self.directory / "console.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def journal(self, *options: str) -> str:
        """Return its journal of this boot, or what journalctl's options choose."""
        return self.run(" ".join(("journalctl", "--no-pager", *(options or ("--boot",)))), 60).stdout

    def collect(self, target: Path) -> None:
        """Keep what explains a failed test."""
        target.mkdir(parents=True, exist_ok=True)
        for name in ("console.log", "qemu.log"):
            if (self.directory / name).exists():
                shutil.copy(self.directory / name, target)
        if self.process and self.run("true", 15).returncode == 0:
            (target / "journal.txt").write_text(self.journal("--boot=all"))

    # --- helpers ---

    def _until(self, fits: Callable[[], bool], what: str, timeout: float = BOOT_SECONDS) -> None:
        deadline = time.monotonic() + timeout
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
            *("-o", "IdentitiesOnly=yes", "-i", str(self.key)),
        )


def _run(*command: str | Path, script: str = "", timeout: float = 120) -> subprocess.CompletedProcess[str]:
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
