"""VPN and firewall in a booted machine: made by setup, repaired by the watchdog, present after a reboot, removed.

The outside and the VPN client are a network namespace of this host with a cable to the machine, and only the output
of `vpn show`. The tests run in order.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
import yaml

from tests.support.engine import until
from tests.support.machine import upkeep
from tests.support.machine.machine import SSH, Machine
from tests.support.machine.outside import HERE, THERE, Outside, outside
from tests.support.machine.qemu import Disk
from tests.support.machine.set_up import ANSWERS, DOMAIN, Start
from tests.support.machine.upkeep import ROOT, SLOW, WATCHDOG, shell

SETTINGS = {**ANSWERS, "public": {"address": "::"}, "wireguard": {"enabled": True, "endpoint": HERE[0]}}
# It answers with the client address that it sees.
WHO = """\
services:
  application:
    image: busybox:1.37
    command:
      - sh
      - -c
      - |
        mkdir -p /www/cgi-bin
        printf '#!/bin/sh\\necho; echo "$$HTTP_X_FORWARDED_FOR"\\n' >/www/cgi-bin/who
        chmod +x /www/cgi-bin/who
        exec busybox httpd -f -p 80 -h /www
    restart: unless-stopped
"""
WIKI_HOST, GAME_HOST = f"wiki.internal.{DOMAIN}", f"game.{DOMAIN}"
WIKI = f"x-external-host-names: [{WIKI_HOST}]\n{WHO}"
GAME = f"""\
x-external-host-names: [{GAME_HOST}]
x-open-ports: [25565]
{WHO}\
    ports: ["9999:80", "9999:80/udp", "25565:80"]
"""
OPEN = [22, 80, 443, 25565]
PUBLISHED = 9999
# Else the kernel refuses few datagrams a second: icmp(7).
REFUSE_ALL = "sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv4.icmp_msgs_per_sec=1000000 net.ipv4.icmp_msgs_burst=1000000"
# The state of the host itself: all that setup adds must be removed again. Docker makes its rules in another order
# after a boot, and containerd takes any port of 127.0.0.1.
HOST = """\
nft --stateless list ruleset | sort
ls /etc/wireguard /etc/systemd/system /etc/sysctl.d /etc/tmpfiles.d /run/systemd/system
ip -brief link | cut -d ' ' -f 1 | grep -v -e veth -e ^br- | sort
ss -H -l -n -t -u | awk '{print $1, $5}' | grep -v 127.0.0.1: | sort
systemctl --failed --no-legend
cat /proc/swaps
ls /etc/docker /etc/shoestring /var/lib 2>/dev/null || true
sysctl net.ipv4.ip_forward net.ipv4.ip_nonlocal_bind
"""


def client_of_wiki(world: Outside, family: str) -> str:
    """Return the client address that the internal application sees, requested by name over trusted HTTPS."""
    trusted = ("--cacert", str(world.directory / "root.pem"), "--retry", "20", "--retry-all-errors")
    return world.curl(*trusted, family, f"https://{WIKI_HOST}:8444/cgi-bin/who").strip()


def assert_filtered(machine: Machine, world: Outside) -> None:
    """Assert that Docker publishes more, and that outside only open ports answer, of all and by both families."""
    published = f"curl -sS -o /dev/null -w '%{{http_code}}' http://127.0.0.1:{PUBLISHED}/cgi-bin/who"
    assert shell(machine, f"until {published} >/dev/null 2>&1; do sleep 1; done; {published}") == "200"
    assert machine.serves(DOMAIN).status == 200
    for address in HERE:
        assert world.scan(address, OPEN[0]) == (OPEN, 0)
        assert world.scan_udp(address) == ([], 0)


def began(machine: Machine, unit: str, which: str) -> int:
    """Return the time of an event of a unit, in microseconds since the boot."""
    return int(shell(machine, f"systemctl show -P {which}TimestampMonotonic {unit}"))


@pytest.fixture(scope="module")
def bare(start_once: Start, running: Disk) -> Machine:
    """A machine without Shoestring's host parts; /root/before has its state."""
    started = start_once(running)
    shell(
        started,
        # Remove all except the images, which have other names in the meantime: it is a bare host again.
        "names=$(docker image ls --format '{{.Repository}}:{{.Tag}}' | grep ^localhost/shoestring)\n"
        "for name in $names; do docker tag $name kept/$name; done\n"
        f"shoestring uninstall --purge --confirm {ROOT} --yes\n"
        "for name in $names; do docker tag kept/$name $name; docker image rm kept/$name; done >/dev/null\n"
        f"systemctl reset-failed; cat >/root/answers.yaml <<'END'\n{yaml.safe_dump(SETTINGS)}END",
    )
    return started


