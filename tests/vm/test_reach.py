"""VPN and firewall in a booted machine: made by setup, there again after a reboot, kept by the watchdog, all removed.

Who is outside, and who is a client of the VPN, is one network namespace of the machine's own, with a cable to it and
only what `vpn show` prints. The tests follow each other.
"""

from __future__ import annotations

import pytest
import yaml

from tests.vm import upkeep
from tests.vm.conftest import ANSWERS, DOMAIN, Start
from tests.vm.machine import Machine
from tests.vm.qemu import Disk
from tests.vm.upkeep import CONF, ROOT, SLOW, WATCHDOG, shell

# QEMU's own network gives the guest this address.
ENDPOINT = "10.0.2.15"
SETTINGS = {**ANSWERS, "public": {"address": "::"}, "wireguard": {"enabled": True, "endpoint": ENDPOINT}}
# It answers with the address that it was told its client has.
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
    ports: ["9999:80", "25565:80"]
"""
# This machine, and who is outside, by both families.
HERE = ("192.0.2.1", "2001:db8::1")
THERE = ("192.0.2.2", "2001:db8::2")
OUTSIDE = f"""\
ip netns add outside
ip link add cable type veth peer name plug netns outside
ip address add {HERE[0]}/30 dev cable && ip address add {HERE[1]}/64 dev cable nodad && ip link set cable up
ip -n outside address add {THERE[0]}/30 dev plug && ip -n outside address add {THERE[1]}/64 dev plug nodad
ip -n outside link set plug up && ip -n outside link set lo up
ip -n outside route add default via {HERE[0]} && ip -n outside route add default via {HERE[1]}
"""
# No resolver daemon runs in a namespace: its resolv.conf gets what the DNS line says.
CLIENT = """\
shoestring vpn show laptop > /root/laptop.txt
mkdir -p /etc/netns/outside
sed -n 's/^DNS = \\([^,]*\\),.*/nameserver \\1/p' /root/laptop.txt > /etc/netns/outside/resolv.conf
(umask 077; sed '/^DNS/d' /root/laptop.txt > /etc/wireguard/laptop.conf)
ip netns exec outside wg-quick up laptop
"""
CURL = "ip netns exec outside curl -sS --max-time 60"
ASK = f"{CURL} -f --retry 20 --retry-all-errors --cacert /root/root.pem"
OPEN = [22, 80, 443, 25565]
PORTS = [*OPEN, 9999]
# All at once. Those that should answer have long for it, since a machine may be slow; the other one never answers.
TRY = f"""\
try() {{ ip netns exec outside timeout $1 bash -c "</dev/tcp/$2/$3" 2>/dev/null && echo $2 $3; }}
for address in {" ".join(HERE)}; do
  for port in {" ".join(map(str, OPEN))}; do try 60 $address $port & done
  try 10 $address 9999 &
