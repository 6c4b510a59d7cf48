"""The isolation's rules between network namespaces, by both families, with Docker's rules as 20.10 makes them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from runtime.firewall import isolation
from runtime.firewall.isolation import Isolation
from runtime.firewall.model import AllowedPort
from tests.support.firewall.docker_host import BRIDGE, BRIDGE6, CONTAINER, CONTAINER6, OPENED, PUBLISHED
from tests.support.firewall.stand import (
    CLIENT,
    HOST,
    HOST6,
    OUTSIDE,
    OUTSIDE6,
    PRIVATE,
    PRIVATE6,
    VPN,
    Stand,
    published,
)

INTERNAL_PORT, OTHER_PORT = 8081, 3306
PORTS = (AllowedPort("tcp", INTERNAL_PORT, INTERNAL_PORT, "internal proxy"),)
# What a process in the namespace prints of the table: it changes with anything in the table, and with nothing else.
CONTENTS = "from runtime.firewall import kernel_table; print(b''.join(kernel_table.contents('{}')).hex())"
DROPPED_SECONDS = 1.0


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A host with a container's ports published, and no firewall; all that neighbors send is forwarded."""
    with published(tmp_path_factory.mktemp("stand")) as made:
        made.host.check("iptables", "-I", "DOCKER-USER", "-j", "ACCEPT")
        yield made


def load(stand: Stand, wanted: Isolation) -> None:
    rules = isolation.render(wanted).text
    subprocess.run(stand.host.argv("nft", "-f", "-"), input=rules, text=True, check=True)


def unload(stand: Stand) -> None:
    stand.host.check("nft", "delete", "table", "inet", "isolated")


def test_containers_are_reached_through_published_ports_alone(stand: Stand) -> None:
    direct = {(CONTAINER, 80), (CONTAINER6, 80)}

    def reached(seconds: float) -> set[tuple[str, int]]:
        sources = (stand.outside, stand.private, stand.client)
        return {target for target in direct for each in sources if stand.reaches(each, *target, seconds=seconds)}

    assert reached(4.0) == direct
    load(stand, Isolation("isolated", ("docker0",)))
    assert reached(DROPPED_SECONDS) == set()
    for each in (PUBLISHED, OPENED):
        assert stand.reaches(stand.outside, HOST, each)
        assert stand.reaches(stand.private, PRIVATE, each)
    for address in (HOST6, BRIDGE6):
        assert stand.reaches(stand.outside, address, PUBLISHED)
    for address in (CONTAINER, CONTAINER6):
        assert stand.reaches(stand.host, address, 80)
    for address in (OUTSIDE, OUTSIDE6, CLIENT, BRIDGE):
        assert stand.reaches(stand.container, address, 80)
    unload(stand)


def test_bridges_of_others_are_left_alone(stand: Stand) -> None:
    load(stand, Isolation("isolated", ("br-0123456789ab",)))
    assert stand.reaches(stand.outside, CONTAINER, 80)
    unload(stand)


def test_containers_do_not_reach_the_internal_side_but_from_its_own_bridge(stand: Stand) -> None:
    wanted = Isolation("isolated", ("docker0",), "", (PRIVATE, PRIVATE6), PORTS)
    internal = {(PRIVATE, INTERNAL_PORT), (PRIVATE6, INTERNAL_PORT)}
    load(stand, wanted)
    assert not [each for each in internal if stand.reaches(stand.container, *each, seconds=DROPPED_SECONDS)]
    assert stand.reaches(stand.container, PRIVATE, OTHER_PORT)
    assert stand.reaches(stand.container, VPN, INTERNAL_PORT)
    assert [each for each in internal if stand.reaches(stand.private, *each)] == list(internal)
    load(stand, Isolation("isolated", ("docker0",), "docker0", wanted.addresses, PORTS))
    assert [each for each in internal if stand.reaches(stand.container, *each)] == list(internal)
    unload(stand)


def test_each_change_of_the_table_is_seen_and_no_other(stand: Stand) -> None:
    def contents() -> str:
        done = stand.python(CONTENTS.format("isolated"))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert contents() == ""
    load(stand, Isolation("isolated", ("docker0",)))
    before = contents()
    assert before
    stand.host.check("nft", "add", "table", "inet", "others")
    stand.host.check("iptables", "-A", "DOCKER-USER", "-j", "RETURN")
    assert contents() == before
    seen = {before}
    for change in (
        "add table inet isolated { flags dormant; }",
        "add chain inet isolated x",
        "flush table inet isolated",
    ):
        stand.host.check("nft", change)
        assert contents() not in seen
        seen.add(contents())
    unload(stand)
    assert contents() == ""
