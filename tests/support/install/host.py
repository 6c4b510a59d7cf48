"""Bare Debian hosts to install on: containers with nothing but Debian's minimal set, and an engine of their own."""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from runtime.base import files

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ("README.md", "LICENSE", "pyproject.toml", "installer", "runtime", "templates", "packaging")
MIRROR = "http://deb.debian.org/debian"
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
# How this machine reaches PyPI; a bare host must reach it the same way.
PASSED_ON = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
CAP_SYS_RESOURCE = 24


def docker(*arguments: str | Path, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """Run the Docker client; the tests here are about hosts, so they use the same way as a user."""
    return subprocess.run(
        ("docker", *map(str, arguments)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@dataclass(frozen=True)
class Host:
    """A container in place of a bare host."""

    suite: str
    container: str

    def run(self, *arguments: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a command as root, without a terminal."""
        return docker("exec", self.container, *arguments, timeout=timeout)

    def shell(self, script: str) -> str:
        """Return what a script prints; it must succeed."""
        result = self.run("bash", "-euo", "pipefail", "-c", script)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def install(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the installer."""
        return self.run("/shoestring/packaging/install.sh", *arguments)


def engine_rights() -> tuple[str, ...]:
    """Return what a container needs to run an engine. A machine that lacks a capability cannot give --privileged."""
    status = Path("/proc/self/status").read_text()
    bounding = int(next(line for line in status.splitlines() if line.startswith("CapBnd")).split()[1], 16)
    if bounding >> CAP_SYS_RESOURCE & 1:
        return ("--privileged",)
    unconfined = [f"--security-opt={name}=unconfined" for name in ("seccomp", "apparmor", "systempaths")]
    return (
        "--cap-add=ALL",
        "--cap-drop=SYS_RESOURCE",
        *unconfined,
        "--device-cgroup-rule=a *:* rwm",
        "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw",
    )


def bare_image(suite: str, directory: Path) -> str:
    """Return an image with a minimal Debian; made once and kept by the engine."""
    name = f"localhost/shoestring-test/bare:{suite}"
    # One of several test processes makes it.
    with files.lock(Path(tempfile.gettempdir()) / f"shoestring-test-bare-{suite}.lock", timeout=300):
        if docker("image", "inspect", name).returncode != 0:
            archive = directory / "bare.tar"
            subprocess.run(
                ("mmdebstrap", "--variant=minbase", suite, archive, MIRROR), check=True, capture_output=True
            )
            assert docker("import", archive, name).returncode == 0
            archive.unlink()
    return name


def start(suite: str, directory: Path, *options: str) -> Host:
    """Start a bare host with the sources in /shoestring."""
    name = f"shoestring-test-{suite}-{os.getpid()}"
    environment = [f"--env={key}" for key in PASSED_ON if key in os.environ]
    if CA_BUNDLE.exists():
        # A machine behind a proxy has that proxy's certificate here.
        environment += [f"--volume={CA_BUNDLE}:/ca.crt:ro", "--env=PIP_CERT=/ca.crt", "--env=SSL_CERT_FILE=/ca.crt"]
    result = docker(
        *("run", "--detach", "--init", "--name", name, *engine_rights(), *environment, *options),
        # An engine cannot put its layers on those of another.
        *("--volume=/var/lib/docker", "--volume=/var/lib/containerd"),
        *(bare_image(suite, directory), "sleep", "infinity"),
    )
    assert result.returncode == 0, result.stderr
    archive = directory / "sources.tar"
    with tarfile.open(archive, "w") as sources:
        for entry in SHIPPED:
            sources.add(ROOT / entry, f"shoestring/{entry}", filter=without_leftovers)
    with archive.open("rb") as stream:
        subprocess.run(("docker", "cp", "-", f"{name}:/"), stdin=stream, check=True, capture_output=True)
    archive.unlink()
    return Host(suite, name)


def without_leftovers(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Drop what Python leaves in a checkout."""
    return None if "__pycache__" in entry.name else entry
