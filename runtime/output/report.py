"""Results as text for the user, or JSON for a script. Every JSON answer has `version`; see docs/json.md."""

from __future__ import annotations

from datetime import datetime

from runtime.base.errors import Problem
from runtime.base.formats import age, count, rfc3339, until
from runtime.certificates.overview import CertificateOverview, CertificateStatus, expiry_sentence
from runtime.context.change import Change, Listener, Outcome, Plan, Sign, Step
from runtime.context.results import Finding, PlanReport, Report
from runtime.output.encoder import as_json
from runtime.output.table import Row, table
from runtime.reconcile.status import ApplicationStatus, Status

NAME_WIDTH = 22


def print_lines(lines: list[str]) -> None:
    """Print lines; nothing at all if there are none."""
    if lines:
        print("\n".join(lines))


def outcome_line(outcome: Outcome) -> str:
    """Return a line about a change that was made, or several if it failed."""
    change = outcome.change
    about = outcome.detail or change.about
    if outcome.ok:
        return f"  ✓ {change.name:<{NAME_WIDTH}}  {about}  {outcome.seconds:.1f} s"
    return f"  ✗ {change.name:<{NAME_WIDTH}}  {about}\n{indent(outcome.error)}"


class Printer(Listener):
    """Prints a line for each change that is done."""

    def waiting(self, holder: str) -> None:
        """Print the command that it waits for."""
        print(f"  Waiting for another command ({holder}).", flush=True)

    def step(self, change: Change, step: Step) -> None:
        """Print each step of a rollout."""
        print(step_line(step), flush=True)

    def done(self, outcome: Outcome) -> None:
        """Print it at once: it may be followed in a journal."""
        print(outcome_line(outcome), flush=True)


def step_line(step: Step) -> str:
    """Return a line about a step of a rollout."""
    return f"  {'✓' if step.ok else '✗'} {step.name:<{NAME_WIDTH}}  {step.about}  {step.seconds:.1f} s"


def indent(text: str, by: str = "      ") -> str:
    """Return a text with each line indented."""
    return "\n".join(by + line for line in text.splitlines())


def report_lines(report: Report, done: str) -> list[str]:
    """Return what comes after the lines of the changes: information, problems, and how it ended."""
    lines = [f"  {note}" for note in report.warnings]
    lines += [f"  ✗ {problem}" for problem in report.problems]
    lines += [f"  ✗ {failure}" for failure in (*report.failures, *report.blocked, *report.deferred)]
    failed = sum(not outcome.ok for outcome in report.outcomes)
    if failed:
        lines.append(f"  {failed} of {count(len(report.outcomes), 'change')} failed.")
    elif not report.outcomes and not lines:
        lines.append(f"  Nothing to do: {done}.")
    return lines


def report_json(report: Report) -> str:
    """Return the answer of start, stop and reload."""
    return as_json(**report_answer(report))


def report_answer(report: Report) -> dict[str, object]:
    """Return the keys of a report in an answer; commands that do more add their own."""
    changes = [
        {**_change(each.change), "ok": each.ok, "detail": each.detail, "error": each.error, "seconds": each.seconds}
        for each in report.outcomes
    ]
    return {
        "ok": report.ok,
        "changes": changes,
        "problems": [_problem(each) for each in report.problems],
        "failures": [_finding(each) for each in report.failures],
        "blocked": [_finding(each) for each in report.blocked],
        "deferred": [_finding(each) for each in report.deferred],
        "warnings": [_finding(each) for each in report.warnings],
    }


def change_lines(plan: Plan, apply_with: str) -> list[str]:
    """Return the changes of a plan, a line each, and the command that makes them."""
    if not plan:
        return ["  Nothing to do."]
    lines = [f"  {change.sign} {change.name:<{NAME_WIDTH}}  {change.about}" for change in plan]
    return [*lines, f"  {count(len(plan), 'change')}. Apply: {apply_with}"]


def changes_json(plan: Plan) -> str:
    """Return the answer of a dry run."""
    return as_json(changes=[_change(change) for change in plan])


