"""When an authority allows another request."""

from __future__ import annotations

import pytest

from runtime.certificates.acme.outcome import LONGEST_ERROR, LONGEST_WAIT_SECONDS, retry_after, short

NOW = 1_800_000_000.0  # 2027-01-15 08:00:00 UTC


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("", 0),
        ("Retry-After: 120\n", 120),
        ("HTTP 429\nretry-after:  60 \nX: y\n", 60),
        ("Retry-After: 5\n...\nRetry-After: 90\n", 90),
        ("Retry-After: Fri, 15 Jan 2027 08:01:40 GMT\n", 100),
        ("Retry-After: soon\n", 0),
        ("Retry-After: 99999999\n", LONGEST_WAIT_SECONDS),
        ("too many certificates, retry after 2027-01-15 09:00:00 UTC: see", 3600),
        ("retry after 2027-01-15T09:00:00Z: see", 3600),
        ("retry after 2026-01-15 09:00:00 UTC: see", 0),
    ],
)
def test_retry_after_of_header_or_message(text: str, wait: float) -> None:
    assert retry_after(text, NOW) == (NOW + wait if wait else 0)


def test_short_is_one_line_of_limited_length() -> None:
    assert short("a\n  b\tc") == "a b c"
    assert len(short("x" * 1000)) == LONGEST_ERROR + 1
