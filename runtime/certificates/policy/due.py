"""When a certificate has to be renewed, and when a person must hear of it. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from runtime.certificates.model import DesiredCertificate, InstalledCertificate, Issuer, RenewalWindow, listed

DAY = 86_400.0
# A lifetime below this is short: then half of it is left for renewing, else a third.
SHORT_LIFETIME = 10 * DAY
ALARM = 10 * DAY
# Nobody wants to hear for months of one that lasts for years.
LONGEST_ALARM = 30 * DAY


class CertificateState(StrEnum):
    """How a wanted certificate is."""

    FINE = "fine"
    MISSING = "missing"
    # It lacks a host name.
    NAMES = "names"
    # Another than the settings ask for has signed it.
    ISSUER = "issuer"
    DUE = "due"
    EXPIRED = "expired"
    BROKEN = "broken"


@dataclass(frozen=True)
class Assessment:
    """What is to be said of a wanted certificate. `why` is a part of a sentence.

    `renew_at` is when it should be renewed, in seconds since the epoch; for what cannot wait it is the present moment
    or one before.
    """

    state: CertificateState
    why: str
    renew_at: float


def renew_at(found: InstalledCertificate, window: RenewalWindow | None) -> float:
    """When to renew, in seconds since the epoch.

    Where the authority suggests a window for this very certificate (RFC 9773, section 4.2): a moment in it that
    depends on the certificate, so that all who have one come spread over it, and each pass finds the same. Otherwise
    at a third of the lifetime left; half, where the lifetime is under 10 days. A window so late that an alarm would
    come before it is cut: `is_expiring` never speaks of a certificate that just waits for its turn.
    """
    left = found.lifetime / (2 if found.lifetime < SHORT_LIFETIME else 3)
    by_lifetime = found.not_after - left
    # Section 4.2 again: a window that does not end after its start counts as no answer.
    if window is None or not window.ari_id or window.ari_id != found.ari_id or window.end <= window.start:
        return by_lifetime
    share = int.from_bytes(hashlib.sha256(found.fingerprint.encode()).digest()[:8], "big") / 2**64
    latest = (by_lifetime + found.not_after - _alarm_seconds(found)) / 2
    return min(window.start + share * (window.end - window.start), latest)


def is_expiring(found: InstalledCertificate, now: float) -> bool:
    """Whether a person must hear that a certificate is about to end, or has ended.

    That is: less than 10 days left, or less than a fifth of its life. Both count, with two limits. The 10 days count
    where they are at most a quarter of the life: a certificate of 6 days never has more, and would alarm all its
    life; with a quarter, renewing has had some passes before anyone is called. And no alarm is longer than 30 days: a
    fifth of a person's own certificate for ten years is two years. So it speaks at 1.2 days left of 6, at 10 of 45,
    12.8 of 64, 18 of 90, and 30 of 365. Renewal is due at 3, 15, 21.3 and 30 days left (a person's own has none), so
    what speaks has failed to renew for a while.
    """
    return found.not_after - now < _alarm_seconds(found)


def _alarm_seconds(found: InstalledCertificate) -> float:
    days = ALARM if found.lifetime / 4 >= ALARM else 0.0
    return min(max(found.lifetime / 5, days), LONGEST_ALARM)


def assess(
    wanted: DesiredCertificate,
    found: InstalledCertificate | None,
    window: RenewalWindow | None,
    now: float,
    *,
    root: str = "",
) -> Assessment:
    """How a wanted certificate is; `now` in seconds since the epoch.

    `root` is the private CA's key identifier (`private_ca.key_id`): a certificate that it should have signed and did
    not, or the other way round, is to be issued again. Empty: that is not looked at.

    A host name that is in the certificate and not wanted any more waits for the renewal. A certificate that is not
    valid yet is fine: the clock is behind, and a new one would be no better.
    """
    if found is None:
        return Assessment(CertificateState.MISSING, "there is no certificate", now)
    if found.problem:
        return Assessment(
            CertificateState.BROKEN, f"the certificate cannot be used: {found.problem.rstrip('.')}", now
        )
    if found.not_after <= now:
        return Assessment(CertificateState.EXPIRED, "the certificate has expired", found.not_after)
    lacking = [name for name in wanted.host_names if not found.covers(name)]
    if lacking:
        return Assessment(CertificateState.NAMES, f"the certificate lacks {listed(lacking)}", now)
    if root and (wanted.issuer is Issuer.PRIVATE_CA) != found.ari_id.startswith(f"{root}."):
        return Assessment(CertificateState.ISSUER, f"the certificate is signed by {found.issuer}", now)
    return _by_time(found, window, now)


def _by_time(found: InstalledCertificate, window: RenewalWindow | None, now: float) -> Assessment:
    moment = renew_at(found, window)
    if now < found.not_before:
        return Assessment(
            CertificateState.FINE, "the certificate is not valid yet; the clock of this host may be behind", moment
        )
    if moment > now:
        return Assessment(CertificateState.FINE, "the certificate is valid", moment)
    explanation = window.explanation if window and window.ari_id == found.ari_id else ""
    about = f"the authority asks for it: {explanation}" if explanation else "its time has come"
    return Assessment(CertificateState.DUE, f"the certificate is to be renewed; {about}", moment)
