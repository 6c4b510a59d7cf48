"""The placeholder certificate: HAProxy does not start with an empty folder, so it has this one at first."""

from __future__ import annotations

import datetime
from pathlib import Path

from runtime.base import files
from runtime.certificates.model import PLACEHOLDER
from runtime.certificates.store import keys, read
from runtime.certificates.store.keys import KeyPair

# Longer than the life of a host. No client accepts it, so an earlier expiry has no benefit.
VALIDITY = datetime.timedelta(days=50 * 365)
# The clock of a host may be behind right after boot.
BACKDATE = datetime.timedelta(days=1)
FILE = f"{PLACEHOLDER}.pem"
KEY_FILE = f"{FILE}.key"
CERTIFICATE_MODE, KEY_MODE = 0o644, 0o640


def placeholder(now: datetime.datetime) -> KeyPair:
    """Return a self-signed ECDSA P-256 certificate for `invalid`, with a new key. `now` has a time zone."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    key = keys.fresh()
    name = keys.name(PLACEHOLDER)
    certificate = (
        keys.builder(name, name, key)
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(PLACEHOLDER)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return keys.pair(certificate, key)


def ensure(directory: Path, group: int, now: float) -> bool:
    """Write the placeholder if a folder has no certificate that HAProxy can start with.

    An invalid or expired placeholder is replaced, also next to real ones: HAProxy refuses an invalid file.
    `group` is the group id that may read the key, `now` in seconds since the epoch. Returns whether it wrote. Raises
    ShoestringError if the folder is missing or cannot be written.
    """
    found = read.scan(directory)
    spoilt = any(each.name == PLACEHOLDER and (each.problem or each.not_after <= now) for each in found)
    if not spoilt and any(not each.problem for each in found):
        return False
    pair = placeholder(datetime.datetime.fromtimestamp(now, datetime.UTC))
    # The key first: a certificate without its key would stop HAProxy.
    files.write(directory / KEY_FILE, pair.key, KEY_MODE, group)
    files.write(directory / FILE, pair.certificate, CERTIFICATE_MODE, group)
    return True


def remove(directory: Path) -> bool:
    """Remove the placeholder from a folder that has a real certificate. Returns whether there was one."""
    # The certificate first, for the same reason; HAProxy ignores a key alone.
    certificate = files.remove(directory / FILE)
    return files.remove(directory / KEY_FILE) or certificate
