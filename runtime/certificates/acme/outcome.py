"""The outcome of an attempt, and the parts of the authority's answer that all ACME clients print."""

from __future__ import annotations

import email.utils
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from runtime.certificates.policy.ledger import DAY, AttemptResult

# RFC 8555, section 6.7: error types about names that cannot be validated. Other types are faults of the authority.
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
    """The outcome of an attempt. `error` is a clause, with the authority's words if it gave any.

    `failed_names` could not be validated; empty if that is not known. `not_before` is when the authority allows the
    next request, in seconds since the epoch; 0 if it set no time.
    """

    result: AttemptResult
    error: str = ""
    failed_names: tuple[str, ...] = ()
    not_before: float = 0.0


def retry_after(text: str, now: float) -> float:
    """Return when the authority allows the next request, from a client's output; 0 if it sets no time."""
    moments = []
    if found := _SENTENCE.search(text):
        moments.append(datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp())
    if headers := _HEADER.findall(text):
        moments.append(header_moment(headers[-1], now))
    latest = max(moments, default=0.0)
    return min(latest, now + LONGEST_WAIT_SECONDS) if latest > now else 0.0


def header_moment(value: str, now: float) -> float:
    """Return the moment of a Retry-After header (RFC 9110, section 10.2.3); 0 if it is invalid."""
    if value.isdecimal():
        return now + float(value)
    try:
        return email.utils.parsedate_to_datetime(value).timestamp()
    except ValueError:
        return 0.0


def short(text: str) -> str:
    """Return a text as one line of limited length."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_ERROR else f"{line[:LONGEST_ERROR]}…"
