"""Users of a registry: adding, changing, removing and refusing them, and the output."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from installer.services import user_report
from installer.services.json_users import UserJson
from installer.services.user_store import RegistryUser, UserStore
from runtime.base.errors import UsageError
from runtime.output.encoder import result_json


def test_put_new_user_generates_password(store: UserStore) -> None:
    made = store.put("anna")
    assert made.new
    assert store.file.knows("anna", made.password)
    assert user_report.put_lines(store, made) == [
        "  ✓ Added user anna",
        f"    password  {made.password}   (shown only once)",
        "    log in    hub login --user anna",
    ]
    assert user_report.put_lines(replace(store, hint="Trust it first."), made)[-1] == "    Trust it first."
    assert json.loads(result_json(UserJson.of(store, made))) == {
        "version": 2,
        "name": "anna",
        "new": True,
        "password": made.password,
        "log_in": "hub login --user anna",
    }


def test_put_chosen_password_is_not_shown(store: UserStore) -> None:
    first = store.put("anna")
    store.put("berta")
    second = store.put("anna", "a password of her own")
    assert second == RegistryUser("anna", "", new=False)
    assert store.file.names == ("anna", "berta")
    assert store.file.knows("anna", "a password of her own")
    assert not store.file.knows("anna", first.password)
    assert user_report.put_lines(store, second)[0] == "  ✓ Changed the password of user anna"
    assert json.loads(result_json(UserJson.of(store, second)))["password"] is None


def test_plan_put_changes_nothing(store: UserStore) -> None:
    planned = store.plan_put("anna")
    assert planned == RegistryUser("anna")
    assert user_report.put_lines(store, planned, dry_run=True) == ["  + anna", "  Nothing was changed."]
    assert json.loads(result_json(UserJson.of(store, planned)))["password"] is None
    assert not store.file.file.exists()
    store.put("anna")
    text = store.file.file.read_text()
    again = store.plan_put("anna")
    assert user_report.put_lines(store, again, dry_run=True)[0] == "  ~ anna  new password"
    assert store.file.file.read_text() == text


def test_put_refused_changes_nothing(store: UserStore) -> None:
    for name, password in (("a b", ""), ("anna", "short"), ("admin", "")):
        with pytest.raises(UsageError):
            store.put(name, password)
    with pytest.raises(UsageError, match="user of this host"):
        store.plan_put("admin")
    assert not store.file.file.exists()


def test_remove_revokes_and_completes_killed_removal(store: UserStore) -> None:
    revoked: list[bool] = []
    store = replace(store, revoke=revoked.append)
    store.put("anna")
    store.remove("anna")
    assert (store.file.names, revoked) == ((), [True])
    with pytest.raises(UsageError, match="There is no user anna. Users: none."):
        store.remove("anna")
    assert revoked == [True, False]


def test_remove_refuses_user_of_host(store: UserStore) -> None:
    store.file.put("admin", "x")
    with pytest.raises(UsageError, match="user of this host"):
        store.remove("admin")
    assert store.file.names == ("admin",)
