"""The distribution of a host, and the names of its packages.

Other tests boot Debian only; here the other distributions are tested by the text of their os-release.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from installer.uninstall.run import PACKAGE_HINT
from tests.support.install.shell import Shell

ROOT = Path(__file__).resolve().parents[4]
# For all users, and on sudo's PATH: pipx alone would link into ~/.local/bin of its user.
PIPX_BY_HAND = "sudo PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin"
WITH_SHARE = "PIPX_MAN_DIR=/usr/local/share/man PIPX_COMPLETION_DIR=/usr/local/share"

pytestmark = pytest.mark.processes

OS_RELEASES = {
    "debian 12": 'NAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n',
    "debian 13": 'NAME="Debian GNU/Linux"\nVERSION_ID="13"\nVERSION_CODENAME=trixie\nID=debian\n',
    "ubuntu 24.04": 'VERSION_ID="24.04"\nVERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\nUBUNTU_CODENAME=noble\n',
    "mint 22": 'VERSION_ID="22"\nVERSION_CODENAME=wilma\nID=linuxmint\nID_LIKE="ubuntu debian"\n',
    "fedora 42": 'NAME="Fedora Linux"\nVERSION_ID=42\nID=fedora\nVARIANT_ID=server\n',
    "rocky 9": 'NAME="Rocky Linux"\nVERSION_ID="9.5"\nID="rocky"\nID_LIKE="rhel centos fedora"\n',
    "amazon 2023": 'NAME="Amazon Linux"\nVERSION_ID="2023"\nID="amzn"\nID_LIKE="fedora"\n',
    "arch": 'NAME="Arch Linux"\nID=arch\n',
    "empty": "",
}


@pytest.fixture
def os_release(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An os-release file of the distribution that the test names."""
    file = tmp_path / "os-release"
    file.write_text(OS_RELEASES[request.param])
    return file


@pytest.mark.parametrize(
    ("os_release", "family"),
    [
        ("debian 12", "debian"),
        ("debian 13", "debian"),
        ("ubuntu 24.04", "debian"),
        ("mint 22", "debian"),
        ("fedora 42", "fedora"),
        ("rocky 9", "fedora"),
        ("amazon 2023", "amazon"),
        ("arch", ""),
        ("empty", ""),
    ],
    indirect=["os_release"],
)
def test_family_of_os_release(shell: Shell, os_release: Path, family: str) -> None:
    assert shell('family_of "$1"', os_release).stdout == family


@pytest.mark.parametrize(
    ("family", "engine", "tool"),
    [
        ("debian", "docker.io", "ps:procps"),
        ("fedora", "moby-engine docker", "git:git-core"),
        ("amazon", "docker", "curl:curl-minimal"),
    ],
)
def test_engine_and_tool_packages_of_family(shell: Shell, family: str, engine: str, tool: str) -> None:
    assert shell("engine_packages $1", family).stdout.strip() == engine
    assert tool in shell("tool_packages $1", family).stdout.split()


def test_python_packages_newest_first(shell: Shell) -> None:
    assert shell("python_packages amazon").stdout.split() == ["python3.13", "python3.12", "python3.11"]
    assert shell("python_packages debian").stdout.split()[-1] == "python3.11-venv"


@pytest.mark.parametrize(
    ("os_release", "family", "directory"),
    [
        ("debian 12", "debian", "linux/debian"),
        ("ubuntu 24.04", "debian", "linux/ubuntu"),
        ("mint 22", "debian", "linux/ubuntu"),
        ("fedora 42", "fedora", "linux/fedora/42"),
        ("rocky 9", "fedora", "linux/centos/9"),
        ("amazon 2023", "amazon", "linux/centos/9"),
    ],
    indirect=["os_release"],
)
def test_docker_repository_of_os_release(shell: Shell, os_release: Path, family: str, directory: str) -> None:
    assert shell('docker_repository "$1" "$2"', os_release, family).stdout.strip() == directory


def test_missing_packages_of_missing_commands(shell: Shell) -> None:
    assert shell("missing_packages bash:bash no-such-command:its-package").stdout.split() == ["its-package"]


# An interrupted package manager; dpkg, apt or nothing configures the rest.
FAKED_PACKAGES = """
refresh_index() { echo refresh >>calls; }
dpkg() { echo "dpkg $*" >>calls; [[ $REPAIRED_BY == dpkg ]]; }
apt-get() { echo "apt-get $*" >>calls; [[ $REPAIRED_BY == apt ]]; }
begin tools
finish_packages
"""
CONFIGURE = "dpkg --force-confold --configure -a"


@pytest.mark.parametrize(
    ("repaired_by", "count"),
    [("dpkg", 1), ("apt", 3), ("nothing", 3)],
)
def test_finish_packages_after_power_cut(shell: Shell, tmp_path: Path, repaired_by: str, count: int) -> None:
    """If nothing repairs it, the next installation reports why."""
    result = shell(FAKED_PACKAGES, FAMILY="debian", REPAIRED_BY=repaired_by)
    assert (result.returncode, result.stdout) == (0, "")
    calls = (tmp_path / "calls").read_text().splitlines()
    assert (calls[0], len(calls)) == (CONFIGURE, count)
    # Their dependencies may not be unpacked yet. No package of the user is removed for them.
    for line in calls[2:]:
        assert " install --fix-broken --no-remove " in line
        assert "Timeout=300" in line


def test_finish_packages_without_dpkg(shell: Shell, tmp_path: Path) -> None:
    assert shell(FAKED_PACKAGES, FAMILY="fedora", REPAIRED_BY="nothing").returncode == 0
    assert not (tmp_path / "calls").exists()


def test_install_tools_finishes_packages_first() -> None:
    """A program may be present but not work yet."""
    text = (ROOT / "packaging" / "install.sh").read_text()
    tools = text[text.index("install_tools() {") : text.index("prepare() {")]
    assert tools.index("finish_packages") < tools.index("missing_packages")


@pytest.mark.skipif(os.geteuid() != 0, reason="the installer checks the distribution only as root")
def test_install_refuses_unknown_distribution(tmp_path: Path) -> None:
    file = tmp_path / "os-release"
    file.write_text(OS_RELEASES["arch"])
    install = ROOT / "packaging" / "install.sh"
    result = subprocess.run(
        ("bash", str(install), "--prepare"),
        env={
            "PATH": "/usr/bin:/bin",
            "SHOESTRING_OS_RELEASE": str(file),
            "SHOESTRING_INSTALL_LOG": str(tmp_path / "log"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert "neither Debian" in result.stdout
    assert f"{PIPX_BY_HAND} {WITH_SHARE} pipx install {ROOT}\n" in result.stdout


def test_pipx_command_is_the_same_everywhere() -> None:
    readme = " ".join((ROOT / "README.md").read_text().replace("\\", "").split())
    assert f" {PIPX_BY_HAND} {WITH_SHARE} pipx install . " in readme
    assert f"{PIPX_BY_HAND} pipx uninstall shoestring" in PACKAGE_HINT
