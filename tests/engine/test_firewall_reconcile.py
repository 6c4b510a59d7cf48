"""The firewall under reconciliation: what a run of the watchdog detects and repairs, and what is loaded at boot."""

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
from tests.support.firewall.stand import ALLOWED, HOST, HOST6, NEIGHBOR, PRIVATE, Stand, published
from tests.support.vpn.stand import Namespace

pytestmark = pytest.mark.engine

# The change that a run of the watchdog plans for the firewall; with `APPLY`, its outcome.
RUN = """
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
def active(stand: Stand) -> Stand:
    """The same with its firewall on."""
    stand.switch_on()
    return stand


def test_repair_altered_table(active: Stand) -> None:
    table = json.loads(active.shoestring("firewall", "status", "--json").stdout)["table"]
    file = active.paths.applications(Side.PUBLIC) / "game.yaml"
    assert active.python(RUN).stdout == "nothing\n"
    active.host.check("nft", f"flush chain inet {table} arriving")
    assert active.python(RUN + APPLY).stdout == "was altered\ndone\n"
    assert not active.reaches(active.outside, HOST, PUBLISHED)
    file.write_text(file.read_text().replace(f"[{OPENED}, ", f"[{OPENED}, {PUBLISHED}, "))
    assert active.python(RUN + APPLY).stdout == "other rules\ndone\n"
    assert active.reaches(active.outside, HOST, PUBLISHED)
    # It removes Docker's rules too; the process behind them listens on the same ports.
    active.host.check("nft", "flush ruleset")
    assert active.python(RUN + APPLY).stdout == "its table was missing\ndone\n"
    assert active.python(RUN).stdout == "nothing\n"
    for address in (HOST, HOST6):
        assert active.scan(active.outside, address) == (sorted({*ALLOWED, PUBLISHED}), 0)
        assert active.scan_udp(active.outside, address) == ([53], 0)


def test_repair_replaced_rule_or_dormant_table(active: Stand) -> None:
    """Neither changes how many rules there are, nor the last one."""
    name = f"shoestring_{active.settings(vpn=False).instance}"
    listed = active.host.check("nft", "--handle", "list", "chain", "inet", name, "host").splitlines()
    (handle,) = (line.rpartition(" ")[2] for line in listed if 'comment "SSH"' in line)
    for altered in (
        ("replace", "rule", "inet", name, "host", "handle", handle, "accept"),
        ("add", "table", "inet", name, "{ flags dormant; }"),
    ):
        active.host.check("nft", *altered)
        assert active.reaches(active.outside, HOST, PUBLISHED)
        said = json.loads(active.shoestring("firewall", "status", "--json").stdout)
        assert (said["on"], said["state"].partition(";")[0]) == (False, "its table differs from the files")
        assert active.python(RUN + APPLY).stdout == "was altered\ndone\n"
        assert not active.reaches(active.outside, HOST, PUBLISHED, seconds=1.0)
        assert active.python(RUN).stdout == "nothing\n"


def test_unchanged_after_boot(active: Stand) -> None:
    """The unit loads the same file, and the kernel then has the same."""
    active.host.check("sh", "-c", "echo 'flush ruleset' | nft --file -")
    active.host.check("nft", "--file", str(active.paths.firewall_generated))
    assert active.python(RUN).stdout == "nothing\n"


def inputs_of(active: Stand) -> str:
    """Return code that prints the digest of the fast path's inputs."""
    place = f"Place({str(active.paths.root)!r}, '/nowhere/t{active.token}')"
    imports = "from runtime.base.light_inputs import Place; from runtime.reconcile import fast_path"
    return f"{imports}; print(fast_path.inputs({place}))"


def test_fast_path_detects_changed_rules(active: Stand) -> None:
    inputs = inputs_of(active)
    first = active.python(inputs).stdout
    assert len(first) == 65
    assert active.python(inputs).stdout == first
    active.host.check("iptables", "-A", "DOCKER-USER", "-j", "RETURN")
    assert active.python(inputs).stdout == first
    active.host.check("nft", "insert", "rule", "inet", f"shoestring_t{active.token}", "host", "accept")
    assert active.python(inputs).stdout != first


