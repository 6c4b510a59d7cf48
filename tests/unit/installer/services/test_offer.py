"""Which services a host has room for, and which a first setup suggests."""

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


def test_services_that_are_parts_of_one_are_one_line(known: Catalogue) -> None:
    found = offers(known, 500)
    assert list(found) == ["Store + Beside", "Front"]
    assert found["Store + Beside"].memory == 90


def test_a_first_setup_ticks_what_is_suggested_and_fits(known: Catalogue) -> None:
    found = offers(known, 500)
    assert [each.ticked for each in found.values()] == [True, False]
    assert [each.remark for each in found.values()] == ["", ""]
    assert not any(each.ticked for each in offers(known, 500, first=False).values())
    assert not any(each.ticked for each in offers(known, 64 + 89).values())


def test_what_fits_only_without_the_others_says_so(known: Catalogue) -> None:
    front = offers(known, 64 + 60 + 100)["Front"]
    assert front.possible
    assert front.remark == "does not fit with the others: 70 MB left"


def test_what_never_fits_cannot_be_ticked(known: Catalogue) -> None:
    # It needs the store besides its own.
    front = offers(known, 64 + 159)["Front"]
    assert not front.possible
    assert front.remark == "does not fit: 159 MB left"
    assert offers(known, 64 + 160)["Front"].possible
    assert offers(known, 64 + 100, ("store",))["Front"].possible


def test_what_is_here_is_ticked_and_costs_nothing_more(known: Catalogue) -> None:
    found = offers(known, 64 + 10, ("store", "beside"), first=False)["Store + Beside"]
    assert found.ticked
    assert found.possible
    assert found.remark == "already added"


def test_what_only_a_registry_has_is_not_suggested_where_images_are_built_here(known: Catalogue) -> None:
    found = offer.offers(known, (), host(500), first=True, pulled=("beside",))[0]
    assert not found.ticked
    assert found.remark == "pulled from a registry: Beside"


def test_new_services_must_fit_together(known: Catalogue) -> None:
    services = (known["store"], known["front"])
    assert offer.problem(services, host(64 + 160)) == ""
    told = "Store with Front needs 160 MB; 223 MB of 1000 MB are left, of which 64 MB must stay free"
    assert offer.problem(services, host(64 + 159)).startswith(told)
    with pytest.raises(ShoestringError, match=told):
        offer.must_fit(services, host(64 + 159))
    offer.must_fit(services, host(64 + 159), force=True)
    offer.must_fit((), host(0))


def test_before_a_first_start_room_is_kept_for_what_is_always_started() -> None:
    assert offer.before_start(host(264)).available == 200 * MEGABYTE
    assert offer.before_start(host(10)).available == 0
