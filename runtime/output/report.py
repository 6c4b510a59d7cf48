"""Results as text for the user. Their JSON is made by encoder.py from the types in results.py."""

from __future__ import annotations

from datetime import datetime

from runtime.base.formats import age, count, until
from runtime.certificates.overview import CertificateOverview, expiry_sentence
from runtime.context.change import Change, Listener, Outcome, Plan, Step
from runtime.context.results import PlanReport, Report
from runtime.output.table import Row, table
from runtime.reconcile.status import ApplicationStatus, Status

NAME_WIDTH = 22


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
    failed = failed_count(report)
    if failed:
        lines.append(f"  {failed}")
    elif not report.outcomes and not lines:
        lines.append(f"  Nothing to do: {done}.")
    return lines


def failed_count(report: Report) -> str:
    """Return how many changes failed, as a sentence; empty if none did."""
    failed = sum(not outcome.ok for outcome in report.outcomes)
    return f"{failed} of {count(len(report.outcomes), 'change')} failed." if failed else ""


def change_lines(plan: Plan, apply_with: str) -> list[str]:
    """Return the changes of a plan, a line each, and the command that makes them."""
    if not plan:
        return ["  Nothing to do."]
    return [*map(change_line, plan), f"  {count(len(plan), 'change')}. Apply: {apply_with}"]


def change_line(change: Change) -> str:
    """Return the line of a change that would be made."""
    return f"  {change.sign} {change.name:<{NAME_WIDTH}}  {change.about}"


def plan_lines(plan: PlanReport) -> list[str]:
    """Return a plan, then what is wrong."""
    lines = [f"  {note}" for note in plan.warnings]
    lines += [f"  ✗ {problem}" for problem in plan.problems]
    lines += [f"  ✗ {sentence}" for sentence in plan.blocked]
    return lines + change_lines(plan.changes, apply_command(plan))


def apply_command(plan: PlanReport) -> str:
    """Return the command that applies a plan, and what else does."""
    return "shoestring start" + ("; the watchdog asks for certificates" if plan.asks_authority else "")


def status_lines(status: Status, now: datetime) -> list[str]:
    """Return the status in plain lines, one an application; its problems below it."""
    rows = table((_application_row(each, now) for each in status.applications), margin="")
    lines = []
    for each, row in zip(status.applications, rows, strict=True):
        lines += [row, *(indent(str(finding)) for finding in (*each.problems, *each.notes))]
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
    return (
        *map(str, certificates.problems),
        *(expiry_sentence(each, now) for each in certificates.expiring),
        *blocked,
    )
