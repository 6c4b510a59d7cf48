"""ACME Renewal Information (RFC 9773): the window in which an authority suggests to renew a certificate."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from datetime import datetime
from typing import Any

from runtime.base.errors import ShoestringError
from runtime.certificates.acme.outcome import header_moment, short
from runtime.certificates.model import InstalledCertificate, RenewalWindow
from runtime.config.sections import AcmeSettings

TIMEOUT_SECONDS = 10.0
LONGEST_ANSWER = 64 * 1024
# RFC 9773, section 4.3.2: six hours are recommended; the authority's value is kept within sensible limits (4.3.1).
CHECK_AGAIN_SECONDS = 6 * 3600.0
SOONEST_SECONDS, LATEST_SECONDS = 60.0, 24 * 3600.0


def window(acme: AcmeSettings, found: InstalledCertificate, now: float) -> RenewalWindow | None:
    """Request the window of a certificate; None if the authority offers none. `now` is in seconds since the epoch.

    Raises ShoestringError if the authority does not answer as RFC 9773 requires: then the lifetime decides.
    """
    if not found.ari_id:
        return None
    try:
        directory, _ = _get(acme.directory, acme.ca_file)
        base = directory.get("renewalInfo") if isinstance(directory, dict) else None
        if not isinstance(base, str) or not base.startswith("https://"):
            return None
        answer, retry_after = _get(f"{base.rstrip('/')}/{found.ari_id}", acme.ca_file)
        return parse(found.ari_id, answer, retry_after, now)
    except (OSError, ValueError, KeyError, TypeError) as error:
        # URLError and its kin are OSErrors; a broken answer is one of the others.
        raise ShoestringError(
            f"{acme.directory} did not answer when to renew {found.name} ({short(str(error))}); its lifetime decides."
        ) from error


def parse(ari_id: str, answer: Any, retry_after: str, now: float) -> RenewalWindow:
    """Parse the authority's answer (section 4.2) and its header. Raises ValueError, KeyError, TypeError."""
    suggested = answer["suggestedWindow"]
    start, end = (datetime.fromisoformat(suggested[key]).timestamp() for key in ("start", "end"))
    if end <= start:
        raise ValueError("the window ends before it begins")
    wait = header_moment(retry_after, now) - now if retry_after else CHECK_AGAIN_SECONDS
    wait = min(max(wait, SOONEST_SECONDS), LATEST_SECONDS)
    return RenewalWindow(ari_id, start, end, now + wait, str(answer.get("explanationURL", "")))


def _get(url: str, ca_file: str) -> tuple[Any, str]:
    """Return the JSON at an address, and its Retry-After header."""
    context = ssl.create_default_context(cafile=ca_file or None)
    request = urllib.request.Request(url, headers={"User-Agent": "shoestring"})  # noqa: S310 - settings allow https only
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=context) as response:  # noqa: S310
        body = response.read(LONGEST_ANSWER + 1)
        if len(body) > LONGEST_ANSWER:
            raise ValueError("the answer is too long")
        return json.loads(body), response.headers.get("Retry-After", "")
