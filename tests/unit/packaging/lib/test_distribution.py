"""Which distribution a host is and what its packages are called.

Only Debian is booted by the tests; the other distributions are here by the text of their os-release.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from installer.uninstall.run import PACKAGE_HINT
from tests.support.install.shell import Shell

ROOT = Path(__file__).resolve().parents[4]
# For all users, and where sudo looks: pipx alone would link into ~/.local/bin of whoever runs it.
PIPX_BY_HAND = "sudo PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin pipx"

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
    """An os-release file with the text of the distribution that the test names."""
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
def test_family_of_a_faked_os_release(shell: Shell, os_release: Path, family: str) -> None:
    assert shell('family_of "$1"', os_release).stdout == family


@pytest.mark.parametrize(
    ("family", "engine", "tool"),
    [
        ("debian", "docker.io", "ps:procps"),
        ("fedora", "moby-engine docker", "git:git-core"),
        ("amazon", "docker", "curl:curl-minimal"),
    ],
)
def test_package_names_of_a_faked_family(shell: Shell, family: str, engine: str, tool: str) -> None:
    assert shell("engine_packages $1", family).stdout.strip() == engine
    assert tool in shell("tool_packages $1", family).stdout.split()


def test_a_python_that_is_newer_than_the_default_has_a_package_name(shell: Shell) -> None:
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
def test_docker_repository_for_a_faked_os_release(
    shell: Shell, os_release: Path, family: str, directory: str
) -> None:
    assert shell('docker_repository "$1" "$2"', os_release, family).stdout.strip() == directory


def test_only_packages_of_missing_commands_are_named(shell: Shell) -> None:
    assert shell("missing_packages bash:bash no-such-command:its-package").stdout.split() == ["its-package"]


# A package manager that was cut off, with what configures the rest: dpkg, apt or nothing.
FAKED_PACKAGES = """
refresh_index() { echo refresh >>heard; }
dpkg() { echo "dpkg $*" >>heard; [[ $MENDED_BY == dpkg ]]; }
apt-get() { echo "apt-get $*" >>heard; [[ $MENDED_BY == apt ]]; }
begin tools
finish_packages
"""
CONFIGURE = "dpkg --force-confold --configure -a"


@pytest.mark.parametrize(
    ("mended_by", "count"),
    [("dpkg", 1), ("apt", 3), ("nothing", 3)],
)
def test_finish_packages_after_a_power_cut(shell: Shell, tmp_path: Path, mended_by: str, count: int) -> None:
    """Also where that cannot be: what is installed next says why."""
    result = shell(FAKED_PACKAGES, FAMILY="debian", MENDED_BY=mended_by)
    assert (result.returncode, result.stdout) == (0, "")
    heard = (tmp_path / "heard").read_text().splitlines()
    assert (heard[0], len(heard)) == (CONFIGURE, count)
    # What they need may not be unpacked yet. Nothing of a person goes for that.
    for line in heard[2:]:
        assert " install --fix-broken --no-remove " in line
        assert "Timeout=300" in line


def test_a_faked_family_without_dpkg_has_nothing_to_finish(shell: Shell, tmp_path: Path) -> None:
    assert shell(FAKED_PACKAGES, FAMILY="fedora", MENDED_BY="nothing").returncode == 0
    assert not (tmp_path / "heard").exists()


def test_packages_are_finished_before_anything_is_looked_for() -> None:
    """A program may be there already, and not work yet."""
    text = (ROOT / "packaging" / "install.sh").read_text()
    tools = text[text.index("install_tools() {") : text.index("prepare() {")]
    assert tools.index("finish_packages") < tools.index("missing_packages")


@pytest.mark.skipif(os.geteuid() != 0, reason="the installer looks at the distribution as root only")
def test_an_unknown_distribution_is_told_in_a_sentence(tmp_path: Path) -> None:
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
    assert f"{PIPX_BY_HAND} install {ROOT}\n" in result.stdout


def test_pipx_is_told_in_the_same_way_everywhere() -> None:
    assert f"\n    {PIPX_BY_HAND} install .\n" in (ROOT / "README.md").read_text()
    assert f"{PIPX_BY_HAND} uninstall shoestring" in PACKAGE_HINT
