"""The start of the engine, and the order of the sources of Compose.

Package managers, systemd and the engine are faked here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.install.shell import Shell

pytestmark = pytest.mark.processes

# Each source of Compose is available or not; the test reads the calls.
FAKED = """
OS_RELEASE=os-release FAMILY=debian
VERSION=""
compose_version() { [[ -n $VERSION ]] && echo "$VERSION"; }
refresh_index() { :; }
fetch() { echo "fetch $1"; return 1; }
candidate_version() { [[ " $CANDIDATES " == *" $1="* ]] && sed "s/.* $1=\\([^ ]*\\) .*/\\1/" <<<" $CANDIDATES "; }
try_install_packages() { echo "install $1"; VERSION=2.30.1; }
compose_from_next_debian() { echo "next Debian"; VERSION=2.26.1-4; COMPOSE_FROM=trixie; }
"""


@pytest.mark.parametrize("version", ["2.20.0", "v2.26.1", "2.26.1-4", "5.0.1"])
def test_install_compose_keeps_present_version(shell: Shell, version: str) -> None:
    result = shell(f"{FAKED}\nVERSION={version}\ninstall_compose", CANDIDATES="docker-compose-v2=2.40")
    assert "there already" in result.stdout
    assert "install" not in result.stdout


@pytest.mark.parametrize(
    ("candidates", "package"),
    [
        ("docker-compose-v2=2.24.6 docker-compose=1.29.2", "docker-compose-v2"),
        ("docker-compose=2.26.1-4", "docker-compose"),
        ("docker-compose-plugin=2.40.3 docker-compose-v2=2.24.6", "docker-compose-plugin"),
    ],
)
def test_install_compose_prefers_package_of_distribution(shell: Shell, candidates: str, package: str) -> None:
    result = shell(f"{FAKED}\ninstall_compose", CANDIDATES=candidates)
    assert result.returncode == 0
    assert result.stdout.splitlines()[0] == f"install {package}"
    assert "fetch" not in result.stdout


def test_install_compose_tries_docker_before_next_debian(shell: Shell) -> None:
    result = shell(
        f"{FAKED}\nos_release() {{ :; }}\ncompose_from_docker() {{ echo docker; return 1; }}\ninstall_compose",
        CANDIDATES="docker-compose=1.29.2-3",
    )
    assert result.stdout.splitlines()[:2] == ["docker", "next Debian"]
    assert "trixie" in result.stdout.splitlines()[2]


def test_install_compose_without_source(shell: Shell) -> None:
    result = shell(
        f"{FAKED}\ncompose_from_docker() {{ false; }}\ncompose_from_next_debian() {{ false; }}\ninstall_compose",
        CANDIDATES="",
    )
    assert result.returncode == 1
    assert "Install the plug-in" in result.stdout


@pytest.mark.parametrize("text", ["ID=debian\nVERSION_ID=13\n", "ID=ubuntu\nVERSION_ID=12\n", "ID=fedora\n"])
def test_compose_from_next_debian_only_on_debian_12(shell: Shell, tmp_path: Path, text: str) -> None:
    (tmp_path / "os-release").write_text(text)
    assert shell("OS_RELEASE=os-release\ncompose_from_next_debian").returncode == 1


# An engine that runs or not, and systemd with or without its unit.
FAKED_ENGINE = """
ENGINE_FROM="there already"
systemd_runs() { [[ -n $SYSTEMD ]]; }
engine_answers() { [[ -e running ]]; }
docker() { echo 28.5.2; }
systemctl() { [[ -n $UNIT ]] || return 1; echo "$*" >>calls; [[ $* != *--now* ]] || touch running; }
start_engine_without_systemd() { touch running; }
begin "Docker Engine"
"""


@pytest.mark.parametrize(
    ("running", "called"), [(False, "enable --now docker\n"), (True, "enable docker\n")], ids=["stopped", "running"]
)
def test_start_engine_enables_unit(shell: Shell, tmp_path: Path, running: bool, called: str) -> None:
    """On Amazon Linux a package enables no unit, and a user may have started it without enabling it."""
    if running:
        (tmp_path / "running").touch()
    result = shell(f"{FAKED_ENGINE}\nstart_engine", SYSTEMD="yes", UNIT="yes")
    assert (result.returncode, result.stdout.split()[-4:]) == (0, ["Engine", "28.5.2,", "there", "already"])
    assert (tmp_path / "calls").read_text() == called


@pytest.mark.parametrize("systemd", ["yes", ""])
def test_start_engine_accepts_engine_without_unit(shell: Shell, tmp_path: Path, systemd: str) -> None:
    """Such as an engine of a snap, or one started by hand."""
    (tmp_path / "running").touch()
    result = shell(f"{FAKED_ENGINE}\nstart_engine", SYSTEMD=systemd, UNIT="")
    assert result.returncode == 0
    assert "28.5.2" in result.stdout


def test_start_engine_without_systemd(shell: Shell, tmp_path: Path) -> None:
    result = shell(f"{FAKED_ENGINE}\nstart_engine", SYSTEMD="", UNIT="yes")
    assert result.returncode == 0
    assert (tmp_path / "running").exists()
    assert not (tmp_path / "calls").exists()
