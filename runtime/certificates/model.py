"""Desired and installed certificates. Pure data."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from runtime.base.paths import Side

# RFC 6761, section 6.4: a name that never exists, so that the placeholder is not mistaken for a real certificate.
PLACEHOLDER = "invalid"
LONGEST_LIST = 4


class Issuer(StrEnum):
    """The authority that signs, and how it validates names."""

    HTTP_01 = "http-01"
    DNS_01 = "dns-01"
    PRIVATE_CA = "private-ca"


def covered(host_name: str, names: Collection[str]) -> bool:
    """Return whether a certificate's names cover a host name or a pattern.

    A wildcard stands for one whole label (RFC 6125, section 6.4.3).
    """
    parent = "*." + host_name.partition(".")[2]
    return host_name in names or (not host_name.startswith("*.") and parent in names)


def listed(host_names: Sequence[str]) -> str:
    """Return host names for a sentence; of many only the first."""
    if len(host_names) <= LONGEST_LIST:
        return ", ".join(host_names)
    shown = LONGEST_LIST - 1
    return f"{', '.join(host_names[:shown])} and {len(host_names) - shown} more"


@dataclass(frozen=True)
class DesiredCertificate:
    """A certificate that should exist: one per public application, one for the internal side.

    `name` is the name of its files and of its lineage; it stays when host names change. `host_names` are in a fixed
    order; a wildcard stands for one label.
    """

    name: str
    side: Side
    host_names: tuple[str, ...]
    issuer: Issuer


@dataclass(frozen=True)
class InstalledCertificate:
    """A certificate on the disk, `NAME.pem` with `NAME.pem.key`.

    Times are seconds since the epoch. `fingerprint` is the SHA-256 of the leaf, in hexadecimal digits. `ari_id` is
    its identifier in ARI (RFC 9773, section 4.1); empty if it has no key identifier. `problem` is a sentence if the
    pair cannot be used (then the other values may be empty).
    """

    file: Path
    host_names: tuple[str, ...] = ()
    serial: int = 0
    fingerprint: str = ""
    not_before: float = 0.0
    not_after: float = 0.0
    issuer: str = ""
    ari_id: str = ""
    problem: str = ""

    @property
    def name(self) -> str:
        """Return the name of the file without its extension."""
        return self.file.name.removesuffix(".pem")

    @property
    def lifetime(self) -> float:
        """Return the time from the first to the last moment of its validity, in seconds."""
        return self.not_after - self.not_before

    def covers(self, host_name: str) -> bool:
        """Return whether it is valid for a host name or a pattern."""
        return covered(host_name, self.host_names)


@dataclass(frozen=True)
class RenewalWindow:
    """The window in which an authority suggests to renew a certificate (RFC 9773, section 4.2).

    Times are seconds since the epoch. `check_again` is when to ask the next time.
    """

    ari_id: str
    start: float
    end: float
    check_again: float
    explanation: str = ""
