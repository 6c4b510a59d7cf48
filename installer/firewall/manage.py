"""The firewall on this host: inspect, apply, confirm and remove it. Each can be repeated without a change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from installer.data_directory import conf_repository, settings_edit
from installer.firewall import commit_confirm, lockout_check, other_instances, ssh_ports, ssh_sessions
from installer.firewall.commit_confirm import PendingCommit
from installer.host import systemd, timers
from installer.host.boot_files import FOLDER
from installer.host.ports import ListeningSocket
from installer.host.systemd import SystemdUnit, unit_name
from installer.host.timers import TimerState
from runtime.base import files
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, RunPaths
from runtime.config import internal_address, settings
from runtime.config.applications import Application
from runtime.config.published_ports import PublishedPort
from runtime.docker import engine, observed
from runtime.firewall import model, reconcile, rules, ssh, table
from runtime.firewall.model import Ruleset
from runtime.firewall.rules import Rules
from runtime.firewall.table import InstalledTable
from runtime.reconcile import desired
from runtime.reconcile.desired import Desired

UNIT = "shoestring-firewall.service"
COMMIT = "Settings: the firewall is {}"
LOCK_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Firewall:
    """One instance's firewall as it should be and as it is.

    `recorded_listing` is how nft listed the table when it had just been loaded. `closed` are the ports that
    applications publish and that are blocked. `listeners` and `udp` are sockets of this host. `boot` is the unit that
    loads the rules at boot; None where systemd does not run. `elsewhere`: it was confirmed on another host, of which
    this is a copy. `objections` are sentences about what it would break; only a user may continue then.
    """

    paths: Paths
    desired: Desired
    ruleset: Ruleset
    rules: Rules
    present: InstalledTable | None
    recorded_listing: str
    confirmed: bool
    closed: tuple[tuple[Application, PublishedPort], ...]
    listeners: tuple[ListeningSocket, ...]
    udp: tuple[ListeningSocket, ...]
    ssh_ports: frozenset[int]
    boot: TimerState | None
    elsewhere: bool = False
    objections: tuple[str, ...] = ()

    @property
    def instance(self) -> str:
        """Return the instance whose firewall it is."""
        return self.desired.settings.instance

    @property
    def is_active(self) -> bool:
        """Return whether the table exists and is as it should be."""
        return self.present is not None and self.present.matches(self.rules, self.recorded_listing)

    @property
    def is_on(self) -> bool:
        """Return whether it is active, now and after a reboot, without any change."""
        return self.confirmed and self.is_active and self.boot in (TimerState.ON, None)


def inspect(paths: Paths, *, again: bool = False) -> Firewall:
    """Inspect the files and this host; no container has to run. Changes nothing.

    SSH's ports are those of the moment when the firewall was confirmed, as each run of the watchdog has them; with
    `again`, those of now, and it is checked what would break.
    Raises ShoestringError where nft is missing or may not be asked.
    """
    loaded = settings.load(paths.settings)
    found = desired.load(loaded, paths, internal_address.follow(loaded))
    listeners = ssh_ports.listeners()
    confirmed = reconcile.is_confirmed(found, paths)
    ports = reconcile.ssh_ports_to_allow(paths) if confirmed and not again else ssh_ports.find(listeners)
    ruleset = reconcile.ruleset(found, ports, _docker_bridges)
    closed = (
        (each, port) for each in found.known for port in model.closed(each, found.internal_address, found.variables)
    )
    return Firewall(
        paths,
        found,
        ruleset,
        rules.render(ruleset),
        table.inspect(ruleset.table),
        table.recorded_listing(paths.firewall_generated),
        confirmed,
        tuple(closed),
        listeners,
        ssh_ports.listeners("-u"),
        ports,
        _at_boot(unit(loaded.instance, paths)) if systemd.is_running() else None,
        ssh.is_confirmed_elsewhere(paths.firewall),
        _objections(loaded.instance, ports, ruleset) if again else (),
    )


def _objections(instance: str, ports: frozenset[int], ruleset: Ruleset) -> tuple[str, ...]:
    """Return the sessions that would be locked out, and the other instances that would be disturbed."""
    return (
        *ssh_sessions.objections(ssh_sessions.observe(ports), ruleset),
        *other_instances.objections(other_instances.observe(instance), ruleset),
    )


def _docker_bridges() -> frozenset[str]:
    """Return the bridges of the engine's networks; none if it does not answer: then no container needs them."""
    try:
        return frozenset(observed.bridges(engine.connect()).values())
    except ShoestringError:
        return frozenset()


def _at_boot(boot_unit: SystemdUnit) -> TimerState:
    (seen,) = systemd.show((boot_unit.name,), ("UnitFileState",))
    return timers.state([systemd.is_written(boot_unit)], seen)


