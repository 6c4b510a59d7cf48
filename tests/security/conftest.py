"""Fixtures of the attacks, which are those of the engine tests. Attacks in `services/` need images of services."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.engine_fixtures import client, instance, notifications, tools

__all__ = ["client", "instance", "notifications", "tools"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "security" in Path(item.path).parts and "unit" not in Path(item.path).parts:
            item.add_marker(pytest.mark.engine)
