"""The firewall is kept: what a pass sees and mends, and what is loaded at boot."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.base.paths import Side
from tests.support.firewall.docker_host import OPENED, PUBLISHED
from tests.support.firewall.stand import ALLOWED, HOST, HOST6, NEIGHBOUR, PRIVATE, Stand, published
from tests.support.vpn.stand import Namespace

pytestmark = pytest.mark.engine

# What is to be done about the firewall, as a pass sees it; with `apply`, what that pass does about it.
PASS = """
from runtime.base.paths import RunPaths
from runtime.config import settings
from runtime.firewall import reconcile
from runtime.reconcile import desired
from runtime.context.change import ApplyContext, Listener
from runtime.context.cluster import Cluster
from runtime.reconcile.apply import apply
read = settings.load(paths.settings)
wanted = desired.build(desired.read(read, paths), paths, RunPaths(read.instance))
change = reconcile.difference(wanted, paths, lambda: {"app0"})
print(change.about if change else "nothing")
"""
APPLY = """
cluster = Cluster(paths, read, RunPaths(read.instance), None)
outcome, = apply((change,), ApplyContext(cluster), Listener())
print(outcome.error or "done")
"""


# One of the private side, in no network that the host has.
FAR = "10.50.0.1"


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A host with a container's ports published, and no firewall."""
    with published(tmp_path) as made:
        yield made


@pytest.fixture
def walled(stand: Stand) -> Stand:
    """The same with its firewall on."""
    stand.switch_on()
    return stand


def test_a_pass_mends_it_and_then_only_what_is_allowed_answers(walled: Stand) -> None:
    table = json.loads(walled.shoestring("firewall", "status", "--json").stdout)["table"]
    file = walled.paths.applications(Side.PUBLIC) / "game.yaml"
    assert walled.python(PASS).stdout == "nothing\n"
    walled.host.check("nft", f"flush chain inet {table} arriving")
    assert walled.python(PASS + APPLY).stdout == "was altered\ndone\n"
    assert not walled.reaches(walled.outside, HOST, PUBLISHED)
    file.write_text(file.read_text().replace(f"[{OPENED}, ", f"[{OPENED}, {PUBLISHED}, "))
    assert walled.python(PASS + APPLY).stdout == "other rules\ndone\n"
    assert walled.reaches(walled.outside, HOST, PUBLISHED)
    # It takes Docker's rules too; the process behind them listens at the same ports.
    walled.host.check("nft", "flush ruleset")
    assert walled.python(PASS + APPLY).stdout == "its table was missing\ndone\n"
    assert walled.python(PASS).stdout == "nothing\n"
    for address in (HOST, HOST6):
        assert walled.scan(walled.outside, address) == (sorted({*ALLOWED, PUBLISHED}), 0)
        assert walled.scan_udp(walled.outside, address) == ([53], 0)


def test_a_pass_sees_that_a_rule_was_replaced_or_the_table_put_to_sleep(walled: Stand) -> None:
    """Neither changes how many rules there are, nor the last one."""
    name = f"shoestring_{walled.settings(vpn=False).instance}"
    listed = walled.host.check("nft", "--handle", "list", "chain", "inet", name, "host").splitlines()
    (handle,) = (line.rpartition(" ")[2] for line in listed if 'comment "SSH"' in line)
    for altered in (
        ("replace", "rule", "inet", name, "host", "handle", handle, "accept"),
        ("add", "table", "inet", name, "{ flags dormant; }"),
    ):
        walled.host.check("nft", *altered)
        assert walled.reaches(walled.outside, HOST, PUBLISHED)
        said = json.loads(walled.shoestring("firewall", "status", "--json").stdout)
        assert (said["on"], said["state"].partition(";")[0]) == (False, "its table differs from the files")
        assert walled.python(PASS + APPLY).stdout == "was altered\ndone\n"
        assert not walled.reaches(walled.outside, HOST, PUBLISHED, seconds=1.0)
        assert walled.python(PASS).stdout == "nothing\n"


def test_after_a_boot_there_is_nothing_to_do(walled: Stand) -> None:
    """The unit loads the same file, and the kernel then has the same."""
    walled.host.check("sh", "-c", "echo 'flush ruleset' | nft --file -")
    walled.host.check("nft", "--file", str(walled.paths.firewall_generated))
    assert walled.python(PASS).stdout == "nothing\n"


