"""Changes of setup to the host outside the data directory: timers, swap, log rotation of Docker. Asks for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from installer.host import docker_daemon, swap, systemd, timers
from installer.terminal.progress import ProgressLines
from runtime.base import files
from runtime.base.errors import ShoestringError, UsageError
from runtime.base.formats import size
from runtime.base.paths import Paths, RunPaths
from runtime.config.settings import Settings
from runtime.firewall import table

Ask = Callable[[str], bool]
Started = TypeVar("Started")
NO_SYSTEMD = "systemd does not run on this host, so there are no timers. Use cron, in /etc/cron.d/shoestring:"


@dataclass(frozen=True)
class HostChoice:
    """The choices of the command line; None: ask, or without questions the default."""

    timers: bool | None = None
    swap: bool | None = None
    log_rotation: bool | None = None
    firewall: bool | None = None


@dataclass(frozen=True)
class HostOffer:
    """The changes that are possible on this host, or why they are not."""

    systemd: bool
    swap: swap.SwapOffer
    log_rotation: docker_daemon.LogRotation
    firewall: bool = False


@dataclass(frozen=True)
class HostPlan:
    """The changes to make. `cron`: show the lines for cron. `notes` explain changes that are not made."""

    timers: bool = False
    cron: bool = False
    swap: swap.SwapOffer | None = None
    log_rotation: docker_daemon.LogRotation | None = None
    firewall: bool = False
    notes: tuple[str, ...] = ()


def observe() -> HostOffer:
    """Return the changes that are possible on this host. Changes nothing."""
    return HostOffer(
        systemd.is_running(), swap.offer(swap.observe()), docker_daemon.plan_for_host(), table.is_installed()
    )


def decide(
    choice: HostChoice,
    offer: HostOffer,
    ask: Ask | None,
    *,
    is_default: bool,
    starts: bool,
    firewall: bool | None = None,
) -> HostPlan:
    """Ask for the choices that are not given; without `ask` only timers and the firewall are on.

    `firewall`: it is on in the settings, so it is not asked for; False: it was chosen to be off, which only a user
    who is asked changes. A directory that is not the default, such as a demo's, gets timers only with --timers and
    the firewall only with --firewall; one that is not started gets neither.
    """

    def wants(given: bool | None, question: str, default: bool) -> bool:
        if given is not None:
            return given
        return ask(question) if ask else default

    timers_on = choice.timers if choice.timers is not None else is_default
    timed = (
        timers_on and starts and offer.systemd and wants(choice.timers, "Start at boot, and check each minute?", True)
    )
    kind = "" if offer.swap.kind is swap.SwapKind.FILE else " in compressed memory"
    more = f"Add {size(offer.swap.size)} of swap{kind}?"
    rotation = "Limit Docker's logs (10 MB, 3 files a container)?"
    ask_user = ask if is_default else None
    unasked = firewall is None and is_default and ask is None
    swaps = starts and bool(offer.swap.size) and wants(choice.swap, more, False)
    rotates = starts and bool(offer.log_rotation.content) and wants(choice.log_rotation, rotation, False)
    return HostPlan(
        timers=timed,
        cron=timers_on and starts and not offer.systemd,
        swap=offer.swap if swaps else None,
        log_rotation=offer.log_rotation if rotates else None,
        firewall=starts
        and _wants_firewall(choice, offer, ask_user, firewall=firewall or (unasked and offer.firewall)),
        notes=tuple(_ignored(choice, offer, starts=starts, asks=unasked or bool(ask_user and not firewall))),
    )


def _ignored(choice: HostChoice, offer: HostOffer, *, starts: bool, asks: bool) -> Iterator[str]:
    """Yield why options have no effect, and why the firewall is not offered."""
    if not starts:
        if choice.swap or choice.log_rotation:
            yield (
                "With --no-start, swap and Docker's logs are not changed. To change them, run shoestring setup again "
                "without it."
            )
        return
    if choice.swap and offer.swap.why:
        yield offer.swap.why
    if choice.log_rotation and offer.log_rotation.why:
        yield offer.log_rotation.why
    if asks and choice.firewall is None and not offer.firewall:
        yield f"{table.MISSING} Then: shoestring firewall on"


def _wants_firewall(choice: HostChoice, offer: HostOffer, ask: Ask | None, *, firewall: bool) -> bool:
    if choice.firewall is not None:
        return choice.firewall
    return firewall or bool(ask and offer.firewall and ask("Close all other ports to the outside (SSH stays open)?"))


def check(plan: HostPlan, settings: Settings, root: Path) -> None:
    """Raise ShoestringError now for what could not be done later."""
    if plan.timers:
        timers.check(settings, root)
    if plan.firewall and not table.is_installed():
        raise UsageError(f"{table.MISSING} Or set up with --no-firewall.")


def rows(plan: HostPlan) -> list[tuple[str, str, str]]:
    """Return the changes, as rows of the summary."""
    found = []
    if plan.timers:
        found.append(("+", "timers", "start at boot, watchdog each minute, renewals every 6 hours"))
    if plan.swap:
        found.append(("+", "swap", f"{size(plan.swap.size)} {swap.place(plan.swap.kind)}"))
    if plan.log_rotation:
        found.append(("~", str(docker_daemon.FILE), ", ".join(plan.log_rotation.added)))
    if plan.firewall:
        found.append(("+", "firewall", "only the public proxy, SSH, WireGuard and x-open-ports answer from outside"))
    return found


def around_start(
    plan: HostPlan, settings: Settings, root: Path, lines: ProgressLines, start: Callable[[], Started]
) -> Started:
    """Start, and make the changes of the plan. Return the result of the start, or raise its error.

    The units are enabled before it: after a power cut the next boot continues. They are started after it, also if it
    fails, so that no run of the watchdog interferes.
    """
    if plan.timers:
        timers.enable(settings, root)
    try:
        _make_room(plan, lines)
        started = start()
    except Exception:
        if plan.timers:
            _try_again_later(settings.instance, lines)
        raise
    except KeyboardInterrupt:
        if plan.timers:
            lines.note("The cluster starts at the next boot. To prevent that: shoestring timers remove")
        raise
    _keep_running(plan, settings, root, lines)
    return started


def _make_room(plan: HostPlan, lines: ProgressLines) -> None:
    """Add swap and limit logs, before the start. Raises ShoestringError."""
    if plan.swap:
        swap.add(plan.swap.kind, plan.swap.size, swap.observe())
        lines.done("swap", f"{size(plan.swap.size)} {swap.place(plan.swap.kind)}")
    if plan.log_rotation:
        docker_daemon.apply(plan.log_rotation)
        lines.done("Docker's logs", "limited")
        lines.note(docker_daemon.RESTART)


def _try_again_later(instance: str, lines: ProgressLines) -> None:
    """Start the watchdog after a failed start; the failure is reported afterwards."""
    # A user who stopped the cluster before this setup wants it started now.
    files.remove(RunPaths(instance).stopped)
    try:
        timers.start(instance, boot=False)
    except ShoestringError as error:
        lines.note(str(error))
        return
    lines.done("timers", "on")
    lines.note("The start failed; the watchdog retries it each minute.")


def _keep_running(plan: HostPlan, settings: Settings, root: Path, lines: ProgressLines) -> None:
    """Start the timers and the firewall, after the start. Raises ShoestringError."""
    if plan.timers:
        lines.passing("timers", "switching them on")
        timers.start(settings.instance, boot=not RunPaths(settings.instance).stopped.exists())
        lines.done("timers", "on")
    if plan.cron:
        lines.note(NO_SYSTEMD)
        for line in timers.cron_lines(root, settings.domain):
            lines.say(f"      {line}")
    if plan.firewall:
        _firewall(root, lines)


def _firewall(root: Path, lines: ProgressLines) -> None:
    """Switch the firewall on if SSH still answers with it; last, so that its failure stops nothing else."""
    from installer.firewall import manage, report

    found = manage.inspect(Paths(root), again=True)
    if found.is_on:
        lines.done("firewall", "on")
        return
    lines.say("\n".join(report.lines(found)))
    lines.passing("firewall", "checking that SSH still answers")
    tried, answers = manage.apply_checked(found)
    note = manage.confirm(found, tried)
    lines.done("firewall", "on")
    for sentence in (answers.about, note, *report.notes(found)):
        if sentence:
            lines.note(sentence)
