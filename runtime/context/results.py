"""What a command did, and what is wrong: types that an edge turns into text or JSON."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.base.errors import Problem
from runtime.context.change import Outcome, Plan


@dataclass(frozen=True)
class Failure:
    """An application that was applied, and does not run or is not reached."""

    application: str
    what: str

    def __str__(self) -> str:
        return f"{self.application}: {self.what}"


@dataclass(frozen=True)
class Expiry:
    """A certificate that is about to expire, or has `expired`. `message` says when, and what to do."""

    name: str
    message: str
    expired: bool


@dataclass(frozen=True)
class Report:
    """What a changing command did, and what is wrong.

    `problems` are in the files, `failures` in what was applied, `refused` are sentences about what was not done.
    `expiring` are certificates that a renewal left about to expire; `refused` has a sentence about each.
    """

    outcomes: tuple[Outcome, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    refused: tuple[str, ...] = ()
    expiring: tuple[Expiry, ...] = ()

    @property
    def ok(self) -> bool:
        """Return whether all of it worked and no file is invalid."""
        wrong = self.problems or self.failures or self.refused
        return not wrong and all(outcome.ok for outcome in self.outcomes)


@dataclass(frozen=True)
class PlanReport:
    """What a command would do, and what is wrong. `asks_authority`: some certificates others must sign."""

    changes: Plan
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    asks_authority: bool = False
