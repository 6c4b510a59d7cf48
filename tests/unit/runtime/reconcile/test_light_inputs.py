"""The watchdog's own state as the fast path compares it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.base import disk_space, files
from runtime.base.constants import ATTEMPTS, LOCK, STOPPED
from runtime.base.light_inputs import Place
from runtime.reconcile.light_inputs import WatchdogInputs


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / LOCK).touch()
    return Place(str(tmp_path), str(tmp_path))


def test_inputs_change_with_stop_and_attempts(place: Place) -> None:
    seen = [tuple(WatchdogInputs().inputs(place))]
    for name in (STOPPED, ATTEMPTS):
        Path(place.run, name).touch()
        seen.append(tuple(WatchdogInputs().inputs(place)))
    assert len(set(seen)) == 3


def test_is_recorded_without_other_command(place: Place) -> None:
    assert WatchdogInputs().is_recorded(place, None)
    with files.lock(Path(place.run, LOCK)), pytest.raises(OSError, match="unavailable"):
        WatchdogInputs().is_recorded(place, None)


def test_is_recorded_on_full_disk(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_space, "problem", lambda _root: "The disk is full.")
    assert not WatchdogInputs().is_recorded(place, None)
