"""The disks that machines start from. Each is made once for its inputs and kept in the tests' cache.

The appliance is built by packaging/appliance/build from this checkout, again after each change of Shoestring's own
files: Debian's part of it is cached separately (`--cache`), so that a rebuild takes about a minute.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.docker.images import BUSYBOX, DNSMASQ, HAPROXY, local_name
from tests.support import cache

ROOT = Path(__file__).resolve().parents[3]
# The container images that machines need: each makes the first boot longer.
NEEDED = tuple(map(local_name, (HAPROXY, BUSYBOX, DNSMASQ)))
CACHE = cache.CACHE / "vm"
SOURCES = ("README.md", "LICENSE", "pyproject.toml", "installer", "runtime", "templates")
BUILDER = ("packaging/appliance", "packaging/lib")
MIRROR = "http://deb.debian.org/debian"
# What a small cloud machine has, and no more: neither Docker nor pipx nor Git. Cloud-init is on one suite only.
BARE_PACKAGES = (
    *("systemd-sysv", "dbus", "udev", "kmod", "linux-image-cloud-amd64", "initramfs-tools", "zstd", "e2fsprogs"),
    *("openssh-server", "iproute2", "ca-certificates", "sudo", "apparmor", "python3"),
)
# No translations of packages' descriptions and no documentation: unpacking them takes long in an emulated machine.
BARE_APT = '--aptopt=Acquire::Languages "none"'
BARE_DPKG = ROOT / "templates/images/base/dpkg.conf"
BARE_WITH_CLOUD_INIT = "trixie"
# QEMU's network has its name server at this address.
BARE_HOOKS = (
    'printf "[Match]\\nType=ether\\nKind=!*\\n[Network]\\nDHCP=yes\\n" > "$1/etc/systemd/network/90-dhcp.network"',
    'chroot "$1" systemctl enable systemd-networkd',
    'echo nameserver 10.0.2.3 > "$1/etc/resolv.conf"; echo bare > "$1/etc/hostname"; : > "$1/etc/machine-id"',
    'echo 127.0.0.1 localhost bare > "$1/etc/hosts"',
)
BARE_MEGABYTES = 6000
# A run that uses a disk began at most this long ago.
KEPT_SECONDS = 3 * 3600


def appliance(*, with_images: bool = False) -> Path:
    """Return the directory with shoestring.raw, shoestring.qcow2 and manifest.tsv, with or without the images."""
    options = tuple(word for name in NEEDED for word in ("--with-image", name)) if with_images else ()

    def build(target: Path) -> None:
        command: tuple[str | Path, ...] = (ROOT / "packaging/appliance/build", "--output", target, "--cache", CACHE)
        _must(*command, *options, environment={"SHOESTRING_INSTALL_LOG": str(CACHE / "appliance.log")})

    kind = "loaded-appliance" if with_images else "appliance"
    return kept(kind, content((*SOURCES, *BUILDER)) + digest(options)[:4], build)


def bare(suite: str) -> Path:
    """Return the directory with disk.raw, vmlinuz and initrd.img of a minimal Debian, for Hardware(kernel=…)."""
    included = (*BARE_PACKAGES, "cloud-init") if suite == BARE_WITH_CLOUD_INIT else BARE_PACKAGES

    def build(target: Path) -> None:
        # Not below a home directory: apt drops its privileges, and must still reach it.
        with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
            tree = Path(directory) / "tree"
            tree.parent.chmod(0o755)
            packages = f"--include={','.join(included)}"
            hooks = [f"--customize-hook={each}" for each in BARE_HOOKS]
            options = (packages, BARE_APT, f"--dpkgopt={BARE_DPKG}", *hooks)
            _must("mmdebstrap", "--variant=minbase", *options, suite, tree, MIRROR)
            shutil.copy(tree / "vmlinuz", target)
            shutil.copy(tree / "initrd.img", target)
            _must("mke2fs", "-q", "-t", "ext4", "-d", tree, target / "disk.raw", f"{BARE_MEGABYTES}M")

    inputs = (suite, included, BARE_APT, BARE_DPKG.read_text(), BARE_HOOKS, BARE_MEGABYTES)
    return kept(f"bare-{suite}", digest(*inputs), build)


def ssh_key() -> Path:
    """Return the private key for all machines, also for disks of the cache. The public key is beside it."""
    key = CACHE / "key"
    # A separate lock: machines also start while a disk is built under the other one.
    with _locked("key.lock"):
        if not key.exists():
            _must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "shoestring-tests", "-f", key)
    return key


def kept(kind: str, key: str, build: Callable[[Path], object]) -> Path:
    """Return a directory of the cache that `build` fills, whole or not at all.

    Those of its kind with other keys are removed, unless another run may still use them.
    """
    target = CACHE / f"{kind}-{key}"
    with _locked(f"{kind}.lock"):
        if not target.exists():
            for old in CACHE.glob(f"{kind}-{'?' * len(key)}*"):
                if old.suffix == ".new" or time.time() - old.stat().st_mtime > KEPT_SECONDS:
                    shutil.rmtree(old)
            unfinished = CACHE / f"{kind}-{key}.new"
            unfinished.mkdir()
            build(unfinished)
            unfinished.rename(target)
        os.utime(target)
    return target


def digest(*inputs: object) -> str:
    """Return a digest of values, as a key for `kept`."""
    return hashlib.sha256(repr(inputs).encode()).hexdigest()[:16]


def content(names: Iterable[str]) -> str:
    """Return a digest of files and folders of the checkout."""
    digested = hashlib.sha256()
    for name in names:
        path = ROOT / name
        for file in sorted(each for each in (path.rglob("*") if path.is_dir() else (path,)) if each.is_file()):
            if "__pycache__" not in file.parts:
                digested.update(f"{file.relative_to(ROOT)}\0{file.stat().st_mode}\0".encode())
                digested.update(hashlib.sha256(file.read_bytes()).digest())
    return digested.hexdigest()[:16]


@contextmanager
def _locked(name: str) -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _must(*command: str | Path, environment: dict[str, str] | None = None) -> None:
    result = subprocess.run(
        tuple(map(str, command)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    assert result.returncode == 0, f"{command[0]}\n{result.stdout}{result.stderr}"
