"""Troubles are told once when they have lasted, once when they are over, and never in between."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest

from runtime.alerting import incidents
from runtime.alerting.checks import LASTING_SECONDS, Seen, Trouble
from runtime.alerting.incidents import CALM_SECONDS, Noted, Open, due, merge, settled
from runtime.alerting.notify import Severity
from runtime.base.paths import Paths, RunPaths
from runtime.config.sections import NotifySettings
from runtime.config.settings import Settings
from tests.support.builders.runtime import keeper, make_settings

NOW = 1_795_000_000.0
STEP = 300.0
DISK = Trouble("disk of /srv", "The disk of /srv is 86 % full.", "The disk of /srv has room again.")
DOWN = Trouble("application blog", "It is down.", "It runs again.", Severity.ERROR, LASTING_SECONDS)
pytestmark = pytest.mark.processes


class Site:
    """A data directory whose notices go to a file, and looks that are given."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.notices = paths.root / "notices"
        self.run = RunPaths("shoestring", paths.root / "run")
        self.run.directory.mkdir(parents=True)
        self.settings: Settings = replace(make_settings(), notify=NotifySettings(command=keeper(self.notices)))

    def look(self, now: float, *troubles: Trouble, blind: tuple[str, ...] = ()) -> list[str]:
        """The subjects that are told by one look, those that are over with a + before them."""
        before = len(self._lines())
        said = incidents.tell(self.paths, self.settings, self.run, Seen(troubles, blind), now)
        told = [json.loads(line) for line in self._lines()[before:]]
        assert len(said) == len(told)
        return [("+" if each["severity"] == Severity.OVER else "") + each["subject"] for each in told]

    def _lines(self) -> list[str]:
        return self.notices.read_text().splitlines() if self.notices.exists() else []


@pytest.fixture
def site(paths: Paths) -> Site:
    paths.root.mkdir(exist_ok=True)
    return Site(paths)


def test_a_trouble_is_told_once_and_its_end_once(site: Site) -> None:
    assert site.look(NOW, DISK) == ["disk of /srv"]
    assert [site.look(NOW + number * STEP, DISK) for number in range(1, 400)] == [[]] * 399
    later = NOW + 400 * STEP
    assert site.look(later) == []
    assert site.look(later + CALM_SECONDS) == ["+disk of /srv"]
    assert site.look(later + 2 * CALM_SECONDS) == []


def test_one_that_must_last_is_told_when_it_has(site: Site) -> None:
    assert site.look(NOW, DOWN) == []
    assert site.look(NOW + LASTING_SECONDS / 2, DOWN) == []
    assert site.look(NOW + LASTING_SECONDS - 5, DOWN) == ["application blog"]


def test_what_was_there_before_the_host_was_off_has_not_lasted(site: Site) -> None:
    """Off, asleep, or its clock was set: nobody looked in between."""
    assert site.look(NOW, DOWN) == []
    later = NOW + 7 * 3600
    assert site.look(later, DOWN) == []
    assert site.look(later + LASTING_SECONDS, DOWN) == ["application blog"]


def test_a_look_that_was_left_out_makes_no_difference(site: Site) -> None:
    slow = replace(DOWN, lasting=4 * STEP)
    assert [site.look(NOW + number * STEP, slow) for number in (0, 1, 3)] == [[], [], []]
    assert site.look(NOW + 4 * STEP, slow) == ["application blog"]


def test_one_that_passes_is_never_told(site: Site) -> None:
    for number in range(10):
        assert site.look(NOW + number * STEP, *((DOWN,) if number % 2 else ())) == []


def test_one_that_comes_and_goes_stays_told(site: Site) -> None:
    assert site.look(NOW, DISK) == ["disk of /srv"]
    for number in range(1, 10):
        assert site.look(NOW + number * STEP, *(() if number % 2 else (DISK,))) == []


