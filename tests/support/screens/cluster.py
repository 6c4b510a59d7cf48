"""Screens of plan, start, watchdog and status."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from installer.cli import tables
from installer.host.health import Health
from installer.host.report import health_rows
from installer.host.timers import WATCHDOG, LastRun, TimerJob, TimerState
from runtime.base.errors import Problem, ShoestringError
from runtime.base.paths import Side
from runtime.certificates.model import DesiredCertificate, Issuer
from runtime.certificates.overview import CertificateOverview
from runtime.certificates.plan import DeferredCertificate
from runtime.context.change import Outcome, Plan, Sign, Step
from runtime.context.results import Advisory, Code, Failure, PlanReport, Report
from runtime.docker.observed import Observed
from runtime.output.report import outcome_line, plan_lines, report_lines, status_lines, step_line
from runtime.reconcile.backoff import Attempts, DeferredChange
from runtime.reconcile.changes import CreateNetwork, RemoveNetwork, RemoveProject
from runtime.reconcile.desired import Desired
from runtime.reconcile.status import Status, assess
from runtime.reconcile.watchdog import STOPPED, _deferred
from runtime.rollout.apply_project import ApplyProject
from tests.support.builders.runtime import application, broken, desired, observed_of, plan_of, proxy_change, web
from tests.support.screens.certificates import overview
from tests.support.screens.screen import NOW, Screens, moment, printed, sections, text

MEGABYTE = 1024 * 1024
POSTGRES = "x-external-tcp-ports: [5432]\nservices: {application: {image: 'postgres:16', networks: [internal]}}\n"
GAME = "services: {application: {image: 'game:3', ports: ['9000:9000']}}\nnetworks: {lan: {driver: macvlan}}\n"
AGENT = """
services:
  agent:
    image: agent:1
    pid: host
    cap_add: [SYS_PTRACE]
    volumes: ['/var/run/docker.sock:/var/run/docker.sock', '/etc:/host/etc:ro', '${DATA_BASE_PATH}/agent:/data']
