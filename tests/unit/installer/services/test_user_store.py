"""Users that come and go: what is said before and after, and what is refused."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from installer.services import user_store
from installer.services.htpasswd import Users
from installer.services.user_store import Door
from runtime.base.errors import UsageError


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(
        Users(tmp_path / "htpasswd", os.getgid()),
        tmp_path / "lock",
        command="shoestring hub user add NAME",
        log_in="hub login --user {name}",
        own="admin",
        refusal="admin is the user of this host itself.",
    )


def test_a_new_user_gets_a_password_and_hears_how_to_log_in(door: Door) -> None:
    made = user_store.put(door, "anna")
    assert door.users.knows("anna", made.password)
    assert user_store.put_lines(door, made) == [
        "  ✓ anna is a user now",
        f"    password  {made.password}   (told only now)",
        "    log in    hub login --user anna",
    ]
    assert user_store.put_lines(replace(door, more="Trust it first."), made)[-1] == "    Trust it first."
    answer = json.loads(user_store.put_json(door, made))
    assert answer == {
        "version": 1,
        "name": "anna",
        "new": True,
        "password": made.password,
        "log_in": "hub login --user anna",
    }


def test_a_password_that_a_person_chose_takes_the_place_of_the_old_and_is_not_told(door: Door) -> None:
    first = user_store.put(door, "anna")
    user_store.put(door, "berta")
    second = user_store.put(door, "anna", "a password of her own")
    assert (second.new, second.password) == (False, "")
    assert door.users.names == ("anna", "berta")
    assert door.users.knows("anna", "a password of her own")
    assert not door.users.knows("anna", first.password)
    assert user_store.put_lines(door, second)[0] == "  ✓ anna has another password now"
    assert json.loads(user_store.put_json(door, second))["password"] is None


def test_a_plan_says_what_would_be_and_makes_nothing(door: Door) -> None:
    new = user_store.planned(door, "anna")
    assert (new.new, new.password) == (True, "")
    assert user_store.put_lines(door, new, dry_run=True) == ["  + anna", "  Nothing was changed."]
    assert json.loads(user_store.put_json(door, new))["password"] is None
    assert not door.users.file.exists()
    user_store.put(door, "anna")
    text = door.users.file.read_text()
    again = user_store.planned(door, "anna")
    assert user_store.put_lines(door, again, dry_run=True)[0] == "  ~ anna  gets another password"
    assert door.users.file.read_text() == text


def test_what_is_refused_changes_nothing(door: Door) -> None:
    for name, password in (("a b", ""), ("anna", "short"), ("admin", "")):
        with pytest.raises(UsageError):
            user_store.put(door, name, password)
    with pytest.raises(UsageError, match="user of this host"):
        user_store.planned(door, "admin")
    assert not door.users.file.exists()


def test_a_removal_tells_the_registry_and_finishes_what_was_cut_short(door: Door) -> None:
    heard: list[bool] = []
    door = replace(door, forget=heard.append)
    user_store.put(door, "anna")
    user_store.remove(door, "anna")
    assert (door.users.names, heard) == ((), [True])
    with pytest.raises(UsageError, match="There is no user anna. There are: none."):
        user_store.remove(door, "anna")
    assert heard == [True, False]
    assert json.loads(user_store.removed_json("anna", removed=True)) == {
        "version": 1,
        "name": "anna",
        "removed": True,
    }


def test_the_hosts_own_user_stays(door: Door) -> None:
    door.users.put("admin", "x")
    with pytest.raises(UsageError, match="user of this host"):
        user_store.remove(door, "admin")
    assert door.users.names == ("admin",)


def test_the_list_of_nobody_says_how_to_add_one(door: Door) -> None:
    assert user_store.list_lines(door) == ["  There are no users yet. Add one: shoestring hub user add NAME"]
    user_store.put(door, "anna")
    assert user_store.list_lines(door) == ["  anna"]
