"""One pass: makes what runs equal to what the files say, touches nothing else, and ends."""

from __future__ import annotations

import time
from dataclasses import replace

from runtime import backoff, files, quiet
from runtime.apply import Listener
from runtime.backoff import Held
from runtime.operations import SILENT, Cluster, Report, carry_out, look

STOPPED = "Stopped by a person, so nothing is done. Start it with: shoestring start"


def watch(cluster: Cluster, listener: Listener = SILENT) -> Report:
    """Do what has to be done now; what was tried in vain a moment ago is held back and told.

    Without a change it asks the engine once and writes nothing. Raises LockedError if another command is at work.
    """
    with files.lock(cluster.run.lock):
        if cluster.run.stopped.exists():
            return Report((), notes=(STOPPED,))
        view = look(cluster)
        memory = backoff.load(cluster.run.attempts)
        todo, held = backoff.split(view.plan, memory, time.time())
        waiting = tuple(_sentence(each) for each in held)
        if not todo:
            backoff.save(cluster.run.attempts, backoff.current(memory, time.time()))
            quiet.remember(cluster, view)
            return Report((), view.desired.problems, refused=(*view.refused, *waiting))
        report = carry_out(cluster, replace(view, plan=todo), listener)
        failures = {failure.application: failure.what for failure in report.failures}
        backoff.save(cluster.run.attempts, backoff.remember(memory, report.outcomes, failures, time.time()))
        return replace(report, notes=(), refused=(*report.refused, *waiting))


def _sentence(held: Held) -> str:
    """One line about what is tried again later."""
    minutes = max(1, round(held.seconds / 60))
    tried = "once" if held.attempts.number == 1 else f"{held.attempts.number} times"
    name = held.change.name
    why = held.attempts.error.splitlines()[0] if held.attempts.error else held.change.about
    when = f"tried {tried}; again in {minutes} min, or at once when its file changes"
    return f"{name}: {why.removeprefix(f'{name}: ')} ({when})"
