"""The plain lines of `shoestring ssl status`. The table is in tables.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from runtime.base.formats import duration, rfc3339, until
from runtime.certificates.model import Issuer
from runtime.output.report import indent
from runtime.output.table import table

if TYPE_CHECKING:
    from runtime.certificates.overview import CertificateOverview, CertificateStatus

HEADER = ("NAME", "SIDE", "STATE", "HOSTS", "VALID UNTIL", "RENEWAL", "FROM")
NONE_YET = "No certificates yet: no application has a host name."
# Where a certificate will come from, if there is none yet.
_SOURCES: dict[str, str] = {
    Issuer.HTTP_01: "ACME",
    Issuer.DNS_01: "ACME, by DNS",
    Issuer.PRIVATE_CA: "private CA",
}


def row(status: CertificateStatus, now: float) -> tuple[str, ...]:
    """Return the cells of one certificate, in the order of HEADER. `now` is in seconds since the epoch."""
    more = f" +{len(status.host_names) - 1}" if len(status.host_names) > 1 else ""
    return (
        status.name,
        status.side,
        "expiring" if status.expiring and status.not_after > now else status.state,
        f"{status.host_names[0]}{more}" if status.host_names else "-",
        _validity(status, now),
        _renewal(status, now),
        _source(status),
    )


def remarks(overview: CertificateOverview) -> list[str]:
    """Return sentences about problems, those of certificates first."""
    blocked = [f"{each.name}: {each.blocked}" for each in overview.certificates if each.blocked]
    return [*blocked, *map(str, overview.problems)]


def status_lines(overview: CertificateOverview, now: float) -> list[str]:
    """Return a line per certificate, with its problem below it."""
    lines = list(_certificates(overview, now)) or [NONE_YET]
    lines += [f"problem  {each}" for each in overview.problems]
    return lines + [f"note  {each}" for each in overview.notes]


def _certificates(overview: CertificateOverview, now: float) -> Iterator[str]:
    rows = table((row(each, now) for each in overview.certificates), margin="")
    for each, line in zip(overview.certificates, rows, strict=True):
        yield line
        if each.blocked:
            yield indent(each.blocked)


def _validity(status: CertificateStatus, now: float) -> str:
    if not status.not_after or status.state == "placeholder":
        return "-"
    return f"{rfc3339(status.not_after)[:10]} ({_left(status.not_after, now)})"


def _source(status: CertificateStatus) -> str:
    if status.state == "placeholder":
        return "-"
    return _SOURCES[Issuer.PRIVATE_CA] if status.by_private_ca else _SOURCES.get(status.issuer, status.issuer) or "-"


def _renewal(status: CertificateStatus, now: float) -> str:
    if status.state in ("placeholder", "unused"):
        return "-"
    if not status.managed:
        return "by you"
    if status.blocked:
        return "deferred"
    return until(status.renew_at - now)


def _left(moment: float, now: float) -> str:
    """Return how long it is until a moment: `90 days`, under two days in hours; `expired` if it has passed."""
    return duration(moment - now) if moment > now else "expired"
