"""The comparison of a server's content before and after an upgrade."""

from __future__ import annotations

from installer.services.postgres import inventory
from installer.services.postgres.inventory import ROLE, ROWS, InventoryKey

SHOP, ORDERS = InventoryKey(ROLE, "shop"), InventoryKey(ROWS, "public.orders", "shop")
BEFORE = {SHOP: "abc", ORDERS: "10", InventoryKey("sequence", "public.ids", "shop"): "7 true"}


def test_differences_of_equal_inventories() -> None:
    assert inventory.differences(BEFORE, dict(BEFORE)) == ()


def test_rows_counts_tables_and_rows() -> None:
    # A role may have any name.
    odd = {InventoryKey(ROLE, "a: rows of b"): "x", InventoryKey(ROWS, "a.b", "shop"): "5"}
    assert inventory.rows({**BEFORE, **odd}) == (2, 15)


def test_differences_are_sentences() -> None:
    after = {SHOP: "other", ORDERS: "9", InventoryKey(ROLE, "new"): "x"}
    after |= {InventoryKey("number of functions", "", "shop"): "1"}
    assert inventory.differences(BEFORE, after) == (
        "role new is new",
        "role shop is another one",
        "shop: number of functions: none before, 1 now",
        "shop: rows of public.orders: 10 before, 9 now",
        "shop: sequence public.ids: 7 true before, none now",
    )
