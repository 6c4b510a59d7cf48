"""The status of certificates, as text and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from installer.certificates.json_results import CertificatesJson
from installer.certificates.report import row, status_lines
from installer.cli import tables
from runtime.base.paths import Side
from runtime.certificates.overview import CertificateOverview, CertificateStatus
from runtime.context.results import Blocked, Code, Remark
from runtime.output.encoder import result_json

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
DAY = 86_400.0
GOOD = CertificateStatus(
    "blog",
    Side.PUBLIC,
    ("blog.example.com", "www.example.com"),
    "Let's Encrypt R11",
    "valid",
    not_after=NOW + 89.5 * DAY,
    renew_at=NOW + 59.5 * DAY,
)
BLOCKED = CertificateStatus(
    "shop",
    Side.PUBLIC,
    ("shop.example.com",),
    "http-01",
    "missing",
    blocked="shop.example.com points to 198.51.100.9, this host is 203.0.113.7",
)
USER_PROVIDED = CertificateStatus(
    "bought", Side.INTERNAL, ("a.example",), "Some CA", "user-provided", NOW + 3 * 3600, expiring=True, managed=False
)
PRIVATE_CA = replace(
    GOOD,
    name="internal",
    side=Side.INTERNAL,
    host_names=("internal.example.com",),
    issuer="Shoestring CA for internal.example.com (made 2026-11-22)",
    by_private_ca=True,
)
PLACEHOLDER = CertificateStatus("invalid", Side.PUBLIC, ("invalid",), "invalid", "placeholder", NOW + 18_000 * DAY)
NOTE = Remark(Code.CERTIFICATE_IMPOSSIBLE, "shop", "shop: no authority signs it", "give it another host name")
PROBLEM = Blocked(Code.CERTIFICATE_UNUSABLE, "x", "x.pem: no key")


@pytest.mark.parametrize(
    ("status", "cells"),
    [
        (GOOD, "blog|public|valid|blog.example.com +1|2027-02-20 (89 days)|in 59 days|Let's Encrypt R11"),
        (BLOCKED, "shop|public|missing|shop.example.com|-|deferred|ACME"),
        (USER_PROVIDED, "bought|internal|expiring|a.example|2026-11-22 (3 hours)|by you|Some CA"),
        (PLACEHOLDER, "invalid|public|placeholder|invalid|-|-|-"),
        (PRIVATE_CA, "internal|internal|valid|internal.example.com|2027-02-20 (89 days)|in 59 days|private CA"),
    ],
)
def test_row_of_certificate(status: CertificateStatus, cells: str) -> None:
    assert "|".join(row(status, NOW)) == cells


def test_row_of_expired_certificate() -> None:
    ended = CertificateStatus("a", Side.PUBLIC, (), "x", "expired", NOW - 1, NOW - 30 * DAY, expiring=True)
    assert row(ended, NOW)[2:] == ("expired", "-", "2026-11-22 (expired)", "now", "x")


def test_status_lines_with_blocked_certificate() -> None:
    lines = status_lines(CertificateOverview((BLOCKED, GOOD), (NOTE,), (PROBLEM,)), NOW)
    assert lines[1] == "      shop.example.com points to 198.51.100.9, this host is 203.0.113.7"
    assert lines[2].startswith("blog  public  valid")
    assert lines[3:] == ["problem  x.pem: no key", "note  shop: no authority signs it; give it another host name"]
    assert status_lines(CertificateOverview((), (), ()), NOW) == [
        "No certificates yet: no application has a host name."
    ]


def test_print_certificates_to_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("installer.output.is_terminal", lambda: True)
    tables.print_certificates(CertificateOverview((GOOD, BLOCKED), (NOTE,), (PROBLEM,)), NOW)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("  ")[0].strip() == "NAME"
    assert "89 days" in lines[1]
    assert lines[3:] == [
        "  ✗ shop: shop.example.com points to 198.51.100.9, this host is 203.0.113.7",
        "  ✗ x.pem: no key",
        "  note  shop: no authority signs it; give it another host name",
    ]


def test_status_json_findings() -> None:
    answer = json.loads(result_json(CertificatesJson.of(CertificateOverview((GOOD,), (NOTE,), (PROBLEM,)))))
    assert (answer["notes"], answer["problems"]) == (
        [
            {
                "code": "certificate-impossible",
                "subject": "shop",
                "message": "shop: no authority signs it",
                "advice": "give it another host name",
            }
        ],
        [{"code": "certificate-unusable", "subject": "x", "message": "x.pem: no key", "advice": None}],
    )


def test_status_json_has_all_fields() -> None:
    answer = json.loads(result_json(CertificatesJson.of(CertificateOverview((GOOD, USER_PROVIDED), (), ()))))
    assert answer["version"] == 2
    assert answer["ok"] is False
    assert answer["certificates"][0] == {
        "name": "blog",
        "side": "public",
        "state": "valid",
        "host_names": ["blog.example.com", "www.example.com"],
        "issuer": "Let's Encrypt R11",
        "not_after": "2027-02-20T00:00:00Z",
        "renew_at": "2027-01-21T00:00:00Z",
        "expiring": False,
        "managed": True,
        "blocked": None,
    }
    assert answer["certificates"][1]["managed"] is False


@pytest.mark.parametrize(
    ("overview", "fine"),
    [
        (CertificateOverview((GOOD, PLACEHOLDER), (NOTE,), ()), True),
        (CertificateOverview((BLOCKED,), (), ()), False),
        (CertificateOverview((USER_PROVIDED,), (), ()), False),
        (CertificateOverview((GOOD,), (), (PROBLEM,)), False),
    ],
)
def test_status_json_ok(overview: CertificateOverview, fine: bool) -> None:
    assert CertificatesJson.of(overview).ok is fine
