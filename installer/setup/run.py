"""`shoestring setup`: facts, answers, checks, summary, one question, then the files and the start."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from installer.data_directory import default_directory
from installer.host import facts as host
from installer.host.facts import Facts
from installer.services import report
from installer.services.add import WrittenServices
from installer.services.add import write as write_services
from installer.setup import answers, data_directory, host_setup, preflight, service_choice, summary
from installer.setup.answers import Ask, GivenAnswers
from installer.setup.bring_up import BringUp, bring_up
from installer.setup.host_setup import HostPlan
from installer.setup.plan import SetupOptions, SetupOutcome, SetupPlan
from installer.setup.preflight import DirectoryState
from installer.terminal import confirm
from installer.terminal.progress import ProgressLines
from installer.vpn.operations import FIRST_CLIENT
from runtime.base import files, hints
from runtime.base.constants import ENVIRONMENT_VARIABLE
from runtime.base.errors import ShoestringError, UsageError
from runtime.base.paths import DEFAULT_DATA_DIRECTORY, Paths, RunPaths
from runtime.config import settings
from runtime.context.results import Report
from runtime.output.table import table

LOCK_TIMEOUT_SECONDS = 120.0
NO_TERMINAL = "There is no terminal to ask at"


def run(options: SetupOptions, start: BringUp = bring_up) -> SetupOutcome:
    """Set this host up, or change what is set up. With `json`, what is shown goes to standard error.

    Raises ShoestringError with one sentence, or a list, for whatever stops it; then nothing was written, or the
    data directory is complete.
    """
    lines = ProgressLines(sys.stderr if options.json else None)
    try:
        planned = _prepare(options, lines)
        if options.dry_run or not _confirmed(options, planned, lines):
            return SetupOutcome(planned, notes=tuple(lines.notes))
        return _carry_out(options, planned, start, lines)
    except KeyboardInterrupt:
        raise ShoestringError(
            "Stopped. The data directory is complete, or was not created; run shoestring setup again to continue."
        ) from None


def _prepare(options: SetupOptions, lines: ProgressLines) -> SetupPlan:
    """Do everything up to the summary. Writes nothing."""
    root = _default_directory(options)
    if options.asks and (options.json or not confirm.at_terminal()):
        raise _no_questions(Paths(root), "Nothing is asked with --json" if options.json else NO_TERMINAL)
    given = answers.load(options.answers) if options.answers else GivenAnswers()
    facts = host.gather(root)
    if options.asks:
        lines.say("\n  Shoestring turns this host into a small cluster. Nothing is written until you confirm.\n")
        lines.say("\n".join(summary.host_lines(facts)) + "\n")
    preflight.refuse(preflight.host_problems(facts))
    planned = _collect(options, root, facts, given)
    preflight.refuse((), preflight.problems(preflight.gather(facts, planned.settings, planned.paths)))
    planned = replace(planned, host=_host_plan(options, planned, given))
    shown = summary.settings_lines(planned.settings, planned.paths)
    lines.say("\n".join(["", *shown, "", *_plan_lines(planned)]))
    for note in planned.host.notes:
        lines.note(note)
    lines.say()
    return planned


def _host_plan(options: SetupOptions, planned: SetupPlan, given: GivenAnswers) -> HostPlan:
    """Ask about the host, or take what is given."""
    if options.host is None:
        return HostPlan()
    ask = None
    if options.asks:
        from installer.terminal import prompts

        ask = prompts.confirm
    chosen = planned.present is not None or ("firewall",) in given.values
    plan = host_setup.decide(
        options.host,
        host_setup.observe(),
        ask,
        is_default=options.make_default,
        starts=options.start,
        firewall=planned.settings.firewall if chosen else None,
    )
    host_setup.check(plan, planned.settings, planned.paths.root)
    return plan


def _no_questions(paths: Paths, why: str) -> UsageError:
    present = paths.settings.is_file()
    missing = "" if present else f", and these answers are missing: {', '.join(answers.required_names())}"
    take = "keep the current settings" if present else "use the defaults for this host"
    return UsageError(
        f"{why}{missing}. Give answers with --answers FILE (the keys of "
        f"conf/shoestring.yaml), or {take} with --defaults."
    )


def _default_directory(options: SetupOptions) -> Path:
    """Return the data directory to suggest."""
    if options.data_directory:
        return options.data_directory.resolve()
    from_environment = os.environ.get(ENVIRONMENT_VARIABLE)
    if from_environment:
        return Path(from_environment).resolve()
    found = default_directory.read(options.default_file)
    return (found if found and found.is_dir() else DEFAULT_DATA_DIRECTORY).resolve()


def _collect(options: SetupOptions, root: Path, facts: Facts, given: GivenAnswers) -> SetupPlan:
    """Ask, or take what is given."""
    ask: Ask = answers.use_default
    if options.asks:
        from installer.setup import wizard

        ask = wizard.ask
        if options.data_directory is None:
            root = wizard.ask_data_directory(root)
            hints.choose(root)
    paths = Paths(root)
    state = preflight.directory_state(paths)
    problem = preflight.directory_problem(paths, state)
    if problem:
        preflight.refuse((), (problem,))
    present = settings.load(paths.settings) if state is DirectoryState.OURS else None
    chosen = answers.collect(facts, present, given, ask, instance=answers.instance_for(root))
    services = service_choice.choose(paths, chosen, given.services, asks=options.asks, first=present is None)
    chosen = services.settings or chosen
    return SetupPlan(paths, chosen, present, data_directory.plan_update(paths, chosen) if present else None, services)


def _plan_lines(planned: SetupPlan) -> list[str]:
    more = (*report.setup_rows(planned.services), *host_setup.rows(planned.host))
    if planned.present is None or planned.update is None:
        return summary.new_lines(planned.settings, planned.paths, more)
    if planned.is_nothing:
        return ["  Nothing changes in the files.", *table(more)]
    return summary.update_lines(planned.present, planned.settings, planned.update, more)


def _confirmed(options: SetupOptions, planned: SetupPlan, lines: ProgressLines) -> bool:
    if options.yes or not options.asks or (planned.is_nothing and not options.start):
        return True
    from installer.terminal import prompts

    confirmed = prompts.confirm("Write this and start?" if options.start else "Write this?")
    lines.say("" if confirmed else "  Nothing was written.")
    return confirmed


def _carry_out(options: SetupOptions, planned: SetupPlan, start: BringUp, lines: ProgressLines) -> SetupOutcome:
    began = time.monotonic()
    paths = planned.paths
    with files.lock(RunPaths(planned.settings.instance).lock, LOCK_TIMEOUT_SECONDS):
        notes, written = _write(planned)
    lines.done("data directory", str(paths.root))
    refused = default_directory.write(paths.root, options.default_file) if options.make_default else ""
    for note in (*notes, refused):
        if note:
            lines.note(note)
    is_default = options.make_default and not refused
    try:
        if not options.start:
            where = summary.option(paths, is_default=is_default)
            if planned.settings.wireguard.enabled:
                lines.say(f"\n  First the VPN, with a client: shoestring vpn add {FIRST_CLIENT}{where}")
            lines.say(f"\n  Start it with: shoestring start{where}")
            return SetupOutcome(planned, True, is_default, notes=tuple(lines.notes))
        started = host_setup.around_start(
            planned.host, planned.settings, paths.root, lines, lambda: _start(options, planned, start, lines)
        )
        if started.ok:
            seconds = time.monotonic() - began
            lines.say(
                "\n" + "\n".join(summary.closing_lines(planned.settings, paths, seconds, is_default=is_default))
            )
        return SetupOutcome(planned, True, is_default, started, tuple(lines.notes))
    finally:
        # Also if the start fails: new passwords are shown only now.
        terminal = not options.json and sys.stdout.isatty()
        for line in service_choice.closing_lines(paths, planned.services, written, terminal=terminal):
            lines.say(line)


def _start(options: SetupOptions, planned: SetupPlan, start: BringUp, lines: ProgressLines) -> Report:
    """Start, and where a registry does not give an image, offer to build it here."""
    from installer.images import PullError

    try:
        return start(planned.paths, lines)
    except PullError as error:
        if not options.asks:
            raise
        from installer.terminal import prompts

        lines.note(f"✗ {error}")
        if not prompts.confirm("Build the images on this host instead?"):
            raise
    images = replace(planned.settings.images, source="local")
    local = replace(planned.settings, images=images)
    data_directory.update(planned.paths, data_directory.plan_update(planned.paths, local))
    return start(planned.paths, lines)


def _write(planned: SetupPlan) -> tuple[tuple[str, ...], WrittenServices]:
    """Write the data directory. Return sentences for the user, if any, and new passwords."""
    if planned.update is None:
        return (), data_directory.create(planned.paths, planned.settings, planned.services)
    note = data_directory.update(planned.paths, planned.update)
    written = write_services(planned.paths, planned.services)
    return (note, written.note), written
