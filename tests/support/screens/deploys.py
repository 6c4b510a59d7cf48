"""Screens of deploy, rollback and history."""

from __future__ import annotations

import datetime
import io
from dataclasses import replace

from installer.applications.target import ApplicationService
from installer.applications.trial import ApplyAttempt
from installer.deploy.history import Deployment, DeploymentKind
from installer.deploy.job import DeployJob
from installer.deploy.lines import StepLines
from installer.deploy.report import deployed_lines, history_lines, preview_lines
from installer.deploy.run import DeployPreview, DeployResult
from installer.images.refresh import RefreshedImage
from installer.terminal.progress import ProgressLines
from runtime.base.paths import Side
from runtime.context.change import Outcome, Step
from tests.support.builders.runtime import application, proxy_change, web
from tests.support.screens.screen import NOW, Screens, sections

_TARGET = ApplicationService(
    application("blog", web("blog.example.com", image="ghost:5.0")), "application", "ghost:5.0"
)
_JOB = DeployJob(_TARGET, "ghost:5.1", DeploymentKind.DEPLOY, "shoestring deploy blog 5.1")
_SAME = replace(_JOB, image="ghost:5.0")
_FETCHED = RefreshedImage("ghost:5.1", True, 12.3)
_STEPS = (Step("started", "blog beside the old version", 0.6), Step("healthy", "after 2.1 s", 2.1))
_DONE = DeployResult(_JOB, _FETCHED, 17.4, True, steps=_STEPS, removed=("ghost:4.9",))
_FAILED = DeployResult(
    _JOB,
    _FETCHED,
    35.0,
    True,
    error="application exited with code 1 after 3.1 s",
    lines=("Error: no such table: posts", "exiting"),
    back=ApplyAttempt(True),
)


def _steps() -> list[str]:
    out = io.StringIO()
    steps = StepLines(ProgressLines(out))
    change = proxy_change(Side.PUBLIC, "1 host more")
    steps.waiting("start")
    steps.fetched(_FETCHED)
    steps.fetched(replace(_FETCHED, pulled=False, note="It could not be pulled; what is on this host is used."))
    steps.not_fetched("ghost:5.1")
    steps.done(Outcome(change, 0.4))
    for step in (*_STEPS, Step("healthy", "not after 30 s", 30.0, ok=False)):
        steps.step(change, step)
    return out.getvalue().splitlines()


def _deploy() -> str:
    plan = (proxy_change(Side.PUBLIC, "1 host more"),)
    return sections(
        plan=preview_lines(DeployPreview(_JOB, present=False, plan=())),
        plan_without_another_image=preview_lines(DeployPreview(_SAME, present=True, plan=())),
        plan_of_what_differs_already=preview_lines(DeployPreview(_SAME, present=True, plan=plan)),
        steps=_steps(),
        done=deployed_lines(_DONE),
        nothing_to_do=deployed_lines(DeployResult(_SAME, _FETCHED, 0.4, False)),
        failed_and_back=deployed_lines(_FAILED),
        failed_before_a_change=deployed_lines(replace(_FAILED, changed=False, back=ApplyAttempt(False))),
        failed_and_not_back=deployed_lines(replace(_FAILED, back=ApplyAttempt(True, "application is exited"))),
        failed_without_a_way_back=deployed_lines(replace(_FAILED, back=None)),
    )


def _history() -> str:
    past = tuple(
        Deployment(number, NOW - datetime.timedelta(days=10 - number), image, kind)
        for number, image, kind in (
            (1, "ghost:4.9", DeploymentKind.EDIT),
            (2, "ghost:5.1", DeploymentKind.DEPLOY),
            (3, "ghost:5.0", DeploymentKind.ROLLBACK),
        )
    )
    return sections(history=history_lines(past, _TARGET), edited=history_lines(past[:2], _TARGET))


SCREENS: Screens = {"deploy": _deploy, "history": _history}
