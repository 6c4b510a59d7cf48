"""Check the addresses of host names before a certificate is requested."""

from __future__ import annotations

import pytest

from runtime.certificates.acme import reachability
from runtime.certificates.acme.reachability import Answer
from runtime.network.addresses import HostAddress

NAME = "www.example.com"
LOOPBACK = HostAddress("127.0.0.1", "lo")
PUBLIC = (LOOPBACK, HostAddress("203.0.113.7", "eth0"))
PRIVATE = (LOOPBACK, HostAddress("10.0.0.5", "eth0"), HostAddress("fd00::5", "eth0"))
BOTH = (*PUBLIC, HostAddress("2001:db8::7", "eth0"))

ELSEWHERE = f"{NAME} points to 198.51.100.9, this host is 203.0.113.7; correct its DNS record"
TAKEN = "is answered by another program"


@pytest.mark.parametrize(
    ("own", "places", "answer", "problem", "noted"),
    [
        # The right answer is enough for any address: behind NAT, behind a load balancer.
        (PUBLIC, ("203.0.113.7",), Answer.OURS, "", False),
        (PUBLIC, ("198.51.100.9",), Answer.OURS, "", False),
        (PRIVATE, ("198.51.100.9",), Answer.OURS, "", False),
        # Another host.
        (PUBLIC, ("198.51.100.9",), Answer.OTHER, ELSEWHERE, False),
        (PUBLIC, ("198.51.100.9",), Answer.NOTHING, ELSEWHERE, False),
        # This host, and another program has port 80; or the network does not let it reach itself.
        (PUBLIC, ("203.0.113.7",), Answer.OTHER, f"port 80 of {NAME} (203.0.113.7) {TAKEN}", False),
        (PUBLIC, ("203.0.113.7",), Answer.NOTHING, "", True),
        # Behind NAT the host does not know its public address.
        (PRIVATE, ("198.51.100.9",), Answer.OTHER, f"port 80 of {NAME} (198.51.100.9) {TAKEN}", False),
        (PRIVATE, ("198.51.100.9",), Answer.NOTHING, "", True),
        # Each family separately: NAT for IPv4 only is common.
        (BOTH, ("2001:db8::9",), Answer.NOTHING, f"{NAME} points to 2001:db8::9, this host is 2001:db8::7", False),
        (PUBLIC, ("2001:db8::9",), Answer.NOTHING, "", True),
        (PUBLIC, (), Answer.NOTHING, f"{NAME} has no address in DNS; add an A record for 203.0.113.7", False),
        (PRIVATE, (), Answer.NOTHING, "add an A record for the public address of this host", False),
    ],
)
def test_judge_one_address(
    own: tuple[HostAddress, ...], places: tuple[str, ...], answer: Answer, problem: str, noted: bool
) -> None:
    found = reachability.assess({NAME: places}, own, lambda *_: answer)
    assert bool(found.problems) is bool(problem)
    assert problem in found.problems.get(NAME, "")
    assert bool(found.notes) is noted


def test_judge_one_wrong_address_of_two() -> None:
    answers = {"203.0.113.7": Answer.OURS, "2001:db8::9": Answer.OTHER}
    found = reachability.assess({NAME: tuple(answers)}, BOTH, lambda address, port, name: answers[address])
    assert "2001:db8::9" in found.problems[NAME]