def inputs_of(walled: Stand) -> str:
    """Return code that prints the digest of the fast path's inputs."""
    place = f"Place({str(walled.paths.root)!r}, '/nowhere')"
    imports = "from runtime.base.light_inputs import Place; from runtime.reconcile import fast_path"
    return f"{imports}; print(fast_path.inputs({place}))"


def test_the_quick_answer_sees_each_change_of_the_rules(walled: Stand) -> None:
    look = inputs_of(walled)
    first = walled.python(look).stdout
    assert len(first) == 65
    assert walled.python(look).stdout == first
    walled.host.check("iptables", "-A", "DOCKER-USER", "-j", "RETURN")
    assert walled.python(look).stdout != first


def test_the_quick_answer_sees_a_bridge_that_comes_without_an_address(walled: Stand) -> None:
    """No rule and no route tells of it."""
    look = inputs_of(walled)
    first = walled.python(look).stdout
    walled.host.check("ip", "link", "add", "br-lan", "type", "bridge")
    assert walled.python(look).stdout != first
    walled.host.check("ip", "link", "delete", "br-lan")
    assert walled.python(look).stdout == first


def test_bridges_are_judged_by_whose_they_are_as_they_come(walled: Stand) -> None:
    """One of an admin's with a name like Docker's is outside; one of Docker's with a name of its own is inside."""
    look = inputs_of(walled)
    walled.host.check("iptables", "-I", "DOCKER-USER", "-j", "ACCEPT")
    quiet = walled.python(look).stdout
    people = {name: bridged(walled, name, number) for number, name in enumerate(("br-lan", "app0"), 18)}
    assert walled.python(look).stdout != quiet
    # Until the pass comes each is taken for the other.
    assert walled.reaches(people["br-lan"], HOST, 3306)
    assert walled.reaches(walled.outside, "172.19.0.2", 80)
    assert walled.python(PASS + APPLY).stdout == "other rules\ndone\n"
    assert walled.python(PASS).stdout == "nothing\n"
    assert not walled.reaches(people["br-lan"], HOST, 3306, seconds=1.0)
    assert walled.reaches(people["app0"], HOST, 3306)
    assert walled.reaches(walled.outside, "172.18.0.2", 80)
    assert not walled.reaches(walled.outside, "172.19.0.2", 80, seconds=1.0)


def test_the_internal_side_answers_the_networks_behind_its_interface_alone(walled: Stand) -> None:
    """Who comes from another private network by the same link is let in once a route says that it is there."""
    look = inputs_of(walled)
    walled.private.check("ip", "address", "add", f"{FAR}/32", "dev", "eth0")
    walled.private.check("ip", "route", "replace", f"{PRIVATE}/32", "dev", "eth0", "src", FAR)
    walled.host.check("ip", "route", "replace", "default", "via", NEIGHBOUR)
    # The way back to it is by that link, so it is not taken for spoofed.
    assert walled.reaches(walled.private, PRIVATE, 443)
    assert not walled.reaches(walled.private, PRIVATE, 8081, seconds=1.0)
    quiet = walled.python(look).stdout
    walled.host.check("ip", "route", "add", f"{FAR}/32", "via", NEIGHBOUR)
    assert walled.python(look).stdout != quiet
    assert walled.python(PASS + APPLY).stdout == "other rules\ndone\n"
    assert walled.reaches(walled.private, PRIVATE, 8081)
    assert walled.python(PASS).stdout == "nothing\n"


def bridged(stand: Stand, name: str, number: int) -> Namespace:
    """A bridge of the host, and who is there."""
    made = stand.join(
        name.replace("-", ""), name, f"172.{number}.0.1/16", f"172.{number}.0.2/16", bridge=f"v{number}"
    )
    made.check("ip", "route", "add", "default", "via", f"172.{number}.0.1")
    stand.listen(made, (80,))
    return made


def test_the_rules_for_boot_are_those_in_force(walled: Stand) -> None:
    on = walled.rules()
    walled.host.check("nft", "flush", "ruleset")
    walled.host.check("nft", "--file", str(walled.paths.firewall_generated))
    table = walled.rules()
    assert on.endswith(table)
    assert "shoestring_" in table


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
