"""The firewall between network namespaces: what neighbours of a host reach, by each side that they come from."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime.paths import Side
from tests.engine import firewall_stand
from tests.engine.firewall_stand import (
    BRIDGE,
    CLIENT,
    CLIENT6,
    CONTAINER,
    HOST,
    HOST6,
    NEIGHBOUR,
    NEIGHBOUR6,
    OPENED,
    OUTSIDE,
    OUTSIDE6,
    PRIVATE,
    PRIVATE6,
    PUBLISHED,
    TCP_PORTS,
    UDP_PORTS,
    VPN,
    Stand,
)
from tests.engine.support import until
from tests.engine.vpn_stand import MAIN

New = Callable[..., Stand]
ALLOWED = [22, 80, 443, OPENED]
# What firewalld makes where a person has opened the port with it, in the same hooks and priorities.
LIKE_FIREWALLD = """
table inet firewalld {
    chain filter_INPUT {
        type filter hook input priority filter + 10; policy accept;
        ct state established,related accept
        iifname "lo" accept
        tcp dport { 22, 80, 443, 3306, 9999 } accept
        meta l4proto { icmp, ipv6-icmp } accept
        reject with icmpx admin-prohibited
    }
    chain filter_FORWARD {
        type filter hook forward priority filter + 10; policy accept;
        ct state { established, related } accept
        ct status dnat accept
    }
}
"""
# Rules that let nothing in at all, tried by a process that is then gone.
WRONG = """
from dataclasses import replace
from installer.firewall import manage, trial
from runtime.firewall import rules
from runtime.firewall.model import Wall
found = manage.look(paths)
found = replace(found, rules=rules.render(Wall(found.wall.table, ())))
"""
# What is to be done about the firewall, as a pass sees it; with `apply`, what that pass does about it.
PASS = """
from runtime import desired, settings
from runtime.apply import Listener, Tools, apply
from runtime.firewall import keep
from runtime.paths import RunPaths
read = settings.load(paths.settings)
change = keep.difference(desired.build(desired.read(read, paths), paths, RunPaths(read.instance)), paths)
print(change.about if change else "nothing")
"""
APPLY = """
outcome, = apply((change,), Tools(None, read.instance, {}, None, None, None), Listener())
print(outcome.error or "done")
"""


@contextlib.contextmanager
def stands(factory: pytest.TempPathFactory) -> Iterator[New]:
    made: list[Stand] = []

    def make(*, vpn: bool = False, iptables: str = "iptables-nft") -> Stand:
        made.append(Stand(factory.mktemp("stand"), vpn=vpn))
        made[-1].publish(iptables)
        return made[-1]

    try:
        yield make
    finally:
        for each in made:
            each.close()


@pytest.fixture
def new(tmp_path_factory: pytest.TempPathFactory) -> Iterator[New]:
    with stands(tmp_path_factory) as make:
        yield make


@pytest.fixture
def stand(new: New) -> Stand:
    """A host with a container's ports published, and no firewall."""
    return new()


@pytest.fixture
def walled(stand: Stand) -> Stand:
    """The same with its firewall on."""
    switch_on(stand)
    return stand


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """One with its firewall on, for all tests that change nothing."""
    with stands(tmp_path_factory) as make:
        made = make()
        switch_on(made)
        yield made


def switch_on(stand: Stand) -> None:
    done = stand.shoestring("firewall", "on", "--yes")
    assert done.returncode == 0, done.stderr
    proven = "SSH answers on port 22 by IPv4 and IPv6, asked from a network namespace through these rules."
    assert proven in done.stdout


def test_from_outside_only_what_is_allowed_answers_of_all_ports(stand: Stand) -> None:
    """Docker's DNAT for IPv4; for IPv6 a process that listens, as Docker's own proxy does."""
    for address in (HOST, HOST6):
        assert stand.scan(stand.outside, address) == (sorted(TCP_PORTS), 65535 - len(TCP_PORTS))
        assert stand.scan_udp(stand.outside, address) == sorted(UDP_PORTS)
    switch_on(stand)
    for address in (HOST, HOST6):
        assert stand.scan(stand.outside, address) == (ALLOWED, 0)
        assert stand.scan_udp(stand.outside, address) == [53]


