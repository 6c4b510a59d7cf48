"""The VPN in a booted machine: the kernel's WireGuard, systemd, real names and trusted HTTPS, also after a reboot.

The client is a network namespace of the machine's own, with a cable to it and only what `vpn` prints.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.vm.conftest import ANSWERS, DOMAIN, Start
from tests.vm.machine import Machine
from tests.vm.qemu import Disk, Seed

# QEMU's own network gives the guest this address.
ENDPOINT = "10.0.2.15"
SETTINGS = {**ANSWERS, "wireguard": {"enabled": True, "endpoint": ENDPOINT}}
WIKI = f"""\
x-external-host-names: [wiki.internal.{DOMAIN}]
services:
  application:
    image: busybox:1.37
    command: [busybox, httpd, -f, -p, "80", -h, /bin]
    restart: unless-stopped
"""
# No resolver daemon runs in a namespace: its resolv.conf gets what the DNS line says.
CLIENT = """\
ip netns add client
ip link add cable type veth peer name plug netns client
ip address add 192.0.2.1/30 dev cable && ip link set cable up
ip -n client address add 192.0.2.2/30 dev plug && ip -n client link set plug up && ip -n client link set lo up
ip -n client route add default via 192.0.2.1
shoestring vpn show laptop > /root/laptop.txt
mkdir -p /etc/netns/client
sed -n 's/^DNS = \\([^,]*\\),.*/nameserver \\1/p' /root/laptop.txt > /etc/netns/client/resolv.conf
(umask 077; sed '/^DNS/d' /root/laptop.txt > /etc/wireguard/laptop.conf)
ip netns exec client wg-quick up laptop
"""
CURL = "ip netns exec client curl -sS --max-time 20"
ASK = f"{CURL} --retry 10 --retry-all-errors --cacert /root/root.pem -o /dev/null -w '%{{http_code}}'"


@pytest.fixture(scope="module")
def machine(start_once: Start, loaded_image: Path) -> Machine:
    """A machine that `shoestring setup` made a VPN server of, and a client beside it."""
    started = start_once(Disk(loaded_image / "shoestring.raw"), seed=Seed())
    started.wait()
    started.shell(f"cat > /root/answers.yaml <<'END'\n{yaml.safe_dump(SETTINGS)}END")
    started.shell("shoestring setup --answers /root/answers.yaml --yes", 600)
    started.shell("shoestring ssl ca --pem > /root/root.pem")
    started.shell(CLIENT)
    return started


def test_the_client_reaches_internal_services_by_name_over_trusted_https(machine: Machine) -> None:
    assert machine.shell("ip -details link show wg0 | grep -c wireguard") == "1"
    assert machine.shell(f"{ASK} https://internal.{DOMAIN}:8444/") == "200"
    file = "/srv/shoestring/conf/applications-internal/wiki.yaml"
    machine.shell(f"cat > {file} <<'END'\n{WIKI}END\nshoestring start", 300)
    assert machine.shell(f"{ASK} https://wiki.internal.{DOMAIN}:8444/sh") == "200"
    assert machine.shell("systemctl is-enabled wg-quick@wg0; systemctl is-active wg-quick@wg0") == "enabled\nactive"


def test_all_of_it_is_there_again_after_a_reboot(machine: Machine) -> None:
    machine.reboot()
    machine.shell(CLIENT)
    assert machine.shell(f"{ASK} https://wiki.internal.{DOMAIN}:8444/sh", 300) == "200"
    assert machine.shell("shoestring vpn status").count("not what the files say") == 0


def test_who_is_removed_reaches_nothing(machine: Machine) -> None:
    machine.shell("shoestring vpn remove laptop --yes")
    assert machine.run(f"{CURL} http://10.12.0.1:8081/").returncode != 0
    assert machine.shell("shoestring vpn status | grep -c '0 clients'") == "1"
