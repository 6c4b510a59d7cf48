"""Decide what a run of the watchdog does about the firewall and the isolation: nothing, load it, or remove it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from runtime.base.errors import ShoestringError
from runtime.context.change import Sign
from runtime.firewall import bridges, isolation, model, rules, ssh, table
from runtime.firewall.changes import InstallFirewall, InstallIsolation, RemoveIsolation
from runtime.firewall.isolation import NamedBridges
from runtime.firewall.model import FirewallSources, Ruleset
from runtime.network import netlink

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from runtime.base.paths import Paths
    from runtime.docker.observed import Observed

# Asks the engine for the bridges of its networks; only if a bridge's name does not show whether it is Docker's.
DockerBridges = Callable[[], Collection[str]]
NOT_YET = "The firewall is on in the settings, but has not been applied on this host. Run: shoestring firewall on"
ELSEWHERE = (
    "The firewall was confirmed on another host and is not active on this one: here it has not been confirmed that "
    "SSH still answers with it. Run: shoestring firewall on"
)


def is_confirmed(desired: FirewallSources, paths: Paths) -> bool:
    """Return whether the firewall is on in the settings, and confirmed to lock no user out."""
    return desired.settings.firewall and ssh.confirmed_ports(paths.firewall) is not None


def ruleset(desired: FirewallSources, ssh_ports: Iterable[int], docker: DockerBridges) -> Ruleset:
    """Return the firewall that the settings and application files want on this host, with its bridges and routes of
    now.
    """
    unclear = bridges.unclear()
    # The names first: a bridge that Docker creates in between is then not treated as another program's.
    present = model.classify(unclear, docker() if unclear else ())
    read = (desired.settings, desired.known, desired.variables)
    return model.build(*read, ssh_ports, present, netlink.routes(), desired.internal_address)


def ssh_ports_to_allow(paths: Paths) -> frozenset[int]:
    """Return SSH's ports: the confirmed ones, and those in sshd's files now."""
    return (ssh.confirmed_ports(paths.firewall) or frozenset()) | ssh.configured()


def difference(desired: FirewallSources, paths: Paths, docker: DockerBridges) -> InstallFirewall | None:
    """Return the change that makes the firewall equal to the files; None if there is none.

    Unless the firewall is confirmed, this only checks whether its file exists.
    """
    file, name = paths.firewall_generated, model.table_name(desired.settings.instance)
    if not is_confirmed(desired, paths):
        if desired.settings.firewall or not file.exists():
            return None
        return InstallFirewall(file, "", name, "off", Sign.REMOVED)
    made = rules.render(ruleset(desired, ssh_ports_to_allow(paths), docker))
    try:
        present = table.inspect(name)
    except ShoestringError:
        # Why it is unknown is reported when it is loaded: only that fails, and the rest of the run continues.
        return InstallFirewall(file, made.text, name, "not known", fallback=made.fallback)
    kept = (_content(file), _content(paths.firewall_fallback)) == (made.text, made.fallback)
    if present and present.matches(made, table.recorded_listing(file)) and kept:
        return None
    about = (
        "its table was missing" if present is None else "other rules" if present.mark != made.mark else "was altered"
    )
    action = Sign.CHANGED if present else Sign.NEW
    return InstallFirewall(file, made.text, name, about, action, made.fallback)


def isolation_difference(
    desired: FirewallSources, paths: Paths, observed: Observed, named: NamedBridges
) -> InstallIsolation | None:
    """Return the change that isolates the instance; None if there is none, or if this host cannot do it."""
    file, name = paths.isolation_generated, isolation.table_name(desired.settings.instance)
    try:
        present = table.inspect(name)
    except ShoestringError:
        return None
    made = isolation.render(isolation.build(desired, observed, named))
    if present and present.matches(made, table.recorded_listing(file)) and _content(file) == made.text:
        return None
    if present is None:
        return InstallIsolation(file, desired, "keeps neighbors from containers", Sign.NEW)
    return InstallIsolation(file, desired, "other rules" if present.mark != made.mark else "was altered")


def isolation_removal(instance: str, paths: Paths) -> RemoveIsolation | None:
    """Return the change that removes the isolation; None where there is none."""
    file = paths.isolation_generated
    return RemoveIsolation(file, isolation.table_name(instance)) if file.exists() else None


def notes(desired: FirewallSources, paths: Paths) -> tuple[str, ...]:
    """Return a sentence if it is on in the settings but not confirmed, or confirmed on another host only."""
    if not desired.settings.firewall or is_confirmed(desired, paths):
        return ()
    return (ELSEWHERE if ssh.is_confirmed_elsewhere(paths.firewall) else NOT_YET,)


def _content(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""
