"""What an attempt came to; and what all ACME clients print alike, because the authority says it."""

from __future__ import annotations

import email.utils
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from runtime.certificates.policy.ledger import DAY, AttemptResult

# RFC 8555, section 6.7: error types that say that a name cannot be proven, or not by us. Another is the authority's.
REFUSALS = frozenset(
    {
        *("caa", "connection", "dns", "incorrectResponse", "rejectedIdentifier", "tls", "unauthorized"),
        *("unsupportedIdentifier", "malformed", "badCSR"),
    }
)
RATE_LIMITED = "rateLimited"
URN = re.compile(r"urn:ietf:params:acme:error:(\w+)")
# Let's Encrypt puts it into the sentence; RFC 8555, section 6.6 into the header.
_SENTENCE = re.compile(r"retry after (\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(?: ?UTC|Z)", re.IGNORECASE)
_HEADER = re.compile(r"^Retry-After: *(\S.*?)\s*$", re.IGNORECASE | re.MULTILINE)
# Longer than any limit of an authority; a wrong header must not stop renewals for good.
LONGEST_WAIT_SECONDS = 7 * DAY
LONGEST_ERROR = 400


@dataclass(frozen=True)
class AcmeOutcome:
    """How an attempt ended. `error` is a part of a sentence, the authority's own words where it said any.

    `failed_names` are those that could not be proven; empty where it is not known which. `not_before` is when the
    authority lets us ask again, in seconds since the epoch; 0 if it did not say.
    """

    result: AttemptResult
    error: str = ""
    failed_names: tuple[str, ...] = ()
    not_before: float = 0.0


def retry_after(text: str, now: float) -> float:
    """When the authority lets us ask again, from what a client printed; 0 if it does not say."""
    moments = []
    if found := _SENTENCE.search(text):
        moments.append(datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp())
    if headers := _HEADER.findall(text):
        moments.append(header_moment(headers[-1], now))
    latest = max(moments, default=0.0)
    return min(latest, now + LONGEST_WAIT_SECONDS) if latest > now else 0.0


def header_moment(value: str, now: float) -> float:
    """What a Retry-After header means (RFC 9110, section 10.2.3); 0 if it means nothing."""
    if value.isdecimal():
        return now + float(value)
    try:
        return email.utils.parsedate_to_datetime(value).timestamp()
    except ValueError:
        return 0.0


def short(text: str) -> str:
    """One line of a readable length."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_ERROR else f"{line[:LONGEST_ERROR]}…"
