"""The comparison of a server's content before and after an upgrade."""

from __future__ import annotations

from installer.services.postgres import inventory

BEFORE = {"role shop": "abc", "shop: rows of public.orders": "10", "shop: sequence public.ids": "7 true"}


def test_differences_of_equal_inventories() -> None:
    assert inventory.differences(BEFORE, dict(BEFORE)) == ()
    assert inventory.rows({**BEFORE, "shop: rows of a.b": "5"}) == (2, 15)


def test_differences_are_sentences() -> None:
    after = {"role shop": "other", "shop: rows of public.orders": "9", "role new": "x"}
    assert inventory.differences(BEFORE, after) == (
        "role new is new",
        "role shop is another one",
        "shop: rows of public.orders: 10 before, 9 now",
        "shop: sequence public.ids: 7 true before, none now",
    )
