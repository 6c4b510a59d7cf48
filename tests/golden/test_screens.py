"""What a user sees at 80 columns, made by the real renderers.

After a change of words that is meant: tests/run.sh golden -- --regenerate, and read the difference in git.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.golden import Golden
from tests.support.screens import (
    certificates,
    cluster,
    deploys,
    firewall,
    helps,
    host,
    mistakes,
    notifications,
    services,
    vpn,
)
from tests.support.screens.screen import WIDTH

FOLDER = Path(__file__).parent / "screens"
MODULES = (certificates, cluster, deploys, firewall, host, mistakes, notifications, services, vpn)
SCREENS = {**helps.screens(), **{name: make for module in MODULES for name, make in module.SCREENS.items()}}


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give every test the same terminal and the same time zone."""
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("name", SCREENS)
def test_screen_is_as_recorded(golden: Golden, name: str) -> None:
    golden.check(FOLDER / f"{name}.txt", SCREENS[name]())


def test_no_recorded_screen_is_left_over(golden: Golden) -> None:
    golden.check_folder(FOLDER, {f"{name}.txt" for name in SCREENS})