def test_it_is_told_again_when_it_comes_back_on_the_same_day(site: Site) -> None:
    assert site.look(NOW, DISK) == ["disk of /srv"]
    site.look(NOW + STEP)
    assert site.look(NOW + STEP + CALM_SECONDS) == ["+disk of /srv"]
    assert site.look(NOW + 5 * STEP, DISK) == ["disk of /srv"]


def test_what_cannot_be_seen_is_neither_over_nor_new(site: Site) -> None:
    site.look(NOW, DOWN)
    assert site.look(NOW + STEP, DOWN) == ["application blog"]
    for number in range(2, 8):
        assert site.look(NOW + number * STEP, blind=("application ",)) == []
    assert site.look(NOW + 8 * STEP, DOWN) == []


def test_an_engine_that_is_gone_hides_no_disk(site: Site) -> None:
    assert site.look(NOW, DISK, blind=("application ",)) == ["disk of /srv"]
    site.look(NOW + STEP, blind=("application ",))
    assert site.look(NOW + STEP + CALM_SECONDS, blind=("application ",)) == ["+disk of /srv"]


def test_it_is_remembered_in_memory_while_the_disk_takes_nothing(site: Site) -> None:
    # A file where a directory must be: nothing can be written below it, not even by root.
    site.paths.data.mkdir(parents=True)
    site.paths.memory.write_text("")
    assert site.look(NOW, DISK) == ["disk of /srv"]
    assert site.look(NOW + STEP, DISK) == []
    site.paths.memory.unlink()
    assert site.look(NOW + 2 * STEP, DISK) == []
    site.look(NOW + 3 * STEP)
    assert site.look(NOW + 3 * STEP + CALM_SECONDS) == ["+disk of /srv"]
    assert site.look(NOW + 9 * STEP) == []


def test_a_memory_that_is_broken_is_none(site: Site) -> None:
    site.paths.memory.mkdir(parents=True)
    site.paths.alerts.write_text('{"version": 1, "open": [7]}')
    assert site.look(NOW, DISK) == ["disk of /srv"]


def test_nothing_is_written_while_nothing_changes(site: Site) -> None:
    assert site.look(NOW) == []
    assert not site.paths.alerts.exists()
    site.look(NOW, DISK)
    written = site.paths.alerts.stat().st_mtime_ns
    site.look(NOW + STEP, replace(DISK, message="The disk of /srv is 87 % full."))
    assert site.paths.alerts.stat().st_mtime_ns == written


def test_who_could_not_be_told_is_told_later_and_the_other_not_again(site: Site) -> None:
    mark = site.paths.root / "there"
    broken = f"{sys.executable} -c \"import os, sys; sys.exit(not os.path.exists('{mark}'))\""
    site.settings = replace(site.settings, notify=NotifySettings(command=broken))
    said = incidents.tell(site.paths, site.settings, site.run, Seen((DISK,), ()), NOW)
    assert said[0] == DISK.message
    assert "notify.command ended with exit code 1" in said[1]
    assert not _stored(site)["disk of /srv"]["told"]
    mark.touch()
    incidents.tell(site.paths, site.settings, site.run, Seen((DISK,), ()), NOW + 4 * STEP)
    assert _stored(site)["disk of /srv"]["told"]


def _stored(site: Site) -> dict[str, dict[str, object]]:
    return {each["trouble"]["subject"]: each for each in json.loads(site.paths.alerts.read_text())["open"]}


def test_a_clock_that_went_back_keeps_nothing_waiting_for_long() -> None:
    before = Noted(NOW, {DOWN.subject: Open(DOWN, NOW + 86_400)})
    opened = merge(before, Seen((DOWN,), ()), NOW)
    assert due(opened[DOWN.subject], NOW + LASTING_SECONDS)


def test_after_its_end_was_told_it_is_forgotten() -> None:
    over = Open(DISK, NOW, told=True, well=NOW + STEP)
    assert due(over, NOW + STEP + CALM_SECONDS)
    assert settled(over) is None
    assert settled(Open(DISK, NOW)) == Open(DISK, NOW, told=True)
