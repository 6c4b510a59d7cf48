"""What an upgrade compares, names and refuses, as data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from installer.applications.target import Target
from installer.services.postgres import inventory, restore_marker, upgrade_job
from installer.services.postgres.data_folder import Place
from installer.services.postgres.databases import Access, check_name
from installer.services.postgres.server import environment, first_error
from runtime.base.command import Result
from runtime.base.errors import UsageError
from runtime.base.paths import Side
from runtime.docker.images import POSTGRES
from tests.support.builders.runtime import application, web

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


def test_the_official_image_of_a_version_is_on_the_same_system() -> None:
    assert upgrade_job.official(17) == POSTGRES.reference
    assert upgrade_job.official(18) == "postgres:18-trixie"


def test_commands_that_lose_data_name_the_instance() -> None:
    found = application("postgres", web("a.example.com"), Side.INTERNAL)
    place = Place(Target(found, "application", "postgres:15"), (), "", "", Path("/data/15"))
    upgrade = upgrade_job.Job(place, 15, 18, "postgres:18-trixie", (), 0, 0, " --data-directory /srv/demo")
    assert upgrade.again == "shoestring postgres upgrade 18 --data-directory /srv/demo"
    assert upgrade.forget("15") == "shoestring postgres forget 15 --data-directory /srv/demo"
    another = replace(upgrade, image="other:18", option="")
    assert another.again == "shoestring postgres upgrade 18 --image other:18"


def test_an_access_is_a_url_and_two_secrets() -> None:
    access = Access("my-shop", "a/b c")
    assert access.values == {
        "MY_SHOP_DATABASE_URL": "postgres://my-shop:a%2Fb%20c@postgres:5432/my-shop",
        "MY_SHOP_DATABASE_PASSWORD": "a/b c",
    }
    check_name("my-shop")
    for name in ("", "Shop", "9a", "a.b", "template1", "pg_stat", "a" * 64, "ä"):
        with pytest.raises(UsageError):
            check_name(name)


def test_an_environment_has_two_forms() -> None:
    assert environment({"environment": {"A": 1, "B": None}}) == {"A": "1", "B": ""}
    assert environment({"environment": ["A=1=2", "B"]}) == {"A": "1=2", "B": ""}
    assert environment({}) == {}


def test_the_first_error_is_the_reason() -> None:
    said = "psql:<stdin>:4: NOTICE:  x\npsql:<stdin>:9: ERROR:  no space\nLINE 1: PASSWORD 'secret'\nERROR:  later\n"
    assert first_error(Result(("psql",), 3, "", said)) == "psql:<stdin>:9: ERROR:  no space"
    assert first_error(Result(("psql",), 3, "", "")) == "exit code 3"


def test_data_are_unused_until_a_server_has_them(tmp_path: Path) -> None:
    assert not restore_marker.holds(tmp_path)
    control = tmp_path / restore_marker.CONTROL
    control.parent.mkdir()
    control.write_bytes(b"stopped")
    restore_marker.mark(tmp_path)
    assert restore_marker.holds(tmp_path)
    control.write_bytes(b"served")
    assert not restore_marker.holds(tmp_path)