@pytest.fixture(scope="module")
def world(bare: Machine) -> Iterator[Outside]:
    """The outside, with a cable to the machine."""
    with outside(bare) as made:
        yield made


@pytest.fixture(scope="module")
def machine(bare: Machine, world: Outside) -> Machine:
    """A machine that `shoestring setup` made a VPN server, with a firewall, swap and log rotation."""
    shell(bare, f"{{\n{HOST}}} >/root/before")
    options = "--firewall --swap --log-rotation --yes"
    said = shell(bare, f"shoestring setup --answers /root/answers.yaml {options}")
    assert "checked from a network namespace through these rules" in said
    assert len(shell(bare, "cat /proc/swaps").splitlines()) == 2
    assert "max-size" in shell(bare, "cat /etc/docker/daemon.json")
    (world.directory / "root.pem").write_text(shell(bare, "shoestring ssl ca --pem") + "\n")
    for side, name, content in (("internal", "wiki", WIKI), ("public", "game", GAME)):
        upkeep.write(bare, side, name, content)
    shell(bare, "shoestring start")
    world.join(shell(bare, "shoestring vpn show laptop"))
    upkeep.stop_watchdog_timer(bare)
    return bare


def test_vpn_client_reaches_internal_services(machine: Machine, world: Outside) -> None:
    assert shell(machine, "ip -details link show wg0 | grep -c wireguard") == "1"
    addresses = shell(machine, "shoestring vpn show laptop | sed -n 's/^Address = //p'").split(", ")
    for family, address in zip(("-4", "-6"), addresses, strict=True):
        assert client_of_wiki(world, family) == address.partition("/")[0]
    assert shell(machine, "systemctl is-enabled wg-quick@wg0; systemctl is-active wg-quick@wg0") == "enabled\nactive"


def test_firewall_closes_published_ports(machine: Machine, world: Outside) -> None:
    assert_filtered(machine, world)
    status = shell(machine, "shoestring status")
    assert f"{PUBLISHED}/tcp, {PUBLISHED}/udp is published but blocked by the firewall" in status


def test_applications_see_client_address(machine: Machine, world: Outside) -> None:
    for here, there in zip(HERE, THERE, strict=True):
        address = f"[{here}]" if ":" in here else here
        resolve = ("--resolve", f"{GAME_HOST}:443:{address}")
        assert world.curl("-k", *resolve, f"https://{GAME_HOST}/cgi-bin/who").strip() == there


def test_firewall_after_docker_restart(machine: Machine, world: Outside) -> None:
    shell(machine, "systemctl restart docker")
    # It uses the file that setup wrote.
    limit = "docker inspect -f '{{index .HostConfig.LogConfig.Config \"max-size\"}}'"
    assert shell(machine, f"id=$(docker create $(docker image ls -q | head -n 1) x); {limit} $id; docker rm $id >&2")
    assert_filtered(machine, world)


def test_watchdog_unit_repairs_rules(machine: Machine, world: Outside) -> None:
    shell(machine, f"nft flush table inet shoestring_shoestring; systemctl start {WATCHDOG}")
    assert_filtered(machine, world)
    # It returns before our unit has loaded its rules again. Systemd must start the unit, so the test only waits.
    unit = "shoestring-firewall.service"
    shell(machine, f"systemctl restart nftables.service; until systemctl -q is-active {unit}; do sleep 0.2; done")
    assert world.scan(HERE[0], OPEN[0]) == (OPEN, 0)
    shell(machine, f"systemctl stop nftables.service; systemctl start {WATCHDOG}")