done
wait"""
# What the host has of its own: all that setup adds must go again. Docker makes its rules in another order after a
# boot, and containerd takes any port of 127.0.0.1.
HOST = """\
nft --stateless list ruleset | sort
ls /etc/wireguard /etc/systemd/system /etc/sysctl.d /etc/tmpfiles.d /run/systemd/system
ip -brief link | cut -d ' ' -f 1 | grep -v -e veth -e ^br- -e cable | sort
ss -H -l -n -t -u | awk '{print $1, $5}' | grep -v 127.0.0.1: | sort
systemctl --failed --no-legend
sysctl net.ipv4.ip_forward net.ipv4.ip_nonlocal_bind
"""


def reached(machine: Machine) -> list[int]:
    """The ports that answer who is outside; the same by IPv4 and IPv6."""
    answers = {tuple(line.split()) for line in shell(machine, TRY).splitlines()}
    found = [[port for port in PORTS if (address, str(port)) in answers] for address in HERE]
    assert found[0] == found[1]
    return found[0]


def client_of_wiki(machine: Machine, option: str) -> str:
    """Whom the internal application has for its client, when it was asked by the VPN."""
    return shell(machine, f"{ASK} {option} https://{WIKI_HOST}:8444/cgi-bin/who")


def is_filtered(machine: Machine) -> None:
    """Docker publishes both ports, and outside one of them answers."""
    published = "curl -sS -o /dev/null -w '%{http_code}' http://127.0.0.1:9999/cgi-bin/who"
    assert shell(machine, f"until {published} >/dev/null 2>&1; do sleep 1; done; {published}") == "200"
    assert machine.serves(DOMAIN).status == 200
    assert reached(machine) == OPEN


def began(machine: Machine, unit: str, which: str) -> int:
    """When a unit did something, in microseconds since the boot."""
    return int(shell(machine, f"systemctl show -P {which}TimestampMonotonic {unit}"))


@pytest.fixture(scope="module")
def machine(start_once: Start, running: Disk) -> Machine:
    """A machine that `shoestring setup` made a VPN server with a firewall of; /root/before tells how it was."""
    started = start_once(running)
    shell(
        started,
        # All goes but the images, which have other names meanwhile: it is a bare host again.
        "names=$(docker image ls --format '{{.Repository}}:{{.Tag}}' | grep ^localhost/shoestring)\n"
        "for name in $names; do docker tag $name kept/$name; done\n"
        f"shoestring uninstall --purge --name {ROOT} --yes\n"
        "for name in $names; do docker tag kept/$name $name; docker image rm kept/$name; done >/dev/null\n"
        f"systemctl reset-failed; {{\n{HOST}}} >/root/before\n"
        f"cat >/root/answers.yaml <<'END'\n{yaml.safe_dump(SETTINGS)}END",
    )
    said = shell(started, "shoestring setup --answers /root/answers.yaml --firewall --yes")
    assert "asked from a network namespace through these rules" in said
    shell(started, f"shoestring ssl ca --pem >/root/root.pem\n{OUTSIDE}{CLIENT}")
    for side, name, content in (("internal", "wiki", WIKI), ("public", "game", GAME)):
        shell(started, f"cat >{CONF}/applications-{side}/{name}.yaml <<'END'\n{content}END")
    shell(started, "shoestring start")
    upkeep.by_hand(started)
    return started


def test_the_client_reaches_internal_services_by_name_over_trusted_https(machine: Machine) -> None:
    assert shell(machine, "ip -details link show wg0 | grep -c wireguard") == "1"
    assert client_of_wiki(machine, "-4") == "10.12.0.2"
    own = shell(machine, "sed -n 's/^Address.*, //p' /root/laptop.txt").partition("/")[0]
    assert client_of_wiki(machine, "-6") == own
    assert shell(machine, "systemctl is-enabled wg-quick@wg0; systemctl is-active wg-quick@wg0") == "enabled\nactive"


def test_docker_s_ports_are_closed_but_those_that_are_listed(machine: Machine) -> None:
    is_filtered(machine)
    assert "published, but closed by the firewall: 9999/tcp" in shell(machine, "shoestring status")


def test_applications_see_who_asks_from_outside(machine: Machine) -> None:
    for here, there in zip(HERE, THERE, strict=True):
        address = f"[{here}]" if ":" in here else here
        asked = f"{CURL} -kf --resolve {GAME_HOST}:443:{address} https://{GAME_HOST}/cgi-bin/who"
        assert shell(machine, asked) == there


def test_docker_restarts(machine: Machine) -> None:
    shell(machine, "systemctl restart docker")
    is_filtered(machine)


def test_the_watchdog_s_unit_mends_the_rules(machine: Machine) -> None:
    shell(machine, f"nft flush table inet shoestring_shoestring; systemctl start {WATCHDOG}")
    assert reached(machine) == OPEN
    # It ends before our unit has loaded its rules again. The unit is waited for, not started: that is systemd's part.
    unit = "shoestring-firewall.service"
    shell(machine, f"systemctl restart nftables.service; until systemctl -q is-active {unit}; do sleep 0.2; done")
    assert reached(machine) == OPEN
    shell(machine, f"systemctl stop nftables.service; systemctl start {WATCHDOG}")


def test_all_of_it_is_there_again_after_a_reboot(machine: Machine) -> None:
    machine.reboot()
    assert 0 < began(machine, "shoestring-firewall", "ActiveEnter") < began(machine, "docker", "ExecMainStart")
    shell(machine, f"{OUTSIDE}{CLIENT}")
    is_filtered(machine)
    client_of_wiki(machine, "-6")
    assert "not what the files say" not in shell(machine, "shoestring vpn status")
    assert machine.run("systemd-analyze verify /etc/systemd/system/shoestring*").stderr == ""


def test_who_is_removed_reaches_nothing(machine: Machine) -> None:
    shell(machine, "shoestring vpn remove laptop --yes")
    assert machine.run(f"{CURL} --max-time 5 http://10.12.0.1:8081/").returncode != 0
    assert "0 clients" in shell(machine, "shoestring vpn status")


def test_the_tunnel_leads_there_without_the_vpn(machine: Machine) -> None:
    """The one SSH command and the lines of a hosts file, as they are printed."""
    printed = shell(machine, f"shoestring tunnel --login root@{HERE[0]}").splitlines()
    command = next(line for line in printed if line.startswith("ssh "))
    hosts = "\n".join(line for line in printed if line.startswith("127.0.0.1 "))
    shell(
        machine,
        "ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519\n"
        "cat /root/.ssh/id_ed25519.pub >>/root/.ssh/authorized_keys\n"
        "echo StrictHostKeyChecking accept-new >/root/.ssh/config\n"
        f"echo '{hosts}' >/etc/netns/outside/hosts; ip -n outside link set lo up\n"
        f"systemd-run --quiet --unit=tunnel -p User=root -E HOME=/root ip netns exec outside {command}",
    )
    assert client_of_wiki(machine, "-4") == "10.12.0.1"
    shell(machine, "systemctl stop tunnel; rm /etc/netns/outside/hosts")


def test_a_killed_command_is_undone_by_a_timer_and_off_leaves_nothing(machine: Machine) -> None:
    shell(machine, "shoestring firewall off --yes; ! systemctl cat shoestring-firewall.service 2>/dev/null")
    before = shell(machine, "nft --stateless list ruleset")
    assert "shoestring_" not in before
    assert 9999 in reached(machine)
    tried = (
        "import os; from pathlib import Path; from installer.firewall import manage; from runtime.paths import Paths;"
        f"manage.begin(manage.look(Paths(Path('{ROOT}')), anew=True), 30); os.kill(os.getpid(), 9)"
    )
    machine.run(f'/opt/pipx/venvs/shoestring/bin/python -I -c "{tried}"', SLOW)
    assert "shoestring_" in shell(machine, "nft list tables")
    shell(machine, "while nft list tables | grep -q shoestring_; do sleep 0.5; done")
    assert shell(machine, "nft --stateless list ruleset") == before


def test_an_uninstallation_leaves_the_host_as_it_was(machine: Machine) -> None:
    shell(machine, "shoestring firewall on --yes; ip netns del outside; rm /etc/wireguard/laptop.conf")
    shell(machine, f"shoestring uninstall --purge --name {ROOT} --yes")
    assert shell(machine, f"{{\n{HOST}}} >/root/after; diff /root/before /root/after || true") == ""
    assert shell(machine, "docker ps -aq; docker image ls -q; docker volume ls -q; ls /srv") == ""
