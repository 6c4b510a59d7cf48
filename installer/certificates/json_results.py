"""The JSON answers of `shoestring ssl`. Each field says what it means: docs/json.md is made from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from runtime.output.json_results import FindingEntry, findings
from runtime.output.json_status import CertificateEntry

if TYPE_CHECKING:
    from installer.certificates.trust import RootTrust
    from runtime.certificates.overview import CertificateOverview


@dataclass(frozen=True)
class CertificatesJson:
    """The certificates. The exit code is 0 unless the status could not be read."""

    ok: Annotated[bool, "nothing is blocked, expiring or unusable"]
    certificates: Annotated[tuple[CertificateEntry, ...], "the desired ones, then others in the proxies' folders"]
    problems: Annotated[tuple[FindingEntry, ...], "files that cannot be used"]
    notes: Annotated[tuple[FindingEntry, ...], "host names that no authority signs"]

    @classmethod
    def of(cls, overview: CertificateOverview) -> CertificatesJson:
        """Return the result of `ssl status`."""
        blocked = any(each.blocked for each in overview.certificates)
        return cls(
            ok=not (blocked or overview.problems or overview.expiring),
            certificates=tuple(map(CertificateEntry.of, overview.certificates)),
            problems=findings(overview.problems),
            notes=findings(overview.notes),
        )


@dataclass(frozen=True)
class CaJson:
    """The private CA."""

    root: Annotated[Path, "the file of its certificate on this host"]
    fingerprint: Annotated[str, "SHA-256 of the certificate"]
    domain: Annotated[str, "the internal domain; the CA signs for it and the names below it only"]
    host_names: Annotated[tuple[str, ...], "the internal host names, without wildcards"]
    https_port: Annotated[int, "the port where they are served"]
    pem: Annotated[str, "the certificate as PEM"]

    @classmethod
    def of(cls, trust: RootTrust, pem: str) -> CaJson:
        """Return the result of `ssl ca`."""
        return cls(trust.root, trust.fingerprint, trust.domain, trust.host_names, trust.https_port, pem)


@dataclass(frozen=True)
class CaPreviewJson:
    """The private CA that would be created."""

    directory: Annotated[Path, "its folder on this host"]