def test_vpn_and_firewall_after_reboot(machine: Machine, world: Outside) -> None:
    machine.reboot()
    assert 0 < began(machine, "shoestring-firewall", "ActiveEnter") < began(machine, "docker", "ExecMainStart")
    assert_filtered(machine, world)
    for family in ("-4", "-6"):
        client_of_wiki(world, family)
    assert "differs from its configuration" not in shell(machine, "shoestring vpn status")
    assert machine.run("systemd-analyze verify /etc/systemd/system/shoestring*").stderr == ""
    assert len(shell(machine, "cat /proc/swaps").splitlines()) == 2


def test_vpn_removed_client_has_no_access(machine: Machine, world: Outside) -> None:
    server = [each.partition("/")[0] for each in shell(machine, "ip -brief address show wg0").split()[2:]]
    reached = [address for address in server if world.reaches(address, 8444)]
    assert reached == [address for address in server if not address.startswith("fe80:")]
    shell(machine, "shoestring vpn remove laptop --yes")
    assert [address for address in server if world.reaches(address, 8444)] == []
    assert "0 clients" in shell(machine, "shoestring vpn status")


def test_vpn_tunnel_reaches_internal_services(machine: Machine, world: Outside) -> None:
    """The one SSH command and the lines of a hosts file, as they are printed."""
    printed = shell(machine, f"shoestring vpn tunnel --login root@{HERE[0]}").splitlines()
    command = next(line for line in printed if line.startswith("ssh ")).split()
    hosts = [line for line in printed if line.startswith("127.0.0.1 ")]
    (world.etc / "hosts").write_text("\n".join(hosts) + "\n")
    tunnel = subprocess.Popen(world.namespace.argv(command[0], *SSH, "-i", str(machine.key), *command[1:]))
    try:
        until(lambda: world.reaches("127.0.0.1", 8444), bool)
        assert client_of_wiki(world, "-4") == "10.12.0.1"
    finally:
        tunnel.kill()
        tunnel.wait()


def test_firewall_off_and_rollback_by_timer(machine: Machine, world: Outside) -> None:
    shell(machine, "shoestring firewall off --yes; ! systemctl cat shoestring-firewall.service 2>/dev/null")
    before = shell(machine, "nft --stateless list ruleset")
    assert "shoestring_" not in before
    # Without it every port answers or refuses: no probe was lost before.
    assert world.scan(HERE[0], OPEN[0]) == ([*OPEN[:3], PUBLISHED, OPEN[3]], 65535 - len(OPEN) - 1)
    shell(machine, REFUSE_ALL)
    answered, refused = world.scan_udp(HERE[0])
    # While it sends one refusal the kernel leaves out others (icmp_xmit_lock): of thousands, a few.
    assert (answered, refused > 60000) == ([], True), refused
    tried = (
        "import os; from pathlib import Path; from installer.firewall import manage; "
        "from runtime.base.paths import Paths;"
        f"manage.begin(manage.inspect(Paths(Path('{ROOT}')), again=True), 30); os.kill(os.getpid(), 9)"
    )
    machine.run(f'/opt/pipx/venvs/shoestring/bin/python -I -c "{tried}"', SLOW)
    assert "shoestring_" in shell(machine, "nft list tables")
    shell(machine, "while nft list tables | grep -q shoestring_; do sleep 0.5; done")
    assert shell(machine, "nft --stateless list ruleset") == before


def test_uninstall_restores_host(machine: Machine) -> None:
    shell(machine, "shoestring firewall on --yes")
    shell(machine, f"shoestring uninstall --purge --confirm {ROOT} --yes")
    assert shell(machine, f"{{\n{HOST}}} >/root/after; diff /root/before /root/after || true") == ""
    assert shell(machine, "docker ps -aq; docker image ls -q; docker volume ls -q; ls /srv") == ""