def plan_lines(plan: PlanReport) -> list[str]:
    """Return a plan, then what is wrong."""
    lines = [f"  {note}" for note in plan.warnings]
    lines += [f"  ✗ {problem}" for problem in plan.problems]
    lines += [f"  ✗ {sentence}" for sentence in plan.blocked]
    apply_with = "shoestring start" + ("; the watchdog asks for certificates" if plan.asks_authority else "")
    return lines + change_lines(plan.changes, apply_with)


def plan_json(plan: PlanReport) -> str:
    """Return the answer of plan."""
    return as_json(
        changes=[_change(change) for change in plan.changes],
        problems=[_problem(each) for each in plan.problems],
        blocked=[_finding(each) for each in plan.blocked],
        warnings=[_finding(each) for each in plan.warnings],
    )


def status_lines(status: Status, now: datetime) -> list[str]:
    """Return the status in plain lines, one an application; its problems below it."""
    rows = table((_application_row(each, now) for each in status.applications), margin="")
    lines = []
    for each, row in zip(status.applications, rows, strict=True):
        lines += [row, *(indent(sentence) for sentence in (*each.problems, *each.notes))]
    lines += [f"proxy  {each.side}  {each.state}  {count(each.host_names, 'host')}" for each in status.proxies]
    lines += [f"TLS  {tls_line(status.certificates, now.timestamp())}"]
    lines += [indent(each) for each in tls_problems(status.certificates, now.timestamp())]
    return [*lines, *map(str, (*status.problems, *status.warnings))]


def _application_row(each: ApplicationStatus, now: datetime) -> Row:
    return each.name, each.side, each.state, ",".join(each.host_names) or "-", each.image or "-", age(each.since, now)


def tls_line(certificates: CertificateOverview, now: float) -> str:
    """Return how many certificates there are, and when the next one is due."""
    real = [each for each in certificates.certificates if each.not_after and each.state != "placeholder"]
    due = [each.renew_at for each in real if each.renew_at]
    if not due:
        return count(len(real), "certificate")
    return f"{count(len(real), 'certificate')}, next renewal {until(min(due) - now)}"


def tls_problems(certificates: CertificateOverview, now: float) -> tuple[str, ...]:
    """Return what is wrong with certificates, a sentence each."""
    blocked = tuple(f"certificate {each.name}: {each.blocked}" for each in certificates.certificates if each.blocked)
    return (*certificates.problems, *(expiry_sentence(each, now) for each in certificates.expiring), *blocked)


def status_json(status: Status, **more: object) -> str:
    """Return the answer of status, with the keys of `more` added."""
    return as_json(
        instance=status.instance,
        ok=status.fine,
        applications=[
            {
                "name": each.name,
                "side": each.side,
                "state": each.state,
                "host_names": list(each.host_names),
                "image": each.image,
                "since": each.since or None,
                "problems": list(each.problems),
                "notes": list(each.notes),
            }
            for each in status.applications
        ],
        proxies=[
            {
                "side": each.side,
                "state": each.state,
                "host_names": each.host_names,
                "since": each.since or None,
            }
            for each in status.proxies
        ],
        certificates=[certificate_json(each) for each in status.certificates.certificates],
        certificate_problems=list(status.certificates.problems),
        problems=[_finding(each) for each in status.problems],
        warnings=[_finding(each) for each in status.warnings],
        **more,
    )


def certificate_json(status: CertificateStatus) -> dict[str, object]:
    """Return one certificate, as `status` and `ssl status` have it. Moments are RFC 3339."""
    return {
        "name": status.name,
        "side": status.side,
        "host_names": list(status.host_names),
        "issuer": status.issuer,
        "state": status.state,
        "not_after": _moment(status.not_after),
        "renew_at": _moment(status.renew_at),
        "expiring": status.expiring,
        "managed": status.managed,
        "blocked": status.blocked or None,
    }


def _moment(seconds: float) -> str | None:
    return rfc3339(seconds) if seconds else None


def _change(change: Change) -> dict[str, object]:
    return {"kind": change.kind, "name": change.name, "about": change.about, "new": change.sign is Sign.NEW}


def _finding(finding: Finding) -> dict[str, object]:
    advice = finding.advice or None
    return {"code": finding.code, "subject": finding.subject, "message": finding.message, "advice": advice}


def _problem(problem: Problem) -> dict[str, object]:
    return {"file": str(problem.file), "line": problem.line or None, "key": problem.key or None, "what": problem.what}