def test_fast_path_detects_bridge_without_address(active: Stand) -> None:
    """It changes no rule and no route."""
    inputs = inputs_of(active)
    first = active.python(inputs).stdout
    active.host.check("ip", "link", "add", "br-lan", "type", "bridge")
    assert active.python(inputs).stdout != first
    active.host.check("ip", "link", "delete", "br-lan")
    assert active.python(inputs).stdout == first


def test_new_bridges_of_docker_and_of_others(active: Stand) -> None:
    """A foreign bridge with a name like Docker's is outside; one of Docker's with a custom name is inside."""
    inputs = inputs_of(active)
    active.host.check("iptables", "-I", "DOCKER-USER", "-j", "ACCEPT")
    unchanged = active.python(inputs).stdout
    clients = {name: bridged(active, name, number) for number, name in enumerate(("br-lan", "app0"), 18)}
    assert active.python(inputs).stdout != unchanged
    # Until the next run each is taken for the other.
    assert active.reaches(clients["br-lan"], HOST, 3306)
    assert active.reaches(active.outside, "172.19.0.2", 80)
    assert active.python(RUN + APPLY).stdout == "other rules\ndone\n"
    assert active.python(RUN).stdout == "nothing\n"
    assert not active.reaches(clients["br-lan"], HOST, 3306, seconds=1.0)
    assert active.reaches(clients["app0"], HOST, 3306)
    assert active.reaches(active.outside, "172.18.0.2", 80)
    assert not active.reaches(active.outside, "172.19.0.2", 80, seconds=1.0)


def test_internal_side_follows_routes(active: Stand) -> None:
    """A client of another private network on the same link is accepted once there is a route to it."""
    inputs = inputs_of(active)
    active.private.check("ip", "address", "add", f"{FAR}/32", "dev", "eth0")
    active.private.check("ip", "route", "replace", f"{PRIVATE}/32", "dev", "eth0", "src", FAR)
    active.host.check("ip", "route", "replace", "default", "via", NEIGHBOR)
    # The way back to it is by that link, so it is not considered spoofed.
    assert active.reaches(active.private, PRIVATE, 443)
    assert not active.reaches(active.private, PRIVATE, 8081, seconds=1.0)
    unchanged = active.python(inputs).stdout
    active.host.check("ip", "route", "add", f"{FAR}/32", "via", NEIGHBOR)
    assert active.python(inputs).stdout != unchanged
    assert active.python(RUN + APPLY).stdout == "other rules\ndone\n"
    assert active.reaches(active.private, PRIVATE, 8081)
    assert active.python(RUN).stdout == "nothing\n"


def bridged(stand: Stand, name: str, number: int) -> Namespace:
    """Return a bridge of the host with a client on it."""
    made = stand.join(
        name.replace("-", ""), name, f"172.{number}.0.1/16", f"172.{number}.0.2/16", bridge=f"v{number}"
    )
    made.check("ip", "route", "add", "default", "via", f"172.{number}.0.1")
    stand.listen(made, (80,))
    return made


def test_boot_file_equals_active_rules(active: Stand) -> None:
    on = active.rules()
    active.host.check("nft", "flush", "ruleset")
    active.host.check("nft", "--file", str(active.paths.firewall_generated))
    table = active.rules()
    assert on.endswith(table)
    assert "shoestring_" in table


def test_observe_table_removed_by_faked_nft(active: Stand) -> None:
    """As at a concurrent rollback: a program in place of nft removes it at the second query."""
    name, programs = f"shoestring_{active.settings(vpn=False).instance}", active.root / "programs"
    programs.mkdir()
    nft = shutil.which("nft")
    removes = f'case "$*" in *"list table inet {name}"*) {nft} delete table inet {name};; esac'
    (programs / "nft").write_text(f'#!/bin/sh\n{removes}\nexec {nft} "$@"\n')
    (programs / "nft").chmod(0o755)
    code = f"from runtime.firewall import table; print(table.inspect({name!r}))"
    found = active.host.run(sys.executable, "-c", code, PATH=f"{programs}:{os.environ['PATH']}")
    assert (found.stdout, found.stderr) == ("None\n", "")
