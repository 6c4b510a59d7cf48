"""The placeholder certificate."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from installer import keys

NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)


def test_it_is_a_fresh_p256_certificate_for_a_name_that_never_exists() -> None:
    pair = keys.placeholder(NOW)
    certificate = x509.load_pem_x509_certificate(pair.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["invalid"]
    key = load_pem_private_key(pair.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert certificate.public_key() == key.public_key()
    certificate.verify_directly_issued_by(certificate)
    assert keys.placeholder(NOW).key != pair.key


def test_it_is_valid_on_a_host_whose_clock_is_behind_and_for_as_long_as_a_host_lives() -> None:
    certificate = x509.load_pem_x509_certificate(keys.placeholder(NOW).certificate)
    assert certificate.not_valid_before_utc <= NOW - datetime.timedelta(hours=23)
    assert certificate.not_valid_after_utc >= NOW + datetime.timedelta(days=30 * 365)


def test_certificate_and_key_are_apart() -> None:
    pair = keys.placeholder(NOW)
    assert b"PRIVATE" not in pair.certificate
    assert b"CERTIFICATE" not in pair.key