def test_with_the_older_iptables(new: New) -> None:
    made = new(iptables="iptables-legacy")
    assert made.reaches(made.outside, HOST, PUBLISHED)
    switch_on(made)
    assert not made.reaches(made.outside, HOST, PUBLISHED)
    assert made.reaches(made.outside, HOST, OPENED)


def test_containers_are_hindered_in_nothing(guarded: Stand) -> None:
    assert guarded.reaches(guarded.container, OUTSIDE, 80)
    assert guarded.reaches(guarded.container, BRIDGE, 3306)
    assert guarded.reaches(guarded.container, HOST, PUBLISHED)
    assert guarded.reaches(guarded.host, CONTAINER, 80)
    assert guarded.reaches(guarded.host, HOST, PUBLISHED)
    assert guarded.reaches(guarded.host, "127.0.0.1", 3306)


def test_containers_and_inner_addresses_are_not_reached_past_the_ports(stand: Stand) -> None:
    """Outside has routes to all that is inside, as a neighbour on the provider's network can make for itself."""
    stand.host.check("iptables", "-I", "DOCKER-USER", "-j", "ACCEPT")
    reached = [(CONTAINER, 80), (NEIGHBOUR, 22), (PRIVATE, 8081), (BRIDGE, 3306), (VPN, 3306)]
    switch_on(stand)
    assert [pair for pair in reached if stand.reaches(stand.outside, *pair)] == []


def test_the_internal_side_answers_from_its_own_network(guarded: Stand) -> None:
    assert guarded.scan(guarded.private, PRIVATE, 1, 10000) == ([22, 80, 443, 8081], 1)
    assert guarded.scan(guarded.private, HOST, 8081, 8082) == ([], 0)
    assert guarded.scan(guarded.client, PRIVATE, 8081, 8082) == ([], 0)


def test_the_vpn_reaches_the_internal_side_and_nobody_else_does(new: New) -> None:
    made = new(vpn=True)
    switch_on(made)
    assert made.reaches(made.client, VPN, 8081)
    assert [made.reaches(each, VPN, 8081) for each in (made.outside, made.private)] == [False, False]
    assert not made.reaches(made.private, PRIVATE, 8081)
    assert 51820 in made.scan_udp(made.outside, HOST)
    assert 51820 in made.scan_udp(made.outside, HOST6)


def test_sources_that_are_inside_get_nothing_from_outside(new: New) -> None:
    """Port 53 is open to all, and the kernel lets these in, so that nothing but the source makes the difference."""
    made = new(vpn=True)
    for each in ("all", "eth0"):
        made.host.check("sysctl", "-qw", f"net.ipv4.conf.{each}.accept_local=1")
    made.host.check("ip", "route", "add", "10.99.0.0/24", "via", NEIGHBOUR)
    made.host.check("ip", "route", "add", "fd99::/64", "via", NEIGHBOUR6)
    inside = [(source, HOST) for source in (CLIENT, CONTAINER, NEIGHBOUR, HOST, PRIVATE, "10.99.0.1")]
    inside += [(source, HOST6) for source in (CLIENT6, NEIGHBOUR6, HOST6, PRIVATE6, "fd99::1")]
    # Of these even the kernel lets none in.
    never = [("127.0.0.1", HOST), ("::1", HOST6)]
    assert told(made, *inside, *never) == {source for source, _ in inside}
    switch_on(made)
    assert told(made, *inside, *never) == set()


def told(stand: Stand, *sources: tuple[str, str]) -> set[str]:
    """Of these pairs of source and target, the sources whose datagrams came, and that were not from outside."""
    own = ((OUTSIDE, HOST), (OUTSIDE6, HOST6))
    stand.spoof(*((source, target, 53, f"told {source}") for source, target in (*sources, *own)))
    assert stand.listener.stdout
    seen: set[str] = set()
    while not {OUTSIDE, OUTSIDE6} <= seen:
        seen.add(stand.listener.stdout.readline().split()[1])
    return seen - {OUTSIDE, OUTSIDE6}


