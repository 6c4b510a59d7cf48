"""packaging/install.sh on bare Debian machines without Docker and pipx: up to a served page; again without changes.

Debian 12 is installed on over SSH. Debian 13 installs itself at its first boot, by packaging/cloud-init/host.yaml,
without a login.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.engine import free_port, until
from tests.support.install.host import CA_BUNDLE, SHIPPED, without_leftovers
from tests.support.machine import images, upkeep
from tests.support.machine.machine import Machine
from tests.support.machine.qemu import Disk, Hardware, Seed
from tests.support.machine.set_up import ANSWERS, DOMAIN, Start

# A machine behind a proxy has that proxy's certificate in its bundle; the guest must trust it too.
INSTALL = """
export PIP_CERT=/root/ca.crt SSL_CERT_FILE=/root/ca.crt
/root/shoestring/packaging/install.sh {options}
"""
INSTALL_AGAIN = "/opt/shoestring-source/packaging/install.sh --answers /etc/shoestring/answers.yaml --yes"
# The URL that a user replaces.
SHIPPED_URL = "https://git.example.com/shoestring.git"
# All that a second run must not change.
STATE = """
dpkg-query -W
find /etc /usr/local/bin /opt/pipx /var/lib/apt/lists /srv/shoestring/conf /srv/shoestring/generated -type f \
  -printf '%p %T@\\n' | grep -v __pycache__ | LC_ALL=C sort
docker ps --no-trunc --format '{{.ID}} {{.Names}}' | LC_ALL=C sort
"""
# Those of Debian's own package: each machine has them.
USUAL_CERTIFICATES = Path("/usr/share/ca-certificates/mozilla")
# Where QEMU's network has this host's loopback.
HOST_FROM_GUEST = "10.0.2.2"
# Git settings of the user do not apply to the repository here.
GIT = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}


def hardware_of(disk: Path, directory: Path) -> Hardware:
    bare = Hardware(memory=2048, kernel=disk / "vmlinuz", initrd=disk / "initrd.img")
    return upkeep.with_images(bare, directory)


@pytest.fixture(scope="module")
def bookworm(start_once: Start, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine with Debian's minimal set, with the sources in /root/shoestring."""
    disk = images.bare("bookworm")
    directory = tmp_path_factory.mktemp("bookworm")
    machine = start_once(Disk(disk / "disk.raw"), hardware_of(disk, directory), name="bookworm", internet=True)
    machine.wait()
    archive = directory / "sources.tar"
    with tarfile.open(archive, "w") as sources:
        for entry in SHIPPED:
            sources.add(images.ROOT / entry, f"shoestring/{entry}", filter=without_leftovers)
    (directory / "answers.yaml").write_text(yaml.safe_dump(ANSWERS))
    machine.copy(archive, "/root/sources.tar")
    machine.copy(directory / "answers.yaml", "/root/answers.yaml")
    machine.copy(CA_BUNDLE, "/root/ca.crt")
    assert machine.run("command -v docker pipx").stdout == ""
    machine.shell("tar -C /root -xf /root/sources.tar")
    return machine


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL that a machine clones the shipped files from."""
    base = tmp_path_factory.mktemp("repository")
    tree = base / "shoestring.git"
    tree.mkdir()
    for entry in map(Path, SHIPPED):
        source = images.ROOT / entry
        if source.is_dir():
            shutil.copytree(source, tree / entry, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / entry)
    author = ("-c", "user.name=tests", "-c", f"user.email=tests@{DOMAIN}")
    for command in (("init", "--quiet"), ("add", "--all"), (*author, "commit", "--quiet", "--message=shipped")):
        subprocess.run(("git", "-C", tree, *command), check=True, env=GIT)
    port = free_port()
    # Git's own program, not `git daemon`, which would only be its parent: it ends with the tests, even if killed.
    programs = subprocess.run(("git", "--exec-path"), check=True, capture_output=True, text=True).stdout.strip()
    listen = ("--reuseaddr", "--listen=127.0.0.1", f"--port={port}", f"--base-path={base}", "--export-all")
    server = subprocess.Popen(("setpriv", "--pdeathsig", "KILL", "--", f"{programs}/git-daemon", *listen), env=GIT)
    try:
        asked = ("git", "ls-remote", f"git://127.0.0.1:{port}/{tree.name}", "HEAD")
        until(lambda: subprocess.run(asked, capture_output=True, env=GIT).returncode, lambda code: code == 0)
        yield f"git://{HOST_FROM_GUEST}:{port}/{tree.name}"
    finally:
        server.kill()
        server.wait()


def unusual_certificates() -> list[str]:
    """Return certificates that this host trusts in addition to Debian's set, in PEM, such as that of a proxy."""
    end = "-----END CERTIFICATE-----\n"
    usual = {each.read_text() for each in USUAL_CERTIFICATES.glob("*.crt")}
    bundle = [each + end for each in CA_BUNDLE.read_text().split(end) if each.strip()]
    return [each for each in bundle if each not in usual]


