"""Screens of `shoestring ssl`."""

from __future__ import annotations

from dataclasses import replace

from installer.certificates.report import status_lines
from installer.certificates.trust import RootTrust, lines
from installer.cli import tables
from runtime.base.paths import Side
from runtime.certificates.overview import CertificateOverview, CertificateStatus, expiry_sentence
from runtime.context.results import Blocked, Code, Remark
from tests.support.builders.runtime import PATHS
from tests.support.screens.screen import DAY, NOW, Screens, moment, printed, sections, text

_CA = "Shoestring CA for internal.example.com (made 2026-01-02)"
_GOOD = CertificateStatus(
    name="blog",
    side=Side.PUBLIC,
    host_names=("blog.example.com", "www.example.com"),
    issuer="Let's Encrypt R11",
    state="valid",
    not_after=moment(-70.5 * DAY),
    renew_at=moment(-40.5 * DAY),
)
_BLOCKED = CertificateStatus(
    name="shop",
    side=Side.PUBLIC,
    host_names=("shop.example.com",),
    issuer="http-01",
    state="missing",
    blocked="shop.example.com points to 198.51.100.9, this host is 203.0.113.7; correct its DNS record",
)
_PROVIDED = CertificateStatus(
    name="bought",
    side=Side.INTERNAL,
    host_names=("a.example",),
    issuer="Some CA",
    state="user-provided",
    not_after=moment(-3.5 * DAY),
    expiring=True,
    managed=False,
)
_PRIVATE = replace(
    _GOOD, name="internal", side=Side.INTERNAL, host_names=("internal.example.com",), issuer=_CA, by_private_ca=True
)
_ROOT = replace(_PROVIDED, name="private-ca", host_names=("internal.example.com",), issuer=_CA, state="root")
_PLACEHOLDER = CertificateStatus("invalid", Side.PUBLIC, ("invalid",), "invalid", "placeholder", moment(-9000 * DAY))


def overview() -> CertificateOverview:
    """Return certificates of every kind, some of them with a problem."""
    return CertificateOverview(
        (_GOOD, _BLOCKED, _PRIVATE, _PROVIDED, replace(_GOOD, name="old", state="unused"), _PLACEHOLDER),
        (
            Remark(
                Code.CERTIFICATE_IMPOSSIBLE,
                "nas",
                "nas.lan: no public authority signs it, because .lan is no public domain.",
            ),
        ),
        (Blocked(Code.CERTIFICATE_UNUSABLE, "mine", "certificates/public/mine.pem has no private key."),),
    )


def _status() -> str:
    now = NOW.timestamp()
    nothing = CertificateOverview((), (), ())
    return sections(
        terminal=printed(lambda: tables.print_certificates(overview(), now)),
        pipe=status_lines(overview(), now),
        none_yet=printed(lambda: tables.print_certificates(nothing, now)),
        none_yet_in_a_pipe=status_lines(nothing, now),
        about_to_expire=[
            expiry_sentence(each, now)
            for each in (
                _PROVIDED,
                _ROOT,
                replace(_GOOD, not_after=moment(-0.5 * DAY)),
                replace(_GOOD, not_after=moment(DAY)),
            )
        ],
    )


def _ca() -> str:
    trust = RootTrust(
        root=PATHS.root / "conf/certificates/private-ca/root.crt",
        fingerprint="AB:CD:EF",
        domain="internal.example.com",
        host_names=("grafana.internal.example.com", "registry-docker.internal.example.com"),
        https_port=8444,
        option=" --data-directory /srv/test",
    )
    return text(lines(trust))


SCREENS: Screens = {"ssl-status": _status, "ssl-ca": _ca}
