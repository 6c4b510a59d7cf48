"""When certificates are renewed, and when the user is warned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runtime.base.paths import Side
from runtime.certificates.model import DesiredCertificate, InstalledCertificate, Issuer, RenewalWindow
from runtime.certificates.policy import due
from runtime.certificates.policy.due import DAY, CertificateState

START = 1_800_000_000.0
NAMES = ("shop.example.com", "www.example.com")
WANTED = DesiredCertificate("shop", Side.PUBLIC, NAMES, Issuer.HTTP_01)


def certificate(days: float, fingerprint: str = "a1") -> InstalledCertificate:
    return InstalledCertificate(
        Path("shop.pem"), NAMES, 1, fingerprint, START, START + days * DAY, "Test CA", ari_id="root.serial"
    )


def window(start_day: float, end_day: float, ari_id: str = "root.serial", explanation: str = "") -> RenewalWindow:
    return RenewalWindow(ari_id, START + start_day * DAY, START + end_day * DAY, START, explanation)


def state(
    found: InstalledCertificate | None,
    day: float,
    suggested: RenewalWindow | None = None,
    wanted: DesiredCertificate = WANTED,
) -> CertificateState:
    return due.assess(wanted, found, suggested, START + day * DAY).state


def warning_left(days: float) -> float:
    """Return the days left when the warning begins, by trying every hour of the certificate's lifetime."""
    found = certificate(days)
    hours = range(int(days * 24) + 1)
    return next(days - hour / 24 for hour in hours if due.is_expiring(found, START + hour * 3600 + 1))


@pytest.mark.parametrize(
    ("days", "left"), [(6, 3), (9.99, 4.995), (10, 10 / 3), (45, 15), (64, 64 / 3), (90, 30), (365, 365 / 3)]
)
def test_renew_at_third_of_lifetime_or_half_of_short_one(days: float, left: float) -> None:
    found = certificate(days)
    assert due.renew_at(found, None) == pytest.approx(found.not_after - left * DAY)
    assert state(found, days - left - 0.001) is CertificateState.VALID
    assert state(found, days - left + 0.001) is CertificateState.DUE


def test_renew_at_in_window_is_stable_per_certificate() -> None:
    suggested = window(50, 52)
    moments = [due.renew_at(certificate(90, f"{number:064x}"), suggested) for number in range(200)]
    assert all(suggested.start <= each < suggested.end for each in moments)
    assert moments == [due.renew_at(certificate(90, f"{number:064x}"), suggested) for number in range(200)]
    quarters = [int((each - suggested.start) / DAY * 2) for each in moments]
    assert all(quarters.count(quarter) > 25 for quarter in range(4))


@pytest.mark.parametrize(
    "useless", [window(1, 2, "root.other"), window(1, 2, ""), window(2, 2), window(2, 1)], ids=["other", "", "=", "<"]
)
def test_renew_at_ignores_useless_window(useless: RenewalWindow) -> None:
    found = certificate(90)
    assert due.renew_at(found, useless) == due.renew_at(found, None)
    unnamed = replace(found, ari_id="")
    assert due.renew_at(unnamed, useless) == due.renew_at(found, None)


def test_assess_early_renewal_by_authority() -> None:
    found = certificate(90)
    assessment = due.assess(WANTED, found, window(-2, -1, explanation="https://ca.test/why"), START + DAY)
    assert assessment.state is CertificateState.DUE
    assert assessment.why == "the certificate is due for renewal; the authority asks for it: https://ca.test/why"


@pytest.mark.parametrize("days", [6, 45, 64, 90, 1 / 1440])
def test_renew_at_is_before_warning_despite_late_window(days: float) -> None:
    found = certificate(days)
    moment = due.renew_at(found, window(days * 2, days * 3))
    assert due.renew_at(found, None) < moment
    assert not due.is_expiring(found, moment)


