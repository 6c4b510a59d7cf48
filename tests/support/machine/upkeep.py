"""Applications and checks of a machine under power cuts, full disks and little memory."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

from installer.host.timers import JOBS
from tests.support.machine import images
from tests.support.machine.machine import Machine
from tests.support.machine.qemu import Hardware
from tests.support.machine.set_up import DOMAIN

WATCHDOG = "shoestring-watchdog.service"
TIMERS = tuple(units[-1] for units in JOBS.values() if units[-1].endswith(".timer"))
ROOT = "/srv/shoestring"
CONF = f"{ROOT}/conf"
INSIDE = f"inside.internal.{DOMAIN}"
FILE_CHECK = Path(__file__).with_name("file_check.py")
PYTHON = "/opt/pipx/venvs/shoestring/bin/python"
# Units may write there, also when the disk is full.
NOTIFICATIONS = "/run/shoestring/notifications"
# Of a machine whose hardware is `with_images`, with or without a disk for cloud-init before that one.
LOAD_IMAGES = "docker load --quiet --input /dev/disk/by-id/virtio-images"
# Seconds.
SLOW = 1200.0


def application(host_name: str, network: str, *, image: str = "busybox:1.37", run: str = "") -> str:
    """Return an application file like the example's; `run` is what its shell runs instead of a web server."""
    serve = "echo well >/www/index.html; exec /bin/httpd -f -p 8080 -h /www"
    return f"""\
x-external-host-names: [{host_name}]
x-container-port: 8080
services:
  application:
    image: {image}
    networks: [{network}]
    restart: unless-stopped
    command: [/bin/sh, -c, "{run or serve}"]
    stop_grace_period: 1s
    user: "65534:65534"
    mem_limit: 32m
    tmpfs: ["/www:size=64k,mode=0755,uid=65534,gid=65534"]
"""


def shell(machine: Machine, script: str) -> str:
    """Run a script as `machine.shell` does, with a timeout for a busy host."""
    return machine.shell(script, SLOW)


def write(machine: Machine, side: str, name: str, content: str) -> None:
    """Put an application file into the machine."""
    shell(machine, f"cat >{CONF}/applications-{side}/{name}.yaml <<'END'\n{content}END")


def inside(address: str) -> str:
    """Return commands that wait until the internal application answers through the internal proxy."""
    asked = f"curl -skf -m 5 --resolve {INSIDE}:8444:{address} https://{INSIDE}:8444/"
    return f"until {asked} | grep -q well; do sleep 0.5; done"


def with_images(hardware: Hardware, directory: Path) -> Hardware:
    """Return hardware with a second disk, whose content are the images that tests need; see LOAD_IMAGES.

    Building them there would take minutes without virtual hardware, and copying them by SSH half a minute.
    """
    archive = save_images(directory, images.NEEDED)
    drive = f"file={archive},if=none,id=images,format=raw,readonly=on"
    # In a late slot, because the disk that it boots from must be the first.
    device = "virtio-blk-pci,drive=images,serial=images,addr=0x10"
    return replace(hardware, more=("-drive", drive, "-device", device))


def save_images(directory: Path, names: tuple[str, ...]) -> Path:
    """Return a file with images of this host."""
    archive = directory / "images.tar"
    subprocess.run(("docker", "save", "--output", archive, *names), check=True)
    return archive


def assert_files_valid(machine: Machine) -> None:
    """Assert that no file is empty, half-written or left over, and that the repository in conf/ is valid."""
    machine.copy(FILE_CHECK, "/root/file_check.py")
    beside = "/etc/shoestring /etc/*/system/shoestring* /etc/*.d/*shoestring*"
    assert shell(machine, f"shopt -s nullglob; {PYTHON} /root/file_check.py {ROOT} {beside}") == ""
    # What an interrupted commit has left is in no commit: it does no harm, and git removes it later.
    checked = machine.run(f"git -C {CONF} fsck --full --strict --no-dangling", SLOW)
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stdout + checked.stderr


def stop_watchdog_timer(machine: Machine) -> None:
    """Stop the timer until the next boot: a run of it could fall between two steps of a test."""
    shell(machine, f"systemctl stop shoestring-watchdog.timer; systemctl start {WATCHDOG} || true")


def wait_until_converged(machine: Machine) -> None:
    """Wait until a run of the watchdog succeeds; assert that status reports everything as running."""
    shell(machine, f"until systemctl start {WATCHDOG}; do systemctl reset-failed {WATCHDOG}; sleep 5; done")
    status = json.loads(shell(machine, "shoestring status --json"))
    states = {each["state"] for each in (*status["proxies"], *status["applications"])}
    assert states <= {"running", "healthy"}, status
    assert shell(machine, "systemctl --failed --no-legend") == ""
