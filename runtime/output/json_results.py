"""The JSON answers about plans and changes. Each field says what it means: docs/json.md is made from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from runtime.base.errors import Problem
from runtime.context.change import Change, Outcome, Plan, Sign
from runtime.context.results import Code, Finding, PlanReport, Report


@dataclass(frozen=True)
class FindingEntry:
    """Something that the user reads about one subject."""

    code: Annotated[Code, "a stable name; see [codes](#codes)"]
    subject: Annotated[str, "what it is about, such as the name of an application"]
    message: Annotated[str, "what it is"]
    advice: Annotated[str | None, "what to do; null if nothing is to be done"]

    @classmethod
    def of(cls, finding: Finding) -> FindingEntry:
        """Return the entry of a finding."""
        return cls(finding.code, finding.subject, finding.message, finding.advice or None)


@dataclass(frozen=True)
class ProblemEntry:
    """A problem in a file of the user."""

    file: Annotated[str, "the path of the file"]
    line: Annotated[int | None, "counted from 1; null if it is not known"]
    key: Annotated[str | None, "the dotted path of the key; null if it is of no key"]
    what: Annotated[str, "what is wrong, and what to do"]

    @classmethod
    def of(cls, problem: Problem) -> ProblemEntry:
        """Return the entry of a problem."""
        return cls(str(problem.file), problem.line or None, problem.key or None, problem.what)


@dataclass(frozen=True)
class ChangeEntry:
    """A change of a plan."""

    kind: Annotated[str, "a stable name; see [kinds of changes](#kinds-of-changes)"]
    name: Annotated[str, "what is changed"]
    about: Annotated[str, "what is different"]
    new: Annotated[bool, "it is added for the first time"]

    @classmethod
    def of(cls, change: Change) -> ChangeEntry:
        """Return the entry of a change."""
        return cls(change.kind, change.name, change.about, change.sign is Sign.NEW)


@dataclass(frozen=True)
class AppliedEntry(ChangeEntry):
    """A change that was applied."""

    ok: Annotated[bool, "it worked"]
    detail: Annotated[str, "more about what was done, or empty"]
    error: Annotated[str, "why it failed; empty if it worked"]
    seconds: Annotated[float, "duration"]

    @classmethod
    def of_outcome(cls, outcome: Outcome) -> AppliedEntry:
        """Return the entry of a change that was made, or failed."""
        change = ChangeEntry.of(outcome.change)
        return cls(
            change.kind,
            change.name,
            change.about,
            change.new,
            outcome.ok,
            outcome.detail,
            outcome.error,
            outcome.seconds,
        )


@dataclass(frozen=True)
class ChangesJson:
    """The changes that a command would make."""

    changes: Annotated[tuple[ChangeEntry, ...], "in the order in which they would be made"]

    @classmethod
    def of(cls, plan: Plan) -> ChangesJson:
        """Return the result of a dry run."""
        return cls(tuple(map(ChangeEntry.of, plan)))


@dataclass(frozen=True)
class PlanJson(ChangesJson):
    """The changes that `start` would make, and what is wrong."""

    problems: Annotated[tuple[ProblemEntry, ...], "what is wrong in the files"]
    blocked: Annotated[tuple[FindingEntry, ...], "what is not done until the user has acted"]
    warnings: Annotated[tuple[FindingEntry, ...], "what is worth knowing; nothing failed"]

    @classmethod
    def of_report(cls, plan: PlanReport) -> PlanJson:
        """Return the result of `plan`."""
        return cls(
            tuple(map(ChangeEntry.of, plan.changes)),
            problems(plan.problems),
            findings(plan.blocked),
            findings(plan.warnings),
        )


@dataclass(frozen=True)
class ReportJson:
    """The changes that a command made, and what is wrong."""

    ok: Annotated[bool, "all of it worked, and no file is invalid"]
    changes: Annotated[tuple[AppliedEntry, ...], "in the order in which they were made"]
    problems: Annotated[tuple[ProblemEntry, ...], "what is wrong in the files"]
    failures: Annotated[tuple[FindingEntry, ...], "applications that were applied, and do not run or are not reached"]
    blocked: Annotated[tuple[FindingEntry, ...], "what is not done until the user has acted"]
    deferred: Annotated[tuple[FindingEntry, ...], "what failed and is tried again later"]
    warnings: Annotated[tuple[FindingEntry, ...], "what is worth knowing; nothing failed"]

    @classmethod
    def of(cls, report: Report) -> ReportJson:
        """Return the result of a command that changes something."""
        return cls(
            report.ok,
            tuple(map(AppliedEntry.of_outcome, report.outcomes)),
            problems(report.problems),
            findings(report.failures),
            findings(report.blocked),
            findings(report.deferred),
            findings(report.warnings),
        )


def findings(found: Iterable[Finding]) -> tuple[FindingEntry, ...]:
    """Return the entries of findings."""
    return tuple(map(FindingEntry.of, found))


def problems(found: Iterable[Problem]) -> tuple[ProblemEntry, ...]:
    """Return the entries of problems in files."""
    return tuple(map(ProblemEntry.of, found))
