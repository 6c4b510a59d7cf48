"""`shoestring deploy`, `rollback` and `history`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from installer.cli import completion
from installer.cli.frame import located, opened
from installer.cli.options import DataDirectory, DryRun, Json, Timeout
from runtime.base.errors import ExitCode, UsageError
from runtime.output.encoder import emit

if TYPE_CHECKING:
    from installer.deploy.job import DeployJob
    from runtime.context.cluster import Cluster

app = typer.Typer()

Application = Annotated[
    str,
    typer.Argument(
        help="Name of the application: its file without .yaml.",
        metavar="APP",
        autocompletion=completion.application_names,
    ),
]
Service = Annotated[str, typer.Option(help="Service whose image changes (default: application).", metavar="SERVICE")]


@app.command()
def deploy(
    application: Application,
    tag: Annotated[str, typer.Argument(help="New tag of its image.", metavar="TAG")] = "",
    image: Annotated[str, typer.Option(help="Image with its tag or digest, in place of TAG.", metavar="IMAGE")] = "",
    service: Service = "",
    data_directory: DataDirectory = None,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Deploy a new image version of an application.

    Pull the image, change the application's file, roll it out, and commit the change.
    """
    from installer.deploy import run
    from installer.deploy.history import DeploymentKind
    from installer.deploy.job import DeployJob
    from installer.images import references

    if bool(tag) == bool(image):
        raise UsageError("Name one of the two: shoestring deploy APP TAG, or shoestring deploy APP --image IMAGE")
    cluster = opened(data_directory)
    target = run.find(cluster, application, service)
    requested = references.checked(image) if image else references.with_tag(target.image, tag)
    what = f"--image {image}" if image else tag
    again = f"shoestring deploy {application} {what}" + (f" --service {service}" if service else "")
    _carry_out(cluster, DeployJob(target, requested, DeploymentKind.DEPLOY, again), dry_run, json, timeout)


@app.command()
def rollback(
    application: Application,
    to: Annotated[
        int | None, typer.Option(help="Number of a deployment (default: the one before the current).", metavar="N")
    ] = None,
    service: Service = "",
    data_directory: DataDirectory = None,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Roll an application back to an earlier version."""
    from installer.deploy import run
    from installer.deploy.history import DeploymentKind
    from installer.deploy.job import DeployJob
    from installer.deploy.rollback import choose

    cluster = opened(data_directory)
    target = run.find(cluster, application, service)
    version = choose(cluster.paths, target, to)
    again = f"shoestring rollback {application} --to {version.number}" + (f" --service {service}" if service else "")
    _carry_out(cluster, DeployJob(target, version.image, DeploymentKind.ROLLBACK, again), dry_run, json, timeout)


@app.command("history")
@app.command("deployments", hidden=True)
def show_history(
    application: Application, service: Service = "", data_directory: DataDirectory = None, json: Json = False
) -> None:
    """List the deployments of an application, the newest first."""
    from installer.applications import target
    from installer.deploy import history, report
    from installer.deploy.json_results import HistoryJson
    from runtime.reconcile import desired

    paths, loaded = located(data_directory)
    state = desired.load(loaded, paths)
    found = target.find(state, application, service)
    past = history.read(paths, found.application, found.service)
    result = HistoryJson.of(past, found, report.current(past, found))
    emit(json, result, report.history_lines(past, found))


def _carry_out(cluster: Cluster, job: DeployJob, dry_run: bool, json: bool, timeout: float) -> None:
    from installer.deploy import report, run
    from installer.deploy.json_results import DeployJson, DeployPreviewJson
    from installer.deploy.lines import StepLines
    from installer.deploy.steps import DeploySteps
    from installer.services import catalogue
    from installer.terminal.progress import ProgressLines

    if dry_run:
        seen = run.preview(cluster, job)
        emit(json, DeployPreviewJson.of(seen), report.preview_lines(seen))
        return
    lines = ProgressLines()
    steps = DeploySteps() if json else StepLines(lines)
    deployed = run.deploy(cluster, job, steps, timeout, before_pull=catalogue.before_pull)
    lines.clear()
    emit(json, DeployJson.of(deployed), report.deployed_lines(deployed))
    raise typer.Exit(ExitCode.DONE if deployed.ok else ExitCode.FAILED)
