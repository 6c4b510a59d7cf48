"""The JSON answers of `shoestring firewall`. Each field says what it means: docs/json.md is made from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from installer.firewall import report
from installer.firewall.manage import Firewall
from installer.host.timers import TimerState
from runtime.output.encoder import values


@dataclass(frozen=True)
class AllowedEntry:
    """Ports that answer."""

    protocol: Annotated[str, "`tcp` or `udp`"]
    first: Annotated[int, "port"]
    last: Annotated[int, "port"]
    why: str
    address: Annotated[str, "only at this address of the host; empty: at each"]


@dataclass(frozen=True)
class OpenEntry:
    """A row of what is open."""

    port: str
    why: str


@dataclass(frozen=True)
class ClosedEntry:
    """A row of what is closed."""

    port: str
    what: str


@dataclass(frozen=True)
class FirewallJson:
    """The firewall as it is."""

    on: Annotated[bool, "confirmed, and active"]
    state: Annotated[str, "a word or a sentence"]
    table: Annotated[str, "its name in nftables"]
    allowed_ports: tuple[AllowedEntry, ...]
    open: Annotated[tuple[OpenEntry, ...], "what is open, as the text has it"]
    closed: Annotated[tuple[ClosedEntry, ...], "what is closed, as the text has it"]
    boot_unit: Annotated[bool | None, "the next boot loads the rules; null without systemd"]

    @classmethod
    def of(cls, firewall: Firewall) -> FirewallJson:
        """Return the result of `firewall status` and `firewall off`."""
        allowed = firewall.ruleset.allowed_ports
        opened, closed = report.open_rows(firewall), report.closed_rows(firewall)
        return cls(
            on=firewall.confirmed and firewall.is_active,
            state=report.state(firewall),
            table=firewall.ruleset.table,
            allowed_ports=tuple(
                AllowedEntry(each.protocol, each.first, each.last, each.why, each.address) for each in allowed
            ),
            open=tuple(OpenEntry(port, why) for _, port, why in opened),
            closed=tuple(ClosedEntry(port, what) for _, port, what in closed),
            boot_unit=None if firewall.boot is None else firewall.boot is TimerState.ON,
        )


@dataclass(frozen=True)
class FirewallOnJson(FirewallJson):
    """The firewall after `firewall on`, or with `--dry-run` as it is."""

    changed: Annotated[bool, "it was switched on now"]
    notes: Annotated[tuple[str, ...], "what was checked of SSH; with `--dry-run` what would be cut off"]

    @classmethod
    def of_change(cls, firewall: Firewall, *, changed: bool, notes: Iterable[str] = ()) -> FirewallOnJson:
        """Return the result of `firewall on`."""
        return cls(**values(FirewallJson.of(firewall)), changed=changed, notes=tuple(notes))