def test_a_wrong_rule_set_undoes_itself_although_its_process_was_killed(stand: Stand) -> None:
    before = stand.rules()
    killed = stand.python(f"{WRONG}\nimport os\nmanage.begin(found, seconds=4)\nos.kill(os.getpid(), 9)")
    assert killed.returncode == -9, killed.stderr
    assert not stand.reaches(stand.outside, HOST, 22)
    until(lambda: stand.reaches(stand.outside, HOST, 22), bool)
    assert stand.rules() == before


def test_rules_that_ssh_does_not_answer_with_are_refused(stand: Stand) -> None:
    before = stand.rules()
    done = stand.python(f"{WRONG}\nmanage.prove(found)")
    assert "With these rules SSH did not answer any more at port 22, so they were undone at once." in done.stderr
    assert stand.rules() == before
    assert stand.reaches(stand.outside, HOST, PUBLISHED)


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_rules_that_ssh_answers_with_by_one_family_alone_are_refused(stand: Stand, family: str) -> None:
    before = stand.rules()
    added = f"meta nfproto {family} tcp dport 22 drop"
    one = f"text=found.rules.text.replace('chain host {{', 'chain host {{\\n{added}')"
    code = f"{WRONG}\nfound = manage.look(paths)\nmanage.prove(replace(found, rules=replace(found.rules, {one})))"
    assert "SSH did not answer any more at port 22" in stand.python(code).stderr
    assert stand.rules() == before


def test_a_rule_set_that_nft_refuses_changes_nothing(stand: Stand) -> None:
    before = stand.rules()
    broken = "found = replace(found, rules=replace(found.rules, text='table inet x { nonsense }'))"
    assert stand.python(f"{WRONG}\n{broken}\nmanage.begin(found)").returncode == 1
    assert stand.rules() == before


def test_nobody_keeps_it_when_the_time_is_over(stand: Stand) -> None:
    before = stand.rules()
    late = f"{WRONG}\nfound = manage.look(paths)\nimport time\ntried = manage.begin(found, seconds=1)"
    done = stand.python(
        f"{late}\nwhile manage.trial.is_in_force(tried): time.sleep(0.1)\nmanage.settle(found, tried)"
    )
    assert "what was in force before is again" in done.stderr
    assert stand.rules() == before
    assert json.loads(stand.shoestring("firewall", "status", "--json").stdout)["state"] == "off"


def test_beside_rules_like_those_of_firewalld(stand: Stand) -> None:
    """For machines that have it not; with itself: test_firewall_beside.py."""
    subprocess.run(stand.host.argv("nft", "-f", "-"), input=LIKE_FIREWALLD, text=True, check=True)
    before = stand.rules()
    assert stand.reaches(stand.outside, HOST, PUBLISHED)
    assert stand.reaches(stand.outside, HOST, 3306)
    assert stand.shoestring("firewall", "on", "--yes").returncode == 0
    assert stand.scan(stand.outside, HOST, 1, 10000)[0] == [22, 80, 443]
    assert stand.reaches(stand.host, "127.0.0.1", 3306)
    during = stand.rules()
    assert during.startswith(before)
    assert during.removeprefix(before).startswith("table inet shoestring_")
    assert stand.shoestring("firewall", "off", "--yes").returncode == 0
    assert stand.rules() == before


def test_a_table_that_is_removed_while_one_looks_is_not_there(walled: Stand) -> None:
    """As when the undo comes between: here by a program before nft that removes it at the second question."""
    name, programs = f"shoestring_{walled.settings(vpn=False).instance}", walled.root / "programs"
    programs.mkdir()
    nft = shutil.which("nft")
    removes = f'case "$*" in *"list table inet {name}"*) {nft} delete table inet {name};; esac'
    (programs / "nft").write_text(f'#!/bin/sh\n{removes}\nexec {nft} "$@"\n')
    (programs / "nft").chmod(0o755)
    look = f"from runtime.firewall import table; print(table.look({name!r}))"
    found = walled.host.run(sys.executable, "-c", look, PATH=f"{programs}:{os.environ['PATH']}")
    assert (found.stdout, found.stderr) == ("None\n", "")


