"""The installer on hosts that have nothing: the demo, twice, and its removal. The tests run in order."""

from __future__ import annotations

import pytest

from tests.support.install.host import Host

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

# All that a second run must not change.
STATE = """
dpkg-query -W
find /etc /usr/local/bin /opt/pipx /var/lib/apt/lists /srv/shoestring-demo -type f -printf '%p %T@\\n' |
  grep -v __pycache__ | LC_ALL=C sort
docker ps --no-trunc --format '{{.ID}} {{.Names}}' | LC_ALL=C sort
"""

# What man and the shells read.
SHARED = (
    "/etc/fish/completions/shoestring.fish "
    "/usr/local/share/bash-completion/completions/shoestring "
    "/usr/local/share/man/man1/shoestring.1 "
    "/usr/local/share/zsh/site-functions/_shoestring"
)


def test_demo_serves_both_pages(host: Host) -> None:
    result = host.install("--demo")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "https://example.test:8443/ answered 200" in result.stdout
    assert "https://internal.example.test:8444/ answered 200" in result.stdout
    assert "This is the application <b>example</b>" in result.stdout
    assert "install.sh --remove" in result.stdout


def test_man_page_and_completion_are_installed(host: Host) -> None:
    links = host.shell(f"ls {SHARED}").split()
    assert links == SHARED.split()
    assert host.shell(f"cat {SHARED}").count("shoestring") > len(links)


def test_demo_again_changes_nothing(host: Host) -> None:
    before = host.shell(STATE)
    result = host.install("--demo")
    assert result.returncode == 0, result.stdout + result.stderr
    assert host.shell(STATE) == before


def test_packages_from_next_debian(host: Host) -> None:
    host.shell("apt-get update")
    assert " 0 newly installed" in host.shell("apt-get --simulate dist-upgrade").replace(",", " ").replace("  ", " ")
    if host.suite == "bookworm":
        policy = host.shell("apt-cache policy docker-compose docker-cli")
        assert "Candidate: 2." in policy
        assert "Candidate: (none)" in policy
        assert ".deb13" not in host.shell("apt-cache policy $(dpkg-query -Wf '${Package} ') | grep Candidate")


def test_compose_from_docker_unreachable_repository(host: Host) -> None:
    script = """
    cd /shoestring/packaging
    for file in lib/*.sh; do . $file; done
    OS_RELEASE=/etc/os-release FAMILY=debian
    fetch() { install -D /dev/null "$2"; }
    ! compose_from_docker
    find /etc -name '*docker*' -path '*apt*'
    """
    assert host.shell(script) == ""
    host.shell("apt-get update")


def test_prepare_starts_stopped_engine(host: Host) -> None:
    host.shell("pid=$(cat /run/docker.pid); kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.2; done")
    result = host.install("--prepare")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "the engine was started by this script" in result.stdout


# A run that has to start a container; the engine stops while Compose works.
RESTART_DURING_RUN = """
docker rm --force shoestring-demo_example-application-1
run() { /opt/pipx/venvs/shoestring/bin/python -m runtime --data-directory /srv/shoestring-demo watchdog; }
run >/tmp/run 2>&1 &
run=$!
until pgrep --full 'compose .* up ' >/dev/null || ! kill -0 $run 2>/dev/null; do sleep 0.02; done
engine=$(cat /run/docker.pid)
kill $engine
while kill -0 $engine 2>/dev/null; do sleep 0.1; done
code=0
wait $run || code=$?
grep -c Traceback /tmp/run || true
echo "code $code"
"""


def test_watchdog_engine_restart_during_run(host: Host) -> None:
    said = host.shell(RESTART_DURING_RUN)
    assert "\n0\ncode 1" in said
    assert host.install("--prepare").returncode == 0
    host.shell("rm -f /run/shoestring/shoestring-demo/attempts.json")
    host.shell("/opt/pipx/venvs/shoestring/bin/python -m runtime --data-directory /srv/shoestring-demo watchdog")
    page = host.shell(
        "curl --silent --insecure --fail --retry 20 --retry-all-errors --retry-delay 1 "
        "--resolve example.test:8443:127.0.0.1 https://example.test:8443/"
    )
    assert "It works" in page
    assert host.shell("docker ps --quiet | wc -l").strip() == "3"


def test_demo_remove(host: Host) -> None:
    result = host.install("--demo", "--remove")
    assert result.returncode == 0, result.stdout + result.stderr
    assert host.shell("docker ps --all --quiet; docker image ls --quiet --filter label=shoestring.image") == ""
    assert host.shell("docker network ls --format '{{.Name}}' | LC_ALL=C sort | xargs") == "bridge host none\n"
    assert host.shell("ls -d /srv/* /run/shoestring /var/lib/shoestring* /etc/shoestring 2>/dev/null || true") == ""
    assert host.install("--remove").stdout == "There is no demo on this host.\n"
    # What it prints last: how Shoestring itself is removed.
    commands = [line.strip().removeprefix("sudo ") for line in result.stdout.splitlines() if " sudo " in line]
    assert len(commands) == 2
    host.shell("\n".join(commands))
    assert host.shell("find /usr/local /etc/fish -name '*shoestring*'") == ""
