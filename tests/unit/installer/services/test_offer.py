"""The services that fit a host's memory, and those that a first setup suggests."""

from __future__ import annotations

import pytest

from installer.host.memory import HostMemory
from installer.services import offer
from installer.services.catalogue import Catalogue
from installer.services.offer import ServiceOffer
from runtime.base.constants import MEGABYTE
from runtime.base.errors import ShoestringError

# store needs 60 MB, beside 30 (both offered as one, and suggested), front 100; 64 must stay free.


def host(available: int) -> HostMemory:
    return HostMemory(1000 * MEGABYTE, available * MEGABYTE)


def offers(
    known: Catalogue, available: int, there: tuple[str, ...] = (), *, first: bool = True
) -> dict[str, ServiceOffer]:
    return {each.title: each for each in offer.offers(known, there, host(available), first=first)}


def test_offers_combine_parts_of_service(known: Catalogue) -> None:
    found = offers(known, 500)
    assert list(found) == ["Store + Beside", "Front"]
    assert found["Store + Beside"].memory == 90


def test_offers_of_first_setup_are_ticked_if_suggested(known: Catalogue) -> None:
    found = offers(known, 500)
    assert [each.ticked for each in found.values()] == [True, False]
    assert [each.remark for each in found.values()] == ["", ""]
    assert not any(each.ticked for each in offers(known, 500, first=False).values())
    assert not any(each.ticked for each in offers(known, 64 + 89).values())


def test_offers_remark_if_it_does_not_fit_with_others(known: Catalogue) -> None:
    front = offers(known, 64 + 60 + 100)["Front"]
    assert front.possible
    assert front.remark == "does not fit with the others: 70 MB left"


def test_offers_impossible_if_it_never_fits(known: Catalogue) -> None:
    # Front also needs the memory of the store.
    front = offers(known, 64 + 159)["Front"]
    assert not front.possible
    assert front.remark == "does not fit: 159 MB left"
    assert offers(known, 64 + 160)["Front"].possible
    assert offers(known, 64 + 100, ("store",))["Front"].possible


def test_offers_present_service_is_ticked(known: Catalogue) -> None:
    found = offers(known, 64 + 10, ("store", "beside"), first=False)["Store + Beside"]
    assert found.ticked
    assert found.possible
    assert found.remark == "already added"


def test_offers_with_pulled_image_are_not_ticked(known: Catalogue) -> None:
    found = offer.offers(known, (), host(500), first=True, pulled=("beside",))[0]
    assert not found.ticked
    assert found.remark == "pulled from a registry: Beside"


def test_problem_of_services_that_do_not_fit_together(known: Catalogue) -> None:
    services = (known["store"], known["front"])
    assert offer.problem(services, host(64 + 160)) == ""
    message = "Store with Front needs 160 MB; 223 MB of 1000 MB are left, of which 64 MB must stay free"
    assert offer.problem(services, host(64 + 159)).startswith(message)
    with pytest.raises(ShoestringError, match=message):
        offer.must_fit(services, host(64 + 159))
    offer.must_fit(services, host(64 + 159), force=True)
    offer.must_fit((), host(0))


def test_before_start_reserves_memory_of_core() -> None:
    assert offer.before_start(host(264)).available == 200 * MEGABYTE
    assert offer.before_start(host(10)).available == 0
