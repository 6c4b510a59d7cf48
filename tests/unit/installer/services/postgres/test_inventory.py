"""The comparison of a server's content before and after an upgrade."""

from __future__ import annotations

from installer.services.postgres import inventory

BEFORE = {"role shop": "abc", "shop: rows of public.orders": "10", "shop: sequence public.ids": "7 true"}


def test_the_same_has_no_differences() -> None:
    assert inventory.differences(BEFORE, dict(BEFORE)) == ()
    assert inventory.rows({**BEFORE, "shop: rows of a.b": "5"}) == (2, 15)


def test_each_difference_is_a_sentence() -> None:
    after = {"role shop": "other", "shop: rows of public.orders": "9", "role new": "x"}
    assert inventory.differences(BEFORE, after) == (
        "role new is new",
        "role shop is another one",
        "shop: rows of public.orders: 10 before, 9 now",
        "shop: sequence public.ids: 7 true before, none now",
    )
