"""Renewal information as answered by an authority."""

from __future__ import annotations

import pytest

from runtime.certificates.acme import ari
from runtime.certificates.model import RenewalWindow

NOW = 1_800_000_000.0
# RFC 9773, section 4.2.
ANSWER = {
    "suggestedWindow": {"start": "2025-01-02T04:00:00Z", "end": "2025-01-03T04:00:00Z"},
    "explanationURL": "https://acme.example.com/docs/ari",
}


def test_parse_rfc_example() -> None:
    expected = RenewalWindow("id", 1735790400.0, 1735876800.0, NOW + 21_600, "https://acme.example.com/docs/ari")
    assert ari.parse("id", ANSWER, "21600", NOW) == expected


@pytest.mark.parametrize(("header", "wait"), [("", 21_600), ("1", 60), ("0", 60), ("99999999", 86_400), ("soon", 60)])
def test_parse_next_check_is_within_a_minute_and_a_day(header: str, wait: float) -> None:
    assert ari.parse("id", ANSWER, header, NOW).check_again == NOW + wait


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"suggestedWindow": {}},
        {"suggestedWindow": {"start": 1, "end": 2}},
        {"suggestedWindow": {"start": "2025-01-02T04:00:00Z", "end": "2025-01-02T04:00:00Z"}},
    ],
)
def test_parse_refuses_invalid_answer(answer: object) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        ari.parse("id", answer, "", NOW)
