"""`shoestring ssl`: certificates, and the private CA."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from installer.cli.frame import finish, listener, located, opened
from installer.cli.options import DataDirectory, DryRun, Json, Timeout, Yes
from runtime.output.encoder import emit

if TYPE_CHECKING:
    from runtime.base.paths import Paths
    from runtime.certificates.plan import RenewalRequest
    from runtime.config.settings import Settings
    from runtime.context.change import Plan
    from runtime.context.cluster import Cluster
    from runtime.context.results import Report

app = typer.Typer(help="Certificates and the private CA.", no_args_is_help=True)

Force = Annotated[
    bool,
    typer.Option(
        "--force", help="Renew even if still valid or backing off after a failure. Rate limits still apply."
    ),
]
ISSUED = "every host name has its certificate"
RENEWED = "no certificate is due"
LOADED = "the proxies serve the certificates in the folders"
AGAIN = "Request new certificates although the present ones may still be valid?"
COUNTED = "An authority issues 5 certificates a week for the same names, and these count. Continue?"
NEW_ROOT = "Create a new private CA? Every computer that trusts the present one must trust the new one."
UNTRUSTED = "Until then browsers, docker login and npm refuse the internal services. Continue?"


@app.command()
def status(data_directory: DataDirectory = None, json: Json = False) -> None:
    """List the certificates with their validity, renewal and problems."""
    from installer.certificates.json_results import CertificatesJson
    from installer.certificates.report import status_lines
    from runtime.reconcile import renewal

    now = time.time()
    found = renewal.overview(opened(data_directory), now)
    if not json and sys.stdout.isatty():
        from installer.cli.tables import print_certificates

        print_certificates(found, now)
    else:
        emit(json, CertificatesJson.of(found), status_lines(found, now))


@app.command()
def issue(
    host_names: Annotated[
        list[str] | None, typer.Argument(help="Only these host names or certificates.", metavar="HOST")
    ] = None,
    staging: Annotated[
        bool, typer.Option("--staging", help="Test with the staging server of the authority; install nothing.")
    ] = False,
    force: Force = False,
    yes: Yes = False,
    data_directory: DataDirectory = None,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Request certificates that are missing or due.

    The watchdog does this automatically.
    """
    from runtime.certificates.plan import RenewalRequest

    request = RenewalRequest(names=tuple(host_names or ()), force=force, staging=staging)
    if dry_run:
        _show_plan(data_directory, request, "shoestring ssl issue", json)
    else:
        _carry_out(data_directory, request, ISSUED, timeout, yes=yes, json=json)


@app.command()
def renew(
    force: Force = False,
    yes: Yes = False,
    data_directory: DataDirectory = None,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Renew the certificates that are due.

    The timer does this automatically. The exit code is 1 if a renewal failed or a certificate is about to expire.
    """
    from runtime.certificates.plan import RenewalRequest

    request = RenewalRequest(force=force)
    if dry_run:
        _show_plan(data_directory, request, "shoestring ssl renew", json)
    else:
        _carry_out(data_directory, request, RENEWED, timeout, yes=yes, json=json)


@app.command()
@app.command("install", hidden=True)
def load(
    data_directory: DataDirectory = None, dry_run: DryRun = False, json: Json = False, timeout: Timeout = 60.0
) -> None:
    """Load certificates from the proxies' folders into the running proxies.

    For certificates that you put there yourself.
    """
    from runtime.reconcile import renewal

    cluster = opened(data_directory)
    if dry_run:
        _show(renewal.load_plan(cluster), "shoestring ssl load", json)
    else:
        finish(renewal.load(cluster, listener(json), timeout), LOADED, json)


@app.command()
def ca(
    pem: Annotated[bool, typer.Option("--pem", help="Print only its certificate.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Replace it with a new one (asks twice).")] = False,
    yes: Yes = False,
    data_directory: DataDirectory = None,
    dry_run: DryRun = False,
    json: Json = False,
    timeout: Timeout = 60.0,
) -> None:
    """Show how to trust the private CA on other computers."""
    from installer.certificates import private_root
    from installer.certificates.json_results import CaPreviewJson

    paths, loaded = located(data_directory)
    private_root.check(loaded)
    if not new:
        _show_root(loaded, paths, pem=pem, json=json)
    elif dry_run:
        would = f"  Would create a new private CA in {paths.private_ca} and sign the internal certificate with it."
        emit(json, CaPreviewJson(paths.private_ca), (would,))
    elif _confirmed_twice(NEW_ROOT, UNTRUSTED, yes=yes, json=json):
        cluster = opened(data_directory)
        report = private_root.renew(cluster, listener(json), time.time(), timeout)
        _finish(cluster, report, "the private CA is new", json)


def _show_root(loaded: Settings, paths: Paths, *, pem: bool, json: bool) -> None:
    from installer.certificates import private_root, trust
    from installer.certificates.json_results import CaJson
    from installer.data_directory import default_directory

    if pem:
        print(private_root.pem(paths), end="")
        return
    shown = private_root.describe(loaded, paths, time.time(), default_directory.option(paths.root))
    emit(json, CaJson.of(shown, private_root.pem(paths)), trust.lines(shown))


def _show_plan(data_directory: Path | None, request: RenewalRequest, command: str, json: bool) -> None:
    from runtime.reconcile import renewal

    _show(renewal.renew_plan(opened(data_directory), time.time(), request), command, json)


def _show(plan: Plan, command: str, json: bool) -> None:
    from runtime.output.json_results import ChangesJson
    from runtime.output.report import change_lines

    emit(json, ChangesJson.of(plan), change_lines(plan, command))


def _carry_out(
    data_directory: Path | None, request: RenewalRequest, done: str, timeout: float, *, yes: bool, json: bool
) -> None:
    from runtime.reconcile import renewal

    if request.force and not _confirmed_twice(AGAIN, COUNTED, yes=yes, json=json):
        return
    cluster = opened(data_directory)
    report = renewal.renew(cluster, listener(json), time.time(), request, timeout)
    _finish(cluster, report, done, json)


def _finish(cluster: Cluster, report: Report, done: str, json: bool) -> NoReturn:
    """Notify of certificates that are about to expire, print the report, and exit."""
    from runtime.alerting import certificate_expiry

    finish(certificate_expiry.notify_report(cluster.paths, cluster.settings, report, time.time()), done, json)


def _confirmed_twice(first: str, second: str, *, yes: bool, json: bool) -> bool:
    """Ask two different questions, so that the second is not confirmed by habit."""
    from installer.terminal.confirm import confirmed

    if confirmed(first, yes=yes, json=json) and confirmed(second, yes=yes, json=json):
        return True
    print("  Nothing was changed.")
    return False