def unit(instance: str, paths: Paths) -> SystemdUnit:
    """Return the unit that loads the rules at boot."""
    text = (FOLDER / UNIT).read_text(encoding="utf-8").replace("@INSTANCE@", instance)
    rules_file, fallback = systemd.quoted(paths.firewall_generated), systemd.quoted(paths.firewall_fallback)
    return SystemdUnit(unit_name(UNIT, instance), text.replace("@RULES@", rules_file).replace("@FALLBACK@", fallback))


def _have_at_boot(boot_unit: SystemdUnit) -> None:
    systemd.write((boot_unit,))
    systemd.enable(boot_unit.name)
    systemd.systemctl("start", boot_unit.name)


def begin(firewall: Firewall, seconds: int = commit_confirm.SECONDS) -> PendingCommit:
    """Apply the rules for some seconds. Raises ShoestringError, and then nothing has changed."""
    before = ""
    if firewall.present and firewall.confirmed and firewall.paths.firewall_generated.is_file():
        before = firewall.paths.firewall_generated.read_text(encoding="utf-8")
    return commit_confirm.begin(firewall.instance, firewall.rules, before, seconds)


def confirm(firewall: Firewall, tried: PendingCommit) -> str:
    """Confirm the rules: from now on each run of the watchdog and each boot has them. Returns a note, or nothing.

    Raises ShoestringError if they were rolled back in the meantime.
    """
    if not commit_confirm.is_pending(tried):
        raise ShoestringError(
            f"Not confirmed within {commit_confirm.SECONDS} s, so the previous rules are active again. "
            "Try again with: shoestring firewall on"
        )
    paths = firewall.paths
    with files.lock(RunPaths(firewall.instance).lock, LOCK_TIMEOUT_SECONDS):
        ssh.confirm(paths.firewall, firewall.ssh_ports)
        note = _set(paths, on=True)
        commit_confirm.confirm(tried)
        # They may have been rolled back just now; the user wants them anyway.
        table.install(paths.firewall_generated, firewall.rules.text, firewall.rules.table)
        table.keep_fallback(paths.firewall_fallback, firewall.rules.fallback)
    if systemd.is_running():
        _have_at_boot(unit(firewall.instance, paths))
    return note


def apply_checked(firewall: Firewall) -> tuple[PendingCommit, lockout_check.ProbeAnswers]:
    """Apply the rules if nothing objects and the lockout check passes: SSH answers with them as it did without.

    Raises ShoestringError if not, and rolls them back.
    """
    if firewall.objections:
        raise ShoestringError(f"The firewall was not changed. {' '.join(firewall.objections)}")
    before = lockout_check.probe(lockout_check.targets(firewall.listeners, firewall.ssh_ports))
    tried = begin(firewall)
    try:
        after = lockout_check.probe(before.targets) if before.targets else before
        holds = lockout_check.passes(before, after)
    except BaseException:
        commit_confirm.roll_back(tried)
        raise
    if not holds:
        commit_confirm.roll_back(tried)
        raise ShoestringError(
            f"With these rules SSH no longer answered at port {before.ports}, so they were rolled back at once. "
            "Check whether the port is allowed: shoestring firewall on --dry-run; if not, list it in "
            "x-open-ports of an application."
        )
    return tried, after


def off(paths: Paths) -> str:
    """Remove the firewall: table, file, unit. Returns a note, or nothing."""
    instance = settings.load(paths.settings).instance
    with files.lock(RunPaths(instance).lock, LOCK_TIMEOUT_SECONDS):
        note = _set(paths, on=False)
        remove(instance, paths)
    return note


def remove(instance: str, paths: Paths) -> None:
    """Remove the firewall from this host; the settings stay. Does nothing where there is none."""
    name = unit_name(UNIT, instance)
    if (systemd.UNIT_DIRECTORY / name).is_file():
        systemd.remove((name,))
    if table.is_installed() and table.inspect(model.table_name(instance)):
        table.remove(model.table_name(instance))
    files.remove(paths.firewall)
    table.remove_files(paths.firewall_generated)
    table.keep_fallback(paths.firewall_fallback, "")


def exists(instance: str, paths: Paths) -> bool:
    """Return whether there is anything to remove."""
    written = (systemd.UNIT_DIRECTORY / unit_name(UNIT, instance)).is_file()
    return written or paths.firewall_generated.exists() or paths.firewall.exists()


def _set(paths: Paths, *, on: bool) -> str:
    """Set the key in the settings file and commit that. Returns a sentence if the commit could not be made."""
    present = settings.load(paths.settings)
    if present.firewall is on:
        return ""
    file = paths.settings.resolve()
    text = settings_edit.edit(paths.settings, file.read_text(encoding="utf-8"), replace(present, firewall=on))
    files.write(file, text, file.stat().st_mode & 0o7777)
    message = COMMIT.format("on" if on else "off")
    return conf_repository.commit_or_explain(paths.conf, (PurePosixPath(paths.settings.name),), message)