"""
MISTAKE = """
x-external-host-names: ['shop_1.example.com']
x-container-port: 70000
services: {application: {image: 'shop:1', networks: [main]}}
"""


def _desired() -> Desired:
    files = (
        application("blog", web("blog.example.com", "www.example.com", image="ghost:5.1")),
        application("postgres", POSTGRES, Side.INTERNAL),
        application("game", GAME),
    )
    return desired(*files, broken("shop", MISTAKE), settings_text="firewall: on\n")


def _since(observed: Observed) -> Observed:
    containers = (replace(each, started="2026-03-01T08:00:00.123456789Z") for each in observed.containers)
    return replace(observed, containers=tuple(containers))


def _plan() -> list[str]:
    wanted = _desired()
    observed = observed_of(wanted)
    containers = tuple(
        replace(each, image="ghost:5.0", definition="old") if each.project.endswith("blog") else each
        for each in observed.containers
        if not each.project.endswith("game")
    )
    old = replace(containers[-1], project="shoestring_old", application="old", service="application", side="public")
    differences = (proxy_change(Side.PUBLIC, "1 host more"),)
    changes = plan_of(wanted, Observed((*containers, old), observed.networks), differences, None)
    return _plan_lines(wanted, changes, deferred=(DeferredCertificate(_BLOG, BLOCKED, 0.0),))


_BLOG = DesiredCertificate("blog", Side.PUBLIC, ("blog.example.com", "www.example.com"), Issuer.HTTP_01)
BLOCKED = "www.example.com points to 198.51.100.9, this host is 203.0.113.7; correct its DNS record"


def _plan_lines(wanted: Desired, changes: Plan, deferred: tuple[DeferredCertificate, ...] = ()) -> list[str]:
    waiting = (Advisory(Code.CERTIFICATE_DEFERRED, each.certificate.name, str(each)) for each in deferred)
    return plan_lines(PlanReport(changes, wanted.problems, (*wanted.warnings, *wanted.host_access, *waiting)))


def _host_access() -> list[str]:
    return _plan_lines(desired(application("agent", AGENT)), ())


def _report() -> list[str]:
    wanted = _desired()
    blog, postgres = wanted.projects[0], wanted.projects[1]
    outcomes = (
        Outcome(CreateNetwork("shoestring_main"), 0.1),
        Outcome(proxy_change(Side.PUBLIC, "1 host more"), 0.3),
        Outcome(ApplyProject(postgres, Sign.CHANGED, "image postgres:15 → postgres:16"), 4.2),
        Outcome(RemoveProject("old", "shoestring_old", "its file was removed"), 10.4),
        Outcome(
            ApplyProject(blog, Sign.CHANGED, "image ghost:5.0 → ghost:5.1"), 31.0, failure=ShoestringError(_ERROR)
        ),
    )
    problem = Problem(Path("applications-public/shop.yaml"), "is not a host name", "x-external-host-names", 2)
    warning = Advisory(Code.CERTIFICATE_IMPOSSIBLE, "nas.lan", "No certificate for nas.lan: it is no public name.")
    report = Report(outcomes, (problem,), (warning,), (Failure(Code.NOT_RUNNING, "game", "is exited"),))
    return [*map(outcome_line, outcomes), *report_lines(report, "everything runs as configured")]


_ERROR = "application is exited with code 1\n    | Error: no such table: posts\n    | exiting"


def _watchdog() -> str:
    wanted = _desired()
    change = ApplyProject(wanted.projects[0], Sign.CHANGED, "image ghost:5.0 → ghost:5.1")
    held = DeferredChange(change, Attempts("", 2, 0.0, _ERROR), 280.0)
    return sections(
        nothing_to_do=report_lines(Report(()), "everything runs as configured"),
        stopped=report_lines(Report((), warnings=(STOPPED,)), ""),
        held_back=report_lines(Report((), deferred=(_deferred(held),)), ""),
        restart=[outcome_line(Outcome(ApplyProject(wanted.projects[2], Sign.NEW, "application is exited"), 1.5))],
    )


def _rollout() -> list[str]:
    steps = (
        Step("started", "blog beside the old version", 0.6),
        Step("healthy", "after 2.1 s", 2.1),
        Step("healthy", "not after 30 s", 30.0, ok=False),
    )
    return [step_line(each) for each in steps]


def _good() -> Status:
    wanted = desired(
        application("blog", web("blog.example.com", "www.example.com", image="ghost:5.1")),
        application("postgres", POSTGRES, Side.INTERNAL),
    )
    return assess(wanted, _since(observed_of(wanted)))


def _bad() -> Status:
    wanted = _desired()
    seen = _since(observed_of(wanted))
    containers = tuple(
        replace(each, state="restarting" if "postgres" in each.name else each.state)
        for each in seen.containers
        if "names" not in each.name
    )
    certificates: CertificateOverview = overview()
    return assess(wanted, Observed(containers, seen.networks), certificates, firewall_active=True)


def _health(job: TimerJob | None, disk: str = "") -> list[str]:
    rows = health_rows(Health(job, 957 * MEGABYTE, 353 * MEGABYTE, disk), NOW.timestamp())
    return printed(lambda: tables.print_health(rows))


def _job(state: TimerState = TimerState.ON, result: str = "success", code: int = 0) -> TimerJob:
    last = LastRun(moment(50), 0.2, result, code)
    return TimerJob(WATCHDOG, "shoestring-watchdog.service", state, moment(-10), last)


def _status() -> str:
    return sections(
        good=[*printed(lambda: tables.print_status(_good(), NOW)), *_health(_job())],
        bad=[
            *printed(lambda: tables.print_status(_bad(), NOW)),
            *_health(_job(result="exit-code", code=1), "The disk of /srv/test is 97 % full."),
        ],
        bad_in_a_pipe=status_lines(_bad(), NOW),
        no_applications=printed(lambda: tables.print_status(assess(desired(), observed_of(desired())), NOW)),
        timer_off=_health(_job(TimerState.OFF)),
        no_systemd=_health(None),
    )


def _stop() -> list[str]:
    changes = (RemoveProject("blog", "shoestring_blog", "stop"), RemoveNetwork("shoestring_main", "1"))
    return [outcome_line(Outcome(each, 0.4)) for each in changes]


SCREENS: Screens = {
    "plan": lambda: sections(changes=_plan(), nothing=_plan_lines(desired(), ()), host_access=_host_access()),
    "start": lambda: text(_report()),
    "watchdog": _watchdog,
    "rollout": lambda: text(_rollout()),
    "status": _status,
    "stop": lambda: text(_stop()),
}