def test_off_leaves_the_rules_of_before(walled: Stand) -> None:
    status = json.loads(walled.shoestring("firewall", "status", "--json").stdout)
    assert (status["on"], status["state"]) == (True, "on")
    assert {"port": f"{PUBLISHED}/tcp", "what": "published by game; x-open-ports would open it"} in status["closed"]
    assert walled.shoestring("firewall", "on", "--yes").stdout == "  Nothing to do: the firewall is on.\n"
    assert "firewall: on" in walled.paths.settings.read_text()
    for _ in range(2):
        assert walled.shoestring("firewall", "off", "--yes").returncode == 0
        assert "table inet" not in walled.rules()
        assert not walled.paths.firewall_generated.exists()
    assert "firewall: off" in walled.paths.settings.read_text()
    assert walled.reaches(walled.outside, HOST, PUBLISHED)


def test_a_pass_mends_it_and_then_only_what_is_allowed_answers(walled: Stand) -> None:
    table = json.loads(walled.shoestring("firewall", "status", "--json").stdout)["table"]
    file = walled.paths.applications(Side.PUBLIC) / "game.yaml"
    assert walled.python(PASS).stdout == "nothing\n"
    walled.host.check("nft", f"flush chain inet {table} arriving")
    assert walled.python(PASS + APPLY).stdout == "was altered\ndone\n"
    assert not walled.reaches(walled.outside, HOST, PUBLISHED)
    file.write_text(file.read_text().replace(f"[{OPENED}, ", f"[{OPENED}, {PUBLISHED}, "))
    assert walled.python(PASS + APPLY).stdout == "other ports\ndone\n"
    assert walled.reaches(walled.outside, HOST, PUBLISHED)
    # It takes Docker's rules too; the process behind them listens at the same ports.
    walled.host.check("nft", "flush ruleset")
    assert walled.python(PASS + APPLY).stdout == "its table was gone\ndone\n"
    assert walled.python(PASS).stdout == "nothing\n"
    for address in (HOST, HOST6):
        assert walled.scan(walled.outside, address) == (sorted({*ALLOWED, PUBLISHED}), 0)
        assert walled.scan_udp(walled.outside, address) == [53]


def test_the_quick_answer_sees_each_change_of_the_rules(guarded: Stand) -> None:
    look = f"from runtime import quiet; print(quiet.inputs({str(guarded.paths.root)!r}, '/nowhere'))"
    first = guarded.python(look).stdout
    assert len(first) == 65
    assert guarded.python(look).stdout == first
    guarded.host.check("iptables", "-A", "DOCKER-USER", "-j", "RETURN")
    assert guarded.python(look).stdout != first


def test_the_rules_for_boot_are_those_in_force(walled: Stand) -> None:
    on = walled.rules()
    walled.host.check("nft", "flush", "ruleset")
    walled.host.check("nft", "--file", str(walled.paths.firewall_generated))
    table = walled.rules()
    assert on.endswith(table)
    assert "shoestring_" in table


def test_a_terminal_that_is_gone_leaves_nothing(stand: Stand) -> None:
    """In a terminal, the question is not answered: who asked is killed, as when the connection breaks."""
    before = stand.rules()
    socket = stand.root / "tmux"
    data = ("--data-directory", str(stand.paths.root))
    code = f"from installer.firewall import trial; trial.SECONDS = 5; {MAIN}"
    words = (sys.executable, "-c", code, "firewall", "on", *data)
    terminal = ("tmux", "-S", str(socket))
    begin = (*terminal, "new-session", "-d", "-x", "130", "-y", "50", *stand.host.argv(*words))
    subprocess.run(begin, check=True, cwd=Path(__file__).parents[2])
    try:
        until(lambda: shown(terminal), lambda text: "Switch the firewall on?" in text)
        subprocess.run((*terminal, "send-keys", "y"), check=True)
        until(lambda: shown(terminal), lambda text: "Keep it?" in text)
        assert not stand.reaches(stand.outside, HOST, PUBLISHED)
    finally:
        subprocess.run((*terminal, "kill-server"), check=True)
    until(stand.rules, lambda now: now == before)


def shown(terminal: tuple[str, ...]) -> str:
    return subprocess.run((*terminal, "capture-pane", "-p"), capture_output=True, text=True, check=True).stdout


def test_the_stand_is_as_docker_makes_it() -> None:
    """The port before and after translation differ, or the filter could be right by chance."""
    assert all(f"--dport {PUBLISHED}" not in rule for rule in firewall_stand.DOCKER_FILTER)
