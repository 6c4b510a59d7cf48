"""The commands of `python -m runtime`, for the units of boot and timers."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.base import hints
from runtime.base.constants import NOTHING_TO_DO
from runtime.base.errors import DEBUG_VARIABLE, ExitCode, LockedError, ShoestringError, explain
from runtime.base.paths import Side, find

if TYPE_CHECKING:
    from runtime.context.change import Listener
    from runtime.context.cluster import Cluster
    from runtime.context.results import Report

LOCK_TIMEOUT_SECONDS = 300.0
FORMER_CHECK = "alarm"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog="python -m runtime", description=__doc__)
    _add_shared_options(top)
    # Also after the command; there they have no default, which would replace what stands before it.
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    _add_shared_options(shared)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, about: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=about, parents=[shared])

    add("start", "start everything that the configuration defines")
    add("stop", "stop and remove all containers and networks; data stays")
    reload = add("reload", "render, check and load the proxies' configuration")
    reload.add_argument("side", nargs="?", choices=[side.value for side in Side], help="default: both sides")
    add("watchdog", "run once: repair what differs from the configuration")
    add("renew", "renew the certificates that are due")
    add("check", "send notifications for incidents that were opened or resolved")
    # The name of earlier versions, in their units and cron lines; without `help` it is not listed.
    commands.add_parser(FORMER_CHECK, parents=[shared])
    add("plan", "show what start would change")
    add("status", "show what runs")
    return top


def _add_shared_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-directory", type=Path, help="default: the default of this host")
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(arguments: list[str] | None = None) -> ExitCode:
    """Run one command to its end. Returns its exit code; see runtime/base/errors.py."""
    words = sys.argv[1:] if arguments is None else arguments
    with hints.completed(words):
        return _main(parser().parse_args(words))


def _main(options: argparse.Namespace) -> ExitCode:
    try:
        return _check(options) if options.command in ("check", FORMER_CHECK) else _run(options)
    except BrokenPipeError:
        # Whoever read has ended, as in `… | head`. Python would report it once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except Exception as error:
        if DEBUG_VARIABLE in os.environ:
            raise
        sentence, code = explain(error)
        if options.json:
            from runtime.output.encoder import result_json
            from runtime.output.json_error import ErrorJson

            print(result_json(ErrorJson.of(error)))
        print(sentence, file=sys.stderr)
        if options.command == "watchdog":
            from runtime.alerting import watchdog_failure

            _print_failure(watchdog_failure.notify_error(options.data_directory, sentence, time.time()))
        return code
    finally:
        if options.command == "watchdog":
            _stamp_run(options.data_directory)


def _stamp_run(data_directory: Path | None) -> None:
    """Save the time for the check of the watchdog, however the run ended. Without settings it has no place."""
    from runtime.base import files
    from runtime.base.paths import RunPaths
    from runtime.config import settings

    with contextlib.suppress(ShoestringError, OSError):
        loaded = settings.load(find(data_directory).settings)
        files.stamp(RunPaths(loaded.instance).last_run)


def _check(options: argparse.Namespace) -> ExitCode:
    # It works without an engine: that is not the only thing to check.
    from runtime.alerting import incidents

    for message in incidents.run(find(options.data_directory), time.time()):
        print(message)
    return ExitCode.DONE


def _print_failure(sentence: str) -> None:
    """Print why a notification could not be sent, if so."""
    if sentence:
        print(sentence, file=sys.stderr)


def _run(options: argparse.Namespace) -> ExitCode:
    # Imported here: `--help` and a wrong argument should not pay for the engine's SDK.
    from datetime import UTC, datetime

    from runtime.context.cluster import open_cluster
    from runtime.output import report
    from runtime.output.encoder import emit
    from runtime.output.json_results import PlanJson
    from runtime.output.json_status import StatusJson
    from runtime.reconcile import operations
    from runtime.reconcile.snapshot import Snapshot

    cluster = open_cluster(find(options.data_directory))
    if options.command == "status":
        status = operations.status(cluster)
        now = datetime.now(UTC)
        emit(options.json, StatusJson.of(status), report.status_lines(status, now))
        return ExitCode.DONE
    if options.command == "plan":
        planned = Snapshot(cluster).report
        emit(options.json, PlanJson.of_report(planned), report.plan_lines(planned))
        return ExitCode.DONE
    return _change(options, cluster)


def _change(options: argparse.Namespace, cluster: Cluster) -> ExitCode:
    from runtime.context import change
    from runtime.output import report
    from runtime.output.encoder import emit
    from runtime.output.json_results import ReportJson
    from runtime.reconcile.watchdog import skipped

    listener = change.SILENT if options.json else report.Printer()
    try:
        result, done = _CHANGES[options.command](options, cluster, listener)
    except LockedError as error:
        if options.command != "watchdog":
            raise
        # The other command does what has to be done; the next run is in a minute.
        emit(options.json, ReportJson.of(skipped(error)), (f"Nothing done. {error}",))
        return ExitCode.DONE
    emit(options.json, ReportJson.of(result), report.report_lines(result, done))
    return ExitCode.DONE if result.ok else ExitCode.FAILED


# Each returns its result, and what is printed where nothing was to do.
def _start(_options: argparse.Namespace, cluster: Cluster, listener: Listener) -> tuple[Report, str]:
    from runtime.reconcile import operations

    return operations.start(cluster, listener, LOCK_TIMEOUT_SECONDS), "everything runs as configured"


def _stop(_options: argparse.Namespace, cluster: Cluster, listener: Listener) -> tuple[Report, str]:
    from runtime.reconcile import operations

    return operations.stop(cluster, listener, LOCK_TIMEOUT_SECONDS), "nothing of this instance runs"


def _reload(options: argparse.Namespace, cluster: Cluster, listener: Listener) -> tuple[Report, str]:
    from runtime.reconcile import operations

    sides = (Side(options.side),) if options.side else tuple(Side)
    result = operations.reload(cluster, sides, listener, LOCK_TIMEOUT_SECONDS)
    return result, "the proxies run the configuration of the files"


def _watchdog(_options: argparse.Namespace, cluster: Cluster, listener: Listener) -> tuple[Report, str]:
    from runtime.metrics.measured_watchdog import watch

    result = watch(cluster, listener)
    if result.expiring:
        from runtime.alerting import certificate_expiry

        now = cluster.clock()
        _print_failure(" ".join(certificate_expiry.send(cluster.paths, cluster.settings, result.expiring, now)))
    if not result.ok:
        from runtime.alerting import watchdog_failure

        _print_failure(watchdog_failure.notify_report(cluster.paths, cluster.settings, result, cluster.clock()))
    return result, NOTHING_TO_DO


def _renew(_options: argparse.Namespace, cluster: Cluster, listener: Listener) -> tuple[Report, str]:
    from runtime.alerting import certificate_expiry
    from runtime.reconcile import renewal

    result = renewal.renew(cluster, listener, cluster.clock(), timeout=LOCK_TIMEOUT_SECONDS)
    result = certificate_expiry.notify_report(cluster.paths, cluster.settings, result, cluster.clock())
    return result, "no certificate is due"


_CHANGES = {"start": _start, "stop": _stop, "reload": _reload, "watchdog": _watchdog, "renew": _renew}