def host_seed(url: str) -> Seed:
    """packaging/cloud-init/host.yaml with the tests' answers, for the repository at `url`.

    In addition to a user's: root's SSH key, and images from a disk, because building them would take minutes.
    """
    data = yaml.safe_load((images.ROOT / "packaging/cloud-init/host.yaml").read_text())
    answers, script = data["write_files"]
    answers["content"] = yaml.safe_dump(ANSWERS)
    shebang, *commands, install, done = script["content"].replace(SHIPPED_URL, url).splitlines()
    before = "command -v docker pipx >/root/before || true"
    prepare = f"{install.split()[0]} --prepare"
    script["content"] = "\n".join((shebang, before, *commands, prepare, upkeep.LOAD_IMAGES, install, done, ""))
    data["disable_root"] = False
    if certificates := unusual_certificates():
        data["ca_certs"] = {"trusted": certificates}
    return Seed("#cloud-config\n" + yaml.safe_dump(data), host_name="bare")


@pytest.fixture(scope="module")
def trixie(start_once: Start, repository: str, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine with Debian's minimal set and cloud-init, which has done what its user data says."""
    disk = images.bare("trixie")
    hardware = hardware_of(disk, tmp_path_factory.mktemp("trixie"))
    seed = host_seed(repository)
    machine = start_once(Disk(disk / "disk.raw"), hardware, name="trixie", seed=seed, internet=True)
    machine.wait(upkeep.SLOW)
    return machine


def assert_second_run_changes_nothing(machine: Machine, command: str) -> None:
    # The first run of the watchdog after the firewall was switched on saves what the fast path compares.
    machine.shell("systemctl start shoestring-watchdog.service", upkeep.SLOW)
    before = machine.shell(STATE, upkeep.SLOW)
    result = machine.run(command, upkeep.SLOW)
    assert result.returncode == 0, result.stdout + result.stderr
    after = machine.shell(STATE, upkeep.SLOW)
    assert sorted(set(before.splitlines()) ^ set(after.splitlines())) == []
    assert after == before


def test_install_bookworm_serves_page(bookworm: Machine) -> None:
    prepared = bookworm.run(INSTALL.format(options="--prepare"), upkeep.SLOW)
    assert prepared.returncode == 0, prepared.stdout + prepared.stderr
    bookworm.shell(upkeep.LOAD_IMAGES, upkeep.SLOW)
    result = bookworm.run(INSTALL.format(options="--answers /root/answers.yaml --yes"), upkeep.SLOW)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "This is the application" in bookworm.serves(DOMAIN).body
    assert bookworm.shell("systemctl --failed --no-legend") == ""


def test_install_bookworm_again_changes_nothing(bookworm: Machine) -> None:
    assert_second_run_changes_nothing(bookworm, INSTALL.format(options="--answers /root/answers.yaml --yes"))
    # The next machine then has the host to itself.
    bookworm.power_cut()


def test_install_trixie_by_cloud_init_serves_page(trixie: Machine) -> None:
    status = json.loads(trixie.run("cloud-init status --format json", upkeep.SLOW).stdout)
    log = trixie.run("cat /var/log/cloud-init-output.log").stdout
    assert trixie.shell("cat /root/before") == ""
    assert (status["extended_status"], status["errors"], status["recoverable_errors"]) == ("done", [], {}), log
    assert "This is the application" in trixie.serves(DOMAIN).body
    assert trixie.shell("systemctl --failed --no-legend") == ""


def test_install_trixie_again_changes_nothing(trixie: Machine) -> None:
    assert_second_run_changes_nothing(trixie, INSTALL_AGAIN)
