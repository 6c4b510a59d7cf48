"""Choosing the version of a rollback."""

from __future__ import annotations

import pytest

from installer.applications.target import find
from installer.deploy import rollback
from runtime.base.errors import UsageError
from tests.support.builders.deploys import WANTED, past
from tests.support.builders.runtime import PATHS


def test_choose_version(monkeypatch: pytest.MonkeyPatch) -> None:
    target = find(WANTED, "blog")
    monkeypatch.setattr("installer.deploy.history.read", lambda *_: past(target, "ghost:4", "ghost:5"))
    assert rollback.choose(PATHS, target, None).image == "ghost:4"
    assert rollback.choose(PATHS, target, 2).image == "ghost:5"
    with pytest.raises(UsageError, match="blog has no deployment 3; there is 1 to 2"):
        rollback.choose(PATHS, target, 3)
    monkeypatch.setattr("installer.deploy.history.read", lambda *_: ())
    with pytest.raises(UsageError, match="blog has no version before ghost:5"):
        rollback.choose(PATHS, target, None)
    with pytest.raises(UsageError, match="there is none yet"):
        rollback.choose(PATHS, target, 1)
