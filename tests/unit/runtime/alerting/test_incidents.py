"""Incidents are notified once when they have lasted, once when they are resolved, and never in between."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest

from runtime.alerting import incidents
from runtime.alerting.checks import LASTING_SECONDS, Checked, FailedCheck
from runtime.alerting.incident import OLD_FILE, Incident, Incidents
from runtime.alerting.incidents import RECOVERY_SECONDS, after_notification, notification, update
from runtime.alerting.notify import Severity
from runtime.alerting.subject import Subject, SubjectKind
from runtime.base.paths import Paths, RunPaths
from runtime.config.sections import NotifySettings
from runtime.config.settings import Settings
from tests.support.builders.runtime import make_settings, recording_command

NOW = 1_795_000_000.0
STEP = 300.0
DISK = FailedCheck(Subject(SubjectKind.DISK, "/srv"), "The disk of /srv is 86 % full.")
DOWN = FailedCheck(Subject(SubjectKind.APPLICATION, "blog"), "It is down.", Severity.ERROR, LASTING_SECONDS)
NO_ENGINE = frozenset((SubjectKind.APPLICATION,))
pytestmark = pytest.mark.processes


class Site:
    """A data directory whose notifications go to a file, with given check results."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.received = paths.root / "received"
        self.run = RunPaths("shoestring", paths.root / "run")
        self.run.directory.mkdir(parents=True)
        self.settings: Settings = replace(
            make_settings(), notify=NotifySettings(command=recording_command(self.received))
        )

    def check(self, now: float, *failed: FailedCheck, unknown: frozenset[SubjectKind] = frozenset()) -> list[str]:
        """Return the subjects that one run of the checks notifies, resolved ones with a + before them."""
        before = len(self._lines())
        sent = incidents.notify_changes(self.paths, self.settings, self.run, Checked(failed, unknown), now)
        received = [json.loads(line) for line in self._lines()[before:]]
        assert len(sent) == len(received)
        return [("+" if each["severity"] == Severity.RESOLVED else "") + each["subject"] for each in received]

    def _lines(self) -> list[str]:
        return self.received.read_text().splitlines() if self.received.exists() else []


@pytest.fixture
def site(paths: Paths) -> Site:
    paths.root.mkdir(exist_ok=True)
    return Site(paths)


def test_incident_is_notified_when_open_and_resolved(site: Site) -> None:
    assert site.check(NOW, DISK) == ["disk of /srv"]
    assert [site.check(NOW + number * STEP, DISK) for number in range(1, 400)] == [[]] * 399
    later = NOW + 400 * STEP
    assert site.check(later) == []
    assert site.check(later + RECOVERY_SECONDS) == ["+disk of /srv"]
    assert site.check(later + 2 * RECOVERY_SECONDS) == []


def test_incident_opens_after_pending_time(site: Site) -> None:
    assert site.check(NOW, DOWN) == []
    assert site.check(NOW + LASTING_SECONDS / 2, DOWN) == []
    assert site.check(NOW + LASTING_SECONDS - 5, DOWN) == ["application blog"]


def test_pending_incident_restarts_after_host_was_off(site: Site) -> None:
    """Off, asleep, or its clock was set: no check ran in between."""
    assert site.check(NOW, DOWN) == []
    later = NOW + 7 * 3600
    assert site.check(later, DOWN) == []
    assert site.check(later + LASTING_SECONDS, DOWN) == ["application blog"]


def test_pending_incident_survives_skipped_check(site: Site) -> None:
    slow = replace(DOWN, pending_seconds=4 * STEP)
    assert [site.check(NOW + number * STEP, slow) for number in (0, 1, 3)] == [[], [], []]
    assert site.check(NOW + 4 * STEP, slow) == ["application blog"]


def test_intermittent_failure_opens_no_incident(site: Site) -> None:
    for number in range(10):
        assert site.check(NOW + number * STEP, *((DOWN,) if number % 2 else ())) == []


def test_intermittent_failure_keeps_incident_open(site: Site) -> None:
    assert site.check(NOW, DISK) == ["disk of /srv"]
    for number in range(1, 10):
        assert site.check(NOW + number * STEP, *(() if number % 2 else (DISK,))) == []


def test_incident_reopens_on_same_day(site: Site) -> None:
    assert site.check(NOW, DISK) == ["disk of /srv"]
    site.check(NOW + STEP)
    assert site.check(NOW + STEP + RECOVERY_SECONDS) == ["+disk of /srv"]
    assert site.check(NOW + 5 * STEP, DISK) == ["disk of /srv"]


