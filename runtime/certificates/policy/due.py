"""When a certificate is due for renewal, and when the user is warned of its expiry. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from runtime.certificates.model import DesiredCertificate, InstalledCertificate, Issuer, RenewalWindow, listed

DAY = 86_400.0
# A lifetime below this is short: then half of it is left for renewing, else a third.
SHORT_LIFETIME = 10 * DAY
WARNING = 10 * DAY
# A certificate for years would be warned of for months.
LONGEST_WARNING = 30 * DAY


class CertificateState(StrEnum):
    """The state of a desired certificate."""

    VALID = "valid"
    MISSING = "missing"
    # A host name is not in it.
    MISSING_NAMES = "missing-names"
    # It is signed by another authority than the one in the settings.
    OTHER_ISSUER = "other-issuer"
    DUE = "due"
    EXPIRED = "expired"
    BROKEN = "broken"


@dataclass(frozen=True)
class Assessment:
    """The state of a desired certificate. `why` is a clause without a period.

    `renew_at` is when it should be renewed, in seconds since the epoch; now or earlier if it is due.
    """

    state: CertificateState
    why: str
    renew_at: float


def renew_at(found: InstalledCertificate, window: RenewalWindow | None) -> float:
    """Return when to renew, in seconds since the epoch.

    If the authority suggests a window for this certificate (RFC 9773, section 4.2), it is a moment in the window that
    follows from the certificate: renewals spread over the window, and each run computes the same moment. Otherwise a
    third of the lifetime is left, or half of a lifetime below 10 days. It is always before `is_expiring` warns.
    """
    left = found.lifetime / (2 if found.lifetime < SHORT_LIFETIME else 3)
    by_lifetime = found.not_after - left
    # Section 4.2: a window that does not end after its start counts as no answer.
    if window is None or not window.ari_id or window.ari_id != found.ari_id or window.end <= window.start:
        return by_lifetime
    share = int.from_bytes(hashlib.sha256(found.fingerprint.encode()).digest()[:8], "big") / 2**64
    latest = (by_lifetime + found.not_after - _warning_seconds(found)) / 2
    return min(window.start + share * (window.end - window.start), latest)


def is_expiring(found: InstalledCertificate, now: float) -> bool:
    """Return whether the user is warned that a certificate is about to expire, or has expired.

    The warning begins at the larger of two times before the end: a fifth of the lifetime; and 10 days, if they are at
    most a quarter of the lifetime. It begins at most 30 days before. So renewals have failed for a while by then:

    ==========  ===============  ==============
    lifetime    renewal is due   warning
    ==========  ===============  ==============
      6 days      3   days left    1.2 days left
     45 days     15   days left   10   days left
     64 days     21.3 days left   12.8 days left
     90 days     30   days left   18   days left
    365 days    121.7 days left   30   days left
    ==========  ===============  ==============

    A user-provided certificate has the same warning, and no renewal.
    """
    return found.not_after - now < _warning_seconds(found)


def _warning_seconds(found: InstalledCertificate) -> float:
    days = WARNING if found.lifetime / 4 >= WARNING else 0.0
    return min(max(found.lifetime / 5, days), LONGEST_WARNING)


def assess(
    desired: DesiredCertificate,
    found: InstalledCertificate | None,
    window: RenewalWindow | None,
    now: float,
    *,
    root: str = "",
) -> Assessment:
    """Return the state of a desired certificate. `now` is in seconds since the epoch.

    `root` is the private CA's key identifier (`private_ca.key_id`): a certificate that it should have signed and did
    not, or the reverse, is issued again. Empty: not checked.

    A host name in the certificate that is no longer desired stays until the renewal. A certificate that is not valid
    yet counts as valid: the clock of this host is behind, and a new one would not help.
    """
    if found is None:
        return Assessment(CertificateState.MISSING, "there is no certificate", now)
    if found.problem:
        return Assessment(
            CertificateState.BROKEN, f"the certificate cannot be used: {found.problem.rstrip('.')}", now
        )
    if found.not_after <= now:
        return Assessment(CertificateState.EXPIRED, "the certificate has expired", found.not_after)
    lacking = [name for name in desired.host_names if not found.covers(name)]
    if lacking:
        return Assessment(CertificateState.MISSING_NAMES, f"the certificate lacks {listed(lacking)}", now)
    if root and (desired.issuer is Issuer.PRIVATE_CA) != found.ari_id.startswith(f"{root}."):
        return Assessment(CertificateState.OTHER_ISSUER, f"the certificate is signed by {found.issuer}", now)
    return _by_time(found, window, now)


def _by_time(found: InstalledCertificate, window: RenewalWindow | None, now: float) -> Assessment:
    moment = renew_at(found, window)
    if now < found.not_before:
        return Assessment(
            CertificateState.VALID, "the certificate is not valid yet; the clock of this host may be behind", moment
        )
    if moment > now:
        return Assessment(CertificateState.VALID, "the certificate is valid", moment)
    explanation = window.explanation if window and window.ari_id == found.ari_id else ""
    why = f"; the authority asks for it: {explanation}" if explanation else ""
    return Assessment(CertificateState.DUE, f"the certificate is due for renewal{why}", moment)
