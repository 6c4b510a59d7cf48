"""Apply a plan: one change after the other, each reported. An application that fails harms no other."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from runtime.base.errors import DEBUG_VARIABLE
from runtime.base.failpoints import failpoint
from runtime.context.change import ApplyContext, Listener, Outcome, Plan


def apply(plan: Plan, context: ApplyContext, listener: Listener) -> tuple[Outcome, ...]:
    """Make the changes of a plan in its order, and return the outcome of each.

    Nothing is tried after a change that failed and is fatal, such as a missing network or the core.
    """
    outcomes = []
    for outcome in _apply(plan, context, listener):
        outcomes.append(outcome)
        listener.done(outcome)
    return tuple(outcomes)


def _apply(plan: Plan, context: ApplyContext, listener: Listener) -> Iterator[Outcome]:
    for number, change in enumerate(plan):
        failpoint(f"change-{number}")
        listener.begin(change)
        started = time.monotonic()
        detail, failure = "", None
        try:
            detail = change.apply(replace(context, report=partial(listener.step, change)))
        except Exception as error:
            # Whatever the error is, only this change fails.
            if DEBUG_VARIABLE in os.environ:
                raise
            failure = error
        yield Outcome(change, time.monotonic() - started, detail, failure)
        if failure and change.is_fatal:
            return
