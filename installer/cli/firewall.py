"""`shoestring firewall`: what can be reached from outside, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from installer.cli.options import DataDirectory, DryRun, Json, Yes
from runtime.output.encoder import emit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from installer.firewall.manage import Firewall

app = typer.Typer(help="Block all ports but those of the proxies, SSH, VPN and x-open-ports.", no_args_is_help=True)


@app.command()
def status(data_directory: DataDirectory = None, json: Json = False) -> None:
    """Show which ports are open, why, and which are blocked."""
    from installer.firewall import manage, report
    from installer.firewall.json_results import FirewallJson
    from runtime.base.paths import find

    firewall = manage.inspect(find(data_directory))
    notes = report.notes(firewall) if firewall.confirmed else ()
    lines = (f"  firewall  {report.state(firewall)}", "", *report.lines(firewall), *_indented(notes))
    emit(json, FirewallJson.of(firewall), lines)


@app.command()
def on(data_directory: DataDirectory = None, yes: Yes = False, dry_run: DryRun = False, json: Json = False) -> None:
    """Turn the firewall on.

    Show the rules and load them for 60 seconds; they are rolled back unless you confirm them. With --yes, they are
    confirmed automatically if SSH still answers.
    """
    from installer.firewall import commit_confirm, manage, report
    from installer.firewall.json_results import FirewallOnJson
    from installer.terminal.confirm import confirmed
    from runtime.base.paths import find

    firewall = manage.inspect(find(data_directory), again=True)
    if firewall.is_on:
        emit(json, FirewallOnJson.of_change(firewall, changed=False), ("  Nothing to do: the firewall is on.",))
        return
    if not json:
        print("\n".join((*report.lines(firewall), *_indented(firewall.objections))))
    if dry_run:
        emit(json, FirewallOnJson.of_change(firewall, changed=False, notes=firewall.objections), ())
        return
    question = f"Switch the firewall on? It is rolled back after {commit_confirm.SECONDS} s unless you confirm it."
    if not confirmed(question, yes=yes, json=json):
        return
    notes = _confirm_automatically(firewall) if yes else _confirm_by_user(firewall)
    lines = ("", *_indented((*notes, *report.notes(firewall))), "  The firewall is on.")
    emit(json, FirewallOnJson.of_change(manage.inspect(firewall.paths), changed=True, notes=notes), lines)


@app.command()
def off(data_directory: DataDirectory = None, yes: Yes = False, dry_run: DryRun = False, json: Json = False) -> None:
    """Turn the firewall off and remove its rules."""
    from installer.firewall import manage
    from installer.firewall.json_results import FirewallJson
    from installer.terminal.confirm import confirmed
    from runtime.base.paths import find

    firewall = manage.inspect(find(data_directory))
    settings = firewall.desired.settings
    exists = firewall.present is not None or settings.firewall or manage.exists(firewall.instance, firewall.paths)
    if not json:
        about = f"  - firewall  the table inet {firewall.ruleset.table}; every port that listens can be reached"
        print(about if exists else "  Nothing to do: the firewall is off.")
    if exists and not dry_run and confirmed("Switch the firewall off?", yes=yes, json=json):
        note = manage.off(firewall.paths)
        if note and not json:
            print(f"  {note}")
        firewall = manage.inspect(firewall.paths)
    emit(json, FirewallJson.of(firewall), ())


def _confirm_automatically(firewall: Firewall) -> tuple[str, ...]:
    """Check that SSH answers, and confirm the rules. Returns sentences."""
    from installer.firewall import manage

    tried, answers = manage.apply_checked(firewall)
    return tuple(each for each in (answers.about, manage.confirm(firewall, tried)) if each)


def _confirm_by_user(firewall: Firewall) -> tuple[str, ...]:
    """Load the rules, and ask the user to confirm them. Returns sentences."""
    from installer.firewall import commit_confirm, manage
    from installer.terminal import prompts
    from runtime.base.errors import ShoestringError

    tried = manage.begin(firewall)
    print("\n  It is active. Log in once more from another terminal before you answer.")
    try:
        confirmed = prompts.confirm(f"Keep it? (rolled back in {commit_confirm.SECONDS} s)")
    except BaseException:
        commit_confirm.roll_back(tried)
        raise
    if not confirmed:
        commit_confirm.roll_back(tried)
        raise ShoestringError("Rolled back to the previous rules.")
    note = manage.confirm(firewall, tried)
    return (note,) if note else ()


def _indented(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"  {each}" for each in sentences)
