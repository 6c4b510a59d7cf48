"""The firewall on this host: looked at, tried, kept, taken away. Doing it again changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from installer.data_directory import conf_repository, settings_edit
from installer.firewall import neighbours, peers, proof, ssh_ports, trial
from installer.firewall.trial import Trial
from installer.host import systemd, timers
from installer.host.ports import ListeningSocket
from installer.host.systemd import Unit, unit_name
from installer.host.timers import FOLDER, TimerState
from runtime.base import files
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, RunPaths
from runtime.config import internal_address, settings
from runtime.config.applications import Application
from runtime.config.published_ports import Published
from runtime.docker import engine, observed
from runtime.firewall import keep, model, rules, ssh, table
from runtime.firewall.model import Wall
from runtime.firewall.rules import Rules
from runtime.firewall.table import Present
from runtime.reconcile import desired
from runtime.reconcile.desired import Desired

UNIT = "shoestring-firewall.service"
COMMIT = "Settings: the firewall is {}"
LOCK_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Firewall:
    """One instance's firewall as it should be and as it is.

    `noted` is how nft listed the table when it had just been loaded. `closed` are the ports that applications publish
    and that are closed. `listeners` and `udp` are sockets of this host. `boot` is the unit that loads the rules at
    boot; None where systemd does not run. `elsewhere`: it was kept on another host, which this is a copy from.
    `objections` are sentences about what it would break; only a person may go on.
    """

    paths: Paths
    wanted: Desired
    wall: Wall
    rules: Rules
    present: Present | None
    noted: str
    kept: bool
    closed: tuple[tuple[Application, Published], ...]
    listeners: tuple[ListeningSocket, ...]
    udp: tuple[ListeningSocket, ...]
    ssh_ports: frozenset[int]
    boot: TimerState | None
    elsewhere: bool = False
    objections: tuple[str, ...] = ()

    @property
    def instance(self) -> str:
        """The instance whose firewall it is."""
        return self.wanted.settings.instance

    @property
    def in_force(self) -> bool:
        """Whether the table is there, as it should be."""
        return self.present is not None and self.present.is_like(self.rules, self.noted)

    @property
    def is_on(self) -> bool:
        """Whether nothing has to be done to have it, now and after a reboot."""
        return self.kept and self.in_force and self.boot in (TimerState.ON, None)


def look(paths: Paths, *, anew: bool = False) -> Firewall:
    """Look at the files and at this host; no container has to run. Changes nothing.

    SSH's ports are those of the moment when the firewall was kept, as each pass has them; with `anew`, those of now,
    and what would be broken is looked for.
    Raises ShoestringError where nft is missing or may not be asked.
    """
    loaded = settings.load(paths.settings)
    wanted = desired.load(loaded, paths, internal_address.follow(loaded))
    listeners = ssh_ports.listeners()
    kept = keep.is_kept(wanted, paths)
    ports = keep.wanted_ports(paths) if kept and not anew else ssh_ports.find(listeners)
    wall = keep.wall(wanted, ports, _docker_bridges)
    closed = (
        (each, port)
        for each in wanted.known
        for port in model.closed(each, wanted.internal_address, wanted.variables)
    )
    return Firewall(
        paths,
        wanted,
        wall,
        rules.render(wall),
        table.look(wall.table),
        table.noted(paths.firewall_generated),
        kept,
        tuple(closed),
        listeners,
        ssh_ports.listeners("-u"),
        ports,
        _at_boot(unit(loaded.instance, paths)) if systemd.is_running() else None,
        ssh.is_kept_elsewhere(paths.firewall),
        _objections(loaded.instance, ports, wall) if anew else (),
    )


def _objections(instance: str, ports: frozenset[int], wall: Wall) -> tuple[str, ...]:
    """Who would be locked out, and which other instance disturbed."""
    return (
        *peers.refused(peers.look(ports), wall),
        *neighbours.objections(neighbours.look(instance), wall),
    )


def _docker_bridges() -> frozenset[str]:
    """The bridges of the engine's networks; none where it does not answer, and then no container needs them."""
    try:
        return observed.bridges(engine.connect())
    except ShoestringError:
        return frozenset()


