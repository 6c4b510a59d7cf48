"""The output about users of a registry."""

from __future__ import annotations

import json

from installer.services import user_report
from installer.services.json_users import UserRemovalJson
from installer.services.user_store import UserStore
from runtime.output.encoder import result_json


def test_removed_lines() -> None:
    assert user_report.removed_lines("bob") == ["  ✓ Removed user bob"]
    assert user_report.removed_lines("bob", dry_run=True) == ["  - bob", "  Nothing was changed."]
    answer = json.loads(result_json(UserRemovalJson("bob", removed=True)))
    assert answer == {"version": 2, "name": "bob", "removed": True}


def test_list_lines_without_users(store: UserStore) -> None:
    assert user_report.list_lines(store) == ["  No users yet. Add one: shoestring hub user add NAME"]
    store.put("anna")
    assert user_report.list_lines(store) == ["  anna"]