def test_unknown_check_neither_resolves_nor_opens(site: Site) -> None:
    site.check(NOW, DOWN)
    assert site.check(NOW + STEP, DOWN) == ["application blog"]
    for number in range(2, 8):
        assert site.check(NOW + number * STEP, unknown=NO_ENGINE) == []
    assert site.check(NOW + 8 * STEP, DOWN) == []


def test_unknown_applications_do_not_hide_disk(site: Site) -> None:
    assert site.check(NOW, DISK, unknown=NO_ENGINE) == ["disk of /srv"]
    site.check(NOW + STEP, unknown=NO_ENGINE)
    assert site.check(NOW + STEP + RECOVERY_SECONDS, unknown=NO_ENGINE) == ["+disk of /srv"]


def test_incidents_are_saved_in_run_while_disk_is_full(site: Site) -> None:
    # A file where a directory must be: nothing can be written below it, not even by root.
    site.paths.data.mkdir(parents=True)
    site.paths.memory.write_text("")
    assert site.check(NOW, DISK) == ["disk of /srv"]
    assert site.check(NOW + STEP, DISK) == []
    site.paths.memory.unlink()
    assert site.check(NOW + 2 * STEP, DISK) == []
    site.check(NOW + 3 * STEP)
    assert site.check(NOW + 3 * STEP + RECOVERY_SECONDS) == ["+disk of /srv"]
    assert site.check(NOW + 9 * STEP) == []


def test_invalid_file_holds_no_incidents(site: Site) -> None:
    site.paths.memory.mkdir(parents=True)
    site.paths.incidents.write_text('{"version": 2, "time": 1, "incidents": [7]}')
    assert site.check(NOW, DISK) == ["disk of /srv"]


def test_incidents_file_is_not_written_without_change(site: Site) -> None:
    assert site.check(NOW) == []
    assert not site.paths.incidents.exists()
    site.check(NOW, DISK)
    written = site.paths.incidents.stat().st_mtime_ns
    site.check(NOW + STEP, replace(DISK, message="The disk of /srv is 87 % full."))
    assert site.paths.incidents.stat().st_mtime_ns == written


def test_failed_notification_is_sent_later(site: Site) -> None:
    mark = site.paths.root / "there"
    broken = f"{sys.executable} -c \"import os, sys; sys.exit(not os.path.exists('{mark}'))\""
    site.settings = replace(site.settings, notify=NotifySettings(command=broken))
    sent = incidents.notify_changes(site.paths, site.settings, site.run, Checked((DISK,)), NOW)
    assert sent[0] == DISK.message
    assert "notify.command ended with exit code 1" in sent[1]
    assert not _stored(site)["disk", "/srv"]["notified"]
    mark.touch()
    incidents.notify_changes(site.paths, site.settings, site.run, Checked((DISK,)), NOW + 4 * STEP)
    assert _stored(site)["disk", "/srv"]["notified"]


def _stored(site: Site) -> dict[tuple[str, str], dict[str, object]]:
    return {(each["kind"], each["name"]): each for each in json.loads(site.paths.incidents.read_text())["incidents"]}


def test_update_after_clock_went_back() -> None:
    before = Incidents(NOW, {DOWN.subject: Incident(DOWN, NOW + 86_400)})
    after = update(before, Checked((DOWN,)), NOW)
    assert notification(after[DOWN.subject], NOW + LASTING_SECONDS)


def test_after_notification_removes_resolved_incident() -> None:
    recovered = Incident(DISK, NOW, notified=True, recovered_at=NOW + STEP)
    assert notification(recovered, NOW + STEP + RECOVERY_SECONDS)
    assert after_notification(recovered) is None
    assert after_notification(Incident(DISK, NOW)) == Incident(DISK, NOW, notified=True)


def old_entry(notified: bool) -> dict[str, object]:
    """Return an incident as the previous version saved it."""
    trouble = {"subject": "no pass of the watchdog", "message": "It is late.", "over": "It is back."}
    trouble |= {"severity": "error", "lasting": 300.0}  # type: ignore[dict-item]
    return {"trouble": trouble, "since": NOW - 600, "told": notified, "well": 0.0}


def test_incident_of_previous_version_stays_open(site: Site) -> None:
    """It is not notified again, and it is notified when it is resolved."""
    site.paths.memory.mkdir(parents=True)
    old = site.paths.memory / OLD_FILE
    old.write_text(json.dumps({"version": 1, "time": NOW - STEP, "open": [old_entry(notified=True)]}))
    late = FailedCheck(Subject(SubjectKind.WATCHDOG), "It is late.")
    assert site.check(NOW, late) == []
    assert site.check(NOW + STEP) == []
    assert not old.exists()
    assert site.check(NOW + STEP + RECOVERY_SECONDS) == ["+no watchdog run"]
