"""The firewall in a booted machine: switched on by setup, there again before Docker starts, kept by the watchdog.

Who is outside is a network namespace of the machine's own, with a cable to it. The tests follow each other.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.vm.conftest import ANSWERS, DOMAIN, Start
from tests.vm.machine import Machine
from tests.vm.qemu import Disk, Seed

GAME = """\
x-open-ports: [25565]
services:
  application:
    image: busybox:1.37
    command: [busybox, httpd, -f, -p, "80", -h, /bin]
    ports: ["9999:80", "25565:80"]
    restart: unless-stopped
"""
OUTSIDE = """\
ip netns add outside
ip link add cable type veth peer name plug netns outside
ip address add 192.0.2.1/30 dev cable && ip link set cable up
ip -n outside address add 192.0.2.2/30 dev plug && ip -n outside link set plug up
"""
PORTS = (22, 80, 443, 9999, 25565)
TRY = """\
for port in {}; do
  ip netns exec outside timeout 3 bash -c "</dev/tcp/192.0.2.1/$port" 2>/dev/null && echo $port
done
true"""
BEGAN = "systemctl show -P {} {}"


def reached(machine: Machine) -> list[int]:
    """The ports that answer who is outside."""
    return [int(port) for port in machine.shell(TRY.format(" ".join(map(str, PORTS)))).split()]


def is_filtered(machine: Machine) -> None:
    """Docker publishes both ports, and outside one of them answers."""
    published = machine.shell(
        "for n in $(seq 60); do curl -sS -o /dev/null http://127.0.0.1:9999/sh && break; sleep 1; done;"
        "curl -sS -o /dev/null -w '%{http_code}' http://127.0.0.1:9999/sh"
    )
    assert published.endswith("200")
    assert reached(machine) == [22, 80, 443, 25565]


@pytest.fixture(scope="module")
def machine(start_once: Start, loaded_image: Path) -> Machine:
    """A machine that setup made, with an application that publishes two ports."""
    started = start_once(Disk(loaded_image / "shoestring.raw"), seed=Seed())
    started.wait()
    started.shell(f"cat > /root/answers.yaml <<'END'\n{yaml.safe_dump(ANSWERS)}END")
    said = started.shell("shoestring setup --answers /root/answers.yaml --firewall --yes", 600)
    assert "asked from a network namespace through these rules" in said
    file = "/srv/shoestring/conf/applications-public/game.yaml"
    started.shell(f"cat > {file} <<'END'\n{GAME}END\nshoestring start", 300)
    started.shell(OUTSIDE)
    return started


def test_docker_s_ports_are_closed_but_those_that_are_listed(machine: Machine) -> None:
    is_filtered(machine)
    assert machine.serves(DOMAIN).status == 200
    status = machine.shell("shoestring status")
    assert "published, but closed by the firewall: 9999/tcp" in status


def test_docker_restarts(machine: Machine) -> None:
    machine.shell("systemctl restart docker", 300)
    is_filtered(machine)


def test_the_watchdog_s_unit_mends_it(machine: Machine) -> None:
    machine.shell("nft flush table inet shoestring_shoestring; systemctl start shoestring-watchdog.service", 300)
    is_filtered(machine)
    machine.shell("systemctl restart nftables.service", 300)
    assert reached(machine) == [22, 80, 443, 25565]
    machine.shell("systemctl stop nftables.service; systemctl start shoestring-watchdog.service", 300)


def test_after_a_reboot_it_is_there_before_docker(machine: Machine) -> None:
    machine.reboot()
    machine.shell(OUTSIDE)
    is_filtered(machine)
    loaded = int(machine.shell(BEGAN.format("ActiveEnterTimestampMonotonic", "shoestring-firewall.service")))
    docker = int(machine.shell(BEGAN.format("ExecMainStartTimestampMonotonic", "docker.service")))
    assert 0 < loaded < docker
    assert machine.run("systemd-analyze verify /etc/systemd/system/shoestring*").stderr == ""


def test_a_killed_command_is_undone_by_a_timer_and_off_leaves_nothing(machine: Machine) -> None:
    machine.shell("shoestring firewall off --yes; ! systemctl cat shoestring-firewall.service 2>/dev/null")
    before = machine.shell("nft --stateless list ruleset")
    assert "shoestring_" not in before
    assert 9999 in reached(machine)
    tried = (
        "import os; from pathlib import Path; from installer.firewall import manage; from runtime.paths import Paths;"
        "manage.begin(manage.look(Paths(Path('/srv/shoestring')), anew=True), 15); os.kill(os.getpid(), 9)"
    )
    python = "$(sed -n '1s/^#!//p' \"$(command -v shoestring)\")"
    machine.run(f'{python} -I -c "{tried}"')
    assert "shoestring_" in machine.shell("nft list tables")
    machine.shell("for n in $(seq 100); do nft list tables | grep -q shoestring_ || break; sleep 0.5; done")
    assert machine.shell("nft --stateless list ruleset") == before
