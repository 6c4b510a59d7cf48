"""A client floods the public proxy: another client is served without an error meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from runtime.base.paths import Side
from runtime.config.request_limits import RequestLimits
from tests.support.clients.load import Load
from tests.support.proxy.stand import Stand, open_stand, until
from tests.support.security.floods import ATTACKS, Attacker, attacking, own_address
from tests.support.security.neighbor import address_on

REQUESTS = 100
# The server of this test has a short queue of requests.
LIMITS = RequestLimits(requests=50, requests_per_second=50)


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with open_stand(tmp_path_factory.mktemp("stand")) as opened:
        opened.install(replace(opened.model(Side.PUBLIC), limits=LIMITS))
        yield opened


@pytest.fixture
def attacker(stand: Stand) -> Iterator[Attacker]:
    with own_address() as source:
        yield Attacker(source, address_on(stand.containers[Side.PUBLIC], str(stand.network.name)))


@pytest.mark.parametrize("name", ATTACKS)
def test_other_client_served_during_flood(stand: Stand, attacker: Attacker, name: str) -> None:
    with (
        attacking(ATTACKS[name], attacker),
        Load(stand.ports["https"], "plain.example.test", rate=20, keep_alive=2) as load,
    ):
        until("the other client made its requests", lambda: load.snapshot().requests >= REQUESTS, 60)
    assert load.result.failed == 0, f"{load.result}\n{attacker}"