def _at_boot(wanted: Unit) -> TimerState:
    (seen,) = systemd.show((wanted.name,), ("UnitFileState",))
    return timers.state([systemd.is_written(wanted)], seen)


def unit(instance: str, paths: Paths) -> Unit:
    """The unit that loads the rules at boot."""
    text = (FOLDER / UNIT).read_text(encoding="utf-8").replace("@INSTANCE@", instance)
    return Unit(unit_name(UNIT, instance), text.replace("@RULES@", systemd.quoted(paths.firewall_generated)))


def _have_at_boot(wanted: Unit) -> None:
    systemd.write((wanted,))
    systemd.enable(wanted.name)
    systemd.systemctl("start", wanted.name)


def begin(firewall: Firewall, seconds: int = trial.SECONDS) -> Trial:
    """Have the rules for so many seconds. Raises ShoestringError, and then nothing has changed."""
    before = ""
    if firewall.present and firewall.kept and firewall.paths.firewall_generated.is_file():
        before = firewall.paths.firewall_generated.read_text(encoding="utf-8")
    return trial.begin(firewall.instance, firewall.rules, before, seconds)


def settle(firewall: Firewall, tried: Trial) -> str:
    """Keep the rules: from now on each pass and each boot has them. Returns a sentence if there is more to know.

    Raises ShoestringError if they were undone in the meantime.
    """
    if not trial.is_in_force(tried):
        raise ShoestringError(
            f"The {trial.SECONDS} s are over: what was in force before is again. Once more: shoestring firewall on"
        )
    paths = firewall.paths
    with files.lock(RunPaths(firewall.instance).lock, LOCK_TIMEOUT_SECONDS):
        ssh.keep(paths.firewall, firewall.ssh_ports)
        note = _set(paths, on=True)
        trial.keep(tried)
        # It may have been undone just now; it is what the person wants all the same.
        table.install(paths.firewall_generated, firewall.rules.text, firewall.rules.table)
    if systemd.is_running():
        _have_at_boot(unit(firewall.instance, paths))
    return note


def prove(firewall: Firewall) -> tuple[Trial, proof.Answers]:
    """Have the rules, if nothing is against them and SSH answers with them as it did without.

    Raises ShoestringError if not, and undoes them.
    """
    if firewall.objections:
        raise ShoestringError(f"The firewall stays as it was. {' '.join(firewall.objections)}")
    before = proof.ask(proof.targets(firewall.listeners, firewall.ssh_ports))
    tried = begin(firewall)
    try:
        after = proof.ask(before.targets) if before.targets else before
        holds = proof.holds(before, after)
    except BaseException:
        trial.undo(tried)
        raise
    if not holds:
        trial.undo(tried)
        raise ShoestringError(
            f"With these rules SSH did not answer any more at port {before.ports}, so they were undone at once. See "
            "whether the port is among what stays open: shoestring firewall on --dry-run; if not, list it in "
            "x-open-ports of an application."
        )
    return tried, after


def off(paths: Paths) -> str:
    """Take the firewall away: table, file, unit. Returns a sentence if there is more to know."""
    instance = settings.load(paths.settings).instance
    with files.lock(RunPaths(instance).lock, LOCK_TIMEOUT_SECONDS):
        note = _set(paths, on=False)
        remove(instance, paths)
    return note


def remove(instance: str, paths: Paths) -> None:
    """Take away what is on this host; the settings stay. Does nothing where there is nothing."""
    name = unit_name(UNIT, instance)
    if (systemd.UNIT_DIRECTORY / name).is_file():
        systemd.remove((name,))
    if table.is_installed() and table.look(model.table_name(instance)):
        table.remove(model.table_name(instance))
    files.remove(paths.firewall)
    table.forget(paths.firewall_generated)


def is_there(instance: str, paths: Paths) -> bool:
    """Whether there is anything that `remove` would take away."""
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