@pytest.mark.parametrize(("days", "left"), [(6, 1.2), (45, 10), (64, 12.8), (90, 18), (365, 30), (3650, 30)])
def test_is_expiring_at_fifth_of_lifetime_at_most_30_days(days: float, left: float) -> None:
    assert warning_left(days) == pytest.approx(left, abs=1 / 24)


@pytest.mark.parametrize(
    "days", [1 / 1440, 1, 6, 9, 10, 11, 20, 29, 30, 31, 39, 40, 41, 45, 47, 64, 90, 100, 200, 398]
)
def test_is_expiring_only_after_overdue_renewal(days: float) -> None:
    found = certificate(days)
    assert not due.is_expiring(found, START)
    overdue = found.not_after - due._warning_seconds(found) - due.renew_at(found, None)
    assert overdue >= found.lifetime / 13


def test_is_expiring_after_expiry() -> None:
    assert due.is_expiring(certificate(90), START + 91 * DAY)


def test_assess_separates_missing_broken_and_expired() -> None:
    found = certificate(90)
    assert state(None, 1) is CertificateState.MISSING
    assert state(replace(found, problem="its private key is missing."), 1) is CertificateState.BROKEN
    assert (
        state(InstalledCertificate(Path("shop.pem"), problem="it is no certificate."), 1) is CertificateState.BROKEN
    )
    assert state(found, 89.9) is CertificateState.DUE
    assert state(found, 90) is CertificateState.EXPIRED
    assert state(found, 1) is CertificateState.VALID
    assert due.assess(WANTED, replace(found, problem="it is none."), None, 0).why == (
        "the certificate cannot be used: it is none"
    )


def test_assess_additional_host_name() -> None:
    found = certificate(90)
    more = replace(WANTED, host_names=(*NAMES, "new.example.com"))
    assessment = due.assess(more, found, None, START + DAY)
    assert (assessment.state, assessment.why) == (
        CertificateState.MISSING_NAMES,
        "the certificate lacks new.example.com",
    )
    assert state(found, 1, wanted=replace(WANTED, host_names=NAMES[:1])) is CertificateState.VALID
    assert state(found, 1, wanted=replace(WANTED, host_names=NAMES[::-1])) is CertificateState.VALID


def test_assess_wildcard_covers_one_label() -> None:
    found = replace(certificate(90), host_names=("*.internal.test",))
    assert state(found, 1, wanted=replace(WANTED, host_names=("a.internal.test",))) is CertificateState.VALID
    for name in ("internal.test", "a.b.internal.test"):
        assert state(found, 1, wanted=replace(WANTED, host_names=(name,))) is CertificateState.MISSING_NAMES


def test_assess_other_issuer() -> None:
    private = replace(WANTED, issuer=Issuer.PRIVATE_CA)
    found = certificate(90)

    def judged(wanted: DesiredCertificate, root: str) -> CertificateState:
        return due.assess(wanted, found, None, START + DAY, root=root).state

    assert judged(private, "root") is CertificateState.VALID
    assert judged(private, "") is CertificateState.VALID
    assert judged(private, "roo") is CertificateState.OTHER_ISSUER
    assert judged(private, "newroot") is CertificateState.OTHER_ISSUER
    assert judged(WANTED, "root") is CertificateState.OTHER_ISSUER
    assert judged(WANTED, "newroot") is CertificateState.VALID


def test_assess_with_clock_behind() -> None:
    found = certificate(90)
    for day in (-0.1, -30, -4000):
        assessment = due.assess(WANTED, found, None, START + day * DAY)
        assert assessment.state is CertificateState.VALID
        assert "the clock of this host may be behind" in assessment.why
        assert assessment.renew_at == due.renew_at(found, None)
    # Not even after the authority's window.
    assert state(found, -0.1, window(-3, -2)) is CertificateState.VALID


def test_assess_with_clock_30_days_ahead() -> None:
    assert state(certificate(90), 30.5) is CertificateState.VALID
