"""Databases and their access data."""

from __future__ import annotations

import pytest

from installer.services.postgres.databases import DatabaseAccess, check_name
from runtime.base.errors import UsageError


def test_access_values_and_names() -> None:
    access = DatabaseAccess("my-shop", "a/b c")
    assert access.values == {
        "MY_SHOP_DATABASE_URL": "postgres://my-shop:a%2Fb%20c@postgres:5432/my-shop",
        "MY_SHOP_DATABASE_PASSWORD": "a/b c",
    }
    check_name("my-shop")
    for name in ("", "Shop", "9a", "a.b", "template1", "pg_stat", "a" * 64, "ä"):
        with pytest.raises(UsageError):
            check_name(name)
