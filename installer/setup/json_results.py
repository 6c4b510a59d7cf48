"""The JSON answer of `shoestring setup`. Each field says what it means: docs/json.md is made from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from installer.services import status
from installer.services.json_results import AddedService
from installer.setup.host_setup import HostPlan
from installer.setup.plan import SetupOutcome, SetupPlan
from installer.vpn import configuration
from runtime.base.constants import MEGABYTE
from runtime.base.paths import Side
from runtime.config.settings import Settings
from runtime.context.results import Advisory, Code
from runtime.output.json_results import FindingEntry, ReportJson, findings


@dataclass(frozen=True)
class UrlEntry:
    """An address where this host answers."""

    side: Side
    url: str


@dataclass(frozen=True)
class VpnEntry:
    """The VPN of this host."""

    interface: str
    endpoint: Annotated[str, "where clients connect to: host and port"]


@dataclass(frozen=True)
class HostEntry:
    """The changes of the host."""

    timers: Annotated[bool, "timers were enabled; `timers status` has their state"]
    swap: Annotated[int | None, "bytes of swap that were added; null for none"]
    log_rotation: Annotated[bool, "Docker's logs were limited"]
    firewall: Annotated[bool, "the firewall was switched on"]

    @classmethod
    def of(cls, plan: HostPlan) -> HostEntry:
        """Return the entry of a plan."""
        return cls(plan.timers, plan.swap.size if plan.swap else None, plan.log_rotation is not None, plan.firewall)


@dataclass(frozen=True)
class SetupJson:
    """A setup, or with `--dry-run` its plan. It needs `--answers` or `--defaults`; progress is on standard error.

    Passwords are not part of it.
    """

    ok: Annotated[bool, "everything that was started runs"]
    written: Annotated[bool, "false with `--dry-run`"]
    new: Annotated[bool, "there was no data directory before"]
    instance: Annotated[str, "the name of the instance"]
    data_directory: Path
    is_default: Annotated[bool, "commands find the data directory without `--data-directory`"]
    urls: Annotated[tuple[UrlEntry, ...], "where the public and the internal side answer"]
    vpn: Annotated[VpnEntry | None, "null without WireGuard"]
    services: Annotated[tuple[AddedService, ...], "the internal services; passwords are in `conf/secrets.yaml`"]
    host: HostEntry
    start: Annotated[ReportJson | None, "null if nothing was started"]
    warnings: Annotated[tuple[FindingEntry, ...], "remarks of the setup; nothing failed"]

    @classmethod
    def of(cls, outcome: SetupOutcome) -> SetupJson:
        """Return the result of `setup`."""
        plan = outcome.plan
        return cls(
            ok=outcome.report is None or outcome.report.ok,
            written=outcome.written,
            new=plan.present is None,
            instance=plan.settings.instance,
            data_directory=plan.paths.root,
            is_default=outcome.is_default,
            urls=_urls(plan.settings),
            vpn=_vpn(plan.settings),
            services=_services(plan, written=outcome.written),
            host=HostEntry.of(plan.host),
            start=ReportJson.of(outcome.report) if outcome.report else None,
            warnings=findings(Advisory(Code.SETUP, "setup", note) for note in outcome.notes),
        )


def _urls(settings: Settings) -> tuple[UrlEntry, ...]:
    domains = {Side.PUBLIC: settings.domain, Side.INTERNAL: settings.internal_domain}
    return tuple(UrlEntry(Side(side), settings.url_of(Side(side), domains[Side(side)])) for side in settings.sides)


def _vpn(settings: Settings) -> VpnEntry | None:
    if not settings.wireguard.enabled:
        return None
    return VpnEntry(settings.wireguard.interface, configuration.endpoint(settings))


def _services(plan: SetupPlan, *, written: bool) -> tuple[AddedService, ...]:
    """Return the services; their addresses are in files that a dry run does not write."""
    planned = plan.services
    return tuple(
        AddedService(
            each.name,
            each in planned.new,
            each.memory * MEGABYTE,
            tuple(status.addresses_of(plan.paths, plan.settings, each.name)) if written else (),
        )
        for each in planned.services
    )
