"""Certificates of authorities that exist in tests only."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runtime.certificates.store import keys
from runtime.certificates.store.keys import KeyPair

START = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


def leaf(
    host_names: Iterable[str] = ("shop.example.com",),
    *,
    days: float = 90,
    serial: int = 1,
    key_id: bytes = b"",
    issuer: Iterable[tuple[x509.ObjectIdentifier, str]] = ((NameOID.COMMON_NAME, "Test CA"),),
) -> KeyPair:
    """Return a certificate with its key, signed by an authority that is forgotten at once."""
    key, authority = keys.fresh(), ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([x509.NameAttribute(oid, value) for oid, value in issuer]))
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(START)
        .not_valid_after(START + days * DAY)
    )
    names = [x509.DNSName(each) for each in host_names]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
    if key_id:
        builder = builder.add_extension(x509.AuthorityKeyIdentifier(key_id, None, None), critical=False)
    return keys.pair(builder.sign(authority, hashes.SHA256()), key)
