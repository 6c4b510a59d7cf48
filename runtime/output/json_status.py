"""The JSON answer of `status`. Each field says what it means: docs/json.md is made from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from runtime.base.formats import rfc3339
from runtime.base.paths import Side
from runtime.certificates.overview import CertificateStatus
from runtime.output.json_results import FindingEntry, findings
from runtime.reconcile.status import ApplicationStatus, ProxyStatus, Status


@dataclass(frozen=True)
class ApplicationEntry:
    """An application in the answer of `status`."""

    name: Annotated[str, "the name of its file"]
    side: Side
    state: Annotated[
        str,
        "`healthy`, `running`, `completed`; or `starting`, `unhealthy`, `created`, `paused`, `exited`, `ended`, "
        "`restarting`, `dead`, `missing`, `broken`",
    ]
    host_names: Annotated[tuple[str, ...], "as they are served; may have wildcards"]
    image: Annotated[str, "of the service `application`, as its file has it"]
    since: Annotated[str | None, "start of the first of its containers (RFC 3339); null if none runs"]
    problems: Annotated[tuple[FindingEntry, ...], "what is wrong in its file"]
    notes: Annotated[tuple[FindingEntry, ...], "what the firewall blocks, or does not see"]

    @classmethod
    def of(cls, status: ApplicationStatus) -> ApplicationEntry:
        """Return the entry of an application."""
        return cls(
            status.name,
            Side(status.side),
            status.state,
            status.host_names,
            status.image,
            status.since or None,
            findings(status.problems),
            findings(status.notes),
        )


@dataclass(frozen=True)
class ProxyEntry:
    """A proxy in the answer of `status`."""

    side: Side
    state: Annotated[str, "as that of an application"]
    host_names: Annotated[int, "how many it serves"]
    since: Annotated[str | None, "its start (RFC 3339); null if it does not run"]

    @classmethod
    def of(cls, status: ProxyStatus) -> ProxyEntry:
        """Return the entry of a proxy."""
        return cls(Side(status.side), status.state, status.host_names, status.since or None)


@dataclass(frozen=True)
class CertificateEntry:
    """A certificate."""

    name: str
    side: Side
    host_names: tuple[str, ...]
    issuer: Annotated[
        str, "who signed it; for a missing one how its names are validated: `http-01`, `dns-01`, `private-ca`"
    ]
    state: Annotated[
        str,
        "`valid`, `due`; `missing`, `missing-names` (a host name is not in it), `other-issuer` (another authority "
        "should sign it), `expired`, `broken`; or `user-provided`, `unused`, `placeholder`, `root` (the private CA's "
        "root, if it is about to expire)",
    ]
    not_after: Annotated[str | None, "end of its validity (RFC 3339)"]
    renew_at: Annotated[str | None, "when it is renewed (RFC 3339)"]
    expiring: Annotated[bool, "it is about to expire, or has expired"]
    managed: Annotated[bool, "Shoestring renews it; else the user does"]
    blocked: Annotated[str | None, "why it cannot be issued now, and what to do"]

    @classmethod
    def of(cls, status: CertificateStatus) -> CertificateEntry:
        """Return the entry of a certificate."""
        return cls(
            status.name,
            status.side,
            status.host_names,
            status.issuer,
            status.state,
            rfc3339(status.not_after) if status.not_after else None,
            rfc3339(status.renew_at) if status.renew_at else None,
            status.expiring,
            status.managed,
            status.blocked or None,
        )


@dataclass(frozen=True)
class StatusJson:
    """What runs, and what is wrong. `python -m runtime status` answers the same without `host`."""

    instance: Annotated[str, "the name of the instance"]
    ok: Annotated[bool, "everything runs, no file is invalid, and no certificate is expiring or unusable"]
    applications: Annotated[tuple[ApplicationEntry, ...], "one for each file"]
    proxies: tuple[ProxyEntry, ...]
    certificates: Annotated[tuple[CertificateEntry, ...], "the desired ones, then others in the proxies' folders"]
    certificate_problems: Annotated[tuple[FindingEntry, ...], "certificate files that cannot be used"]
    problems: Annotated[tuple[FindingEntry, ...], "what is wrong, and of no single application"]
    warnings: Annotated[tuple[FindingEntry, ...], "what is worth knowing; nothing failed"]

    @classmethod
    def of(cls, status: Status) -> StatusJson:
        """Return the result of `status`."""
        return cls(
            status.instance,
            status.fine,
            tuple(map(ApplicationEntry.of, status.applications)),
            tuple(map(ProxyEntry.of, status.proxies)),
            tuple(map(CertificateEntry.of, status.certificates.certificates)),
            findings(status.certificates.problems),
            findings(status.problems),
            findings((*status.warnings, *status.host_access)),
        )
