"""Open and resolve incidents: each is notified once when its check has failed long enough, and once when resolved.

A timer runs this every 5 minutes, and it ends. It is apart from the watchdog, because it also detects that
the watchdog does not run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from runtime.alerting import checks, incident, messages, notify
from runtime.alerting.checks import Checked, FailedCheck
from runtime.alerting.incident import Incident, Incidents
from runtime.alerting.notify import Severity
from runtime.alerting.subject import Subject, SubjectKind
from runtime.base.paths import Paths, RunPaths
from runtime.config import settings
from runtime.config.settings import Settings

# A check must have succeeded for this long before its incident is resolved.
RECOVERY_SECONDS = 300.0
# Checks run every 5 minutes. After so long without one the host was off or asleep, or its clock was set: what was
# only pending before has not lasted.
UNWATCHED_SECONDS = 900.0
# Timers are not on the second.
SLACK_SECONDS = 30.0


@dataclass(frozen=True)
class Notification:
    """A message to send. No `key` is sent more than once a day."""

    subject: Subject
    message: str
    severity: Severity
    key: str


def run(paths: Paths, now: float) -> tuple[str, ...]:
    """Run all checks and notify of the changes. Returns the messages sent, and why one could not be sent.

    `now` is in seconds since the epoch. Raises SettingsError: they have the receivers.
    """
    loaded = settings.load(paths.settings)
    place = RunPaths(loaded.instance)
    known = {subject for subject, each in incident.load(paths, place, now).by_subject.items() if each.notified}
    return notify_changes(paths, loaded, place, checks.run_checks(paths, place, now, known), now)


def notify_changes(paths: Paths, loaded: Settings, place: RunPaths, checked: Checked, now: float) -> tuple[str, ...]:
    """Notify of the incidents that opened or were resolved, and save them. Returns as `run` does."""
    before = incident.load(paths, place, now)
    after = dict(update(before, checked, now))
    sent = []
    for subject, each in list(after.items()):
        due = notification(each, now)
        if due is None:
            continue
        failure = notify.send(loaded, paths, str(subject), due.message, due.severity, now, key=due.key, run=place)
        sent += [due.message, *([failure] if failure else [])]
        left = each if failure else after_notification(each)
        after.pop(subject)
        after.update({subject: left} if left else {})
    if after != before.by_subject or not all(each.notified for each in after.values()):
        incident.save(paths, place, Incidents(now, after))
    return tuple(sent)


def update(before: Incidents, checked: Checked, now: float) -> Mapping[Subject, Incident]:
    """Return the incidents after checks have run. Pure."""
    unwatched = now - before.time > UNWATCHED_SECONDS
    known = {subject: each for subject, each in before.by_subject.items() if each.notified or not unwatched}
    after = {each.subject: _failing(known.get(each.subject), each, now) for each in checked.failed}
    for subject, each in known.items():
        if subject in after:
            continue
        if subject.kind in checked.unknown:
            after[subject] = each
        elif each.notified:
            # One that is only pending is dropped at once.
            after[subject] = replace(each, recovered_at=min(each.recovered_at or now, now))
    return after


def _failing(before: Incident | None, check: FailedCheck, now: float) -> Incident:
    if before is None:
        return Incident(check, now)
    # The clock may have been set back.
    opened_at = min(before.opened_at, now)
    check = before.check if before.notified else check
    return replace(before, check=check, opened_at=opened_at, recovered_at=0.0)


def notification(found: Incident, now: float) -> Notification | None:
    """Return what is to be sent of an incident now. Pure."""
    check, key = found.check, f"{found.check.subject} {found.opened_at:.0f}"
    if found.notified:
        is_resolved = found.recovered_at and now - found.recovered_at >= RECOVERY_SECONDS - SLACK_SECONDS
        message = messages.resolved(check.subject)
        return Notification(check.subject, message, Severity.RESOLVED, f"{key} resolved") if is_resolved else None
    if now - found.opened_at < check.pending_seconds - SLACK_SECONDS:
        return None
    # Renewals notify of certificates too, by their subject.
    own = str(check.subject) if check.subject.kind is SubjectKind.CERTIFICATE else key
    return Notification(check.subject, check.message, check.severity, own)


def after_notification(found: Incident) -> Incident | None:
    """Return what is left of an incident when its notification was sent: nothing of a resolved one. Pure."""
    return None if found.notified else replace(found, notified=True)
