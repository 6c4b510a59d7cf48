"""The placeholder certificate."""

from __future__ import annotations

import datetime
import os
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from runtime.base import files
from runtime.base.errors import ShoestringError
from runtime.certificates.store import placeholder, read

NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
SECONDS = NOW.timestamp()
GROUP = os.getgid()


def ensure(directory: Path, now: float = SECONDS) -> bool:
    return placeholder.ensure(directory, GROUP, now)


def usable(directory: Path) -> list[str]:
    return [each.name for each in read.scan(directory) if not each.problem]


def test_placeholder_is_fresh_p256_certificate_for_invalid() -> None:
    pair = placeholder.placeholder(NOW)
    certificate = x509.load_pem_x509_certificate(pair.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["invalid"]
    key = load_pem_private_key(pair.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert certificate.public_key() == key.public_key()
    certificate.verify_directly_issued_by(certificate)
    assert placeholder.placeholder(NOW).key != pair.key


def test_placeholder_validity() -> None:
    certificate = x509.load_pem_x509_certificate(placeholder.placeholder(NOW).certificate)
    assert certificate.not_valid_before_utc <= NOW - datetime.timedelta(hours=23)
    assert certificate.not_valid_after_utc >= NOW + datetime.timedelta(days=30 * 365)


def test_placeholder_key_is_separate_and_not_in_repr() -> None:
    pair = placeholder.placeholder(NOW)
    assert b"PRIVATE" not in pair.certificate
    assert b"CERTIFICATE" not in pair.key
    assert "PRIVATE" not in repr(pair)


def test_ensure_writes_once_into_empty_folder(tmp_path: Path) -> None:
    assert ensure(tmp_path)
    assert usable(tmp_path) == ["invalid"]
    assert stat.S_IMODE((tmp_path / "invalid.pem.key").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "invalid.pem").stat().st_mode) == 0o644
    before = (tmp_path / "invalid.pem").read_bytes()
    assert not ensure(tmp_path)
    assert (tmp_path / "invalid.pem").read_bytes() == before


@pytest.mark.parametrize("what", ["truncated", "not PEM", "without a key", "another's key", "expired", "key alone"])
def test_ensure_replaces_broken_placeholder(tmp_path: Path, what: str) -> None:
    ensure(tmp_path)
    certificate, key = tmp_path / "invalid.pem", tmp_path / "invalid.pem.key"
    match what:
        case "truncated":
            certificate.write_bytes(certificate.read_bytes()[:200])
        case "not PEM":
            certificate.write_bytes(b"\0\xff")
        case "without a key":
            key.unlink()
        case "another's key":
            key.write_bytes(placeholder.placeholder(NOW).key)
        case "key alone":
            certificate.unlink()
    later = SECONDS + placeholder.VALIDITY.total_seconds() + 1 if what == "expired" else SECONDS
    assert ensure(tmp_path, later)
    assert usable(tmp_path) == ["invalid"]
    assert not ensure(tmp_path, later)


def test_ensure_needs_usable_certificate(tmp_path: Path) -> None:
    pair = placeholder.placeholder(NOW)
    files.write(tmp_path / "shop.pem", pair.certificate)
    assert ensure(tmp_path)
    files.write(tmp_path / "shop.pem.key", pair.key)
    assert placeholder.remove(tmp_path)
    assert not ensure(tmp_path)
    assert usable(tmp_path) == ["shop"]


def test_ensure_replaces_broken_placeholder_beside_certificate(tmp_path: Path) -> None:
    pair = placeholder.placeholder(NOW)
    files.write(tmp_path / "shop.pem", pair.certificate + pair.key)
    files.write(tmp_path / "invalid.pem", b"")
    assert ensure(tmp_path)
    assert usable(tmp_path) == ["invalid", "shop"]


def test_remove_only_placeholder(tmp_path: Path) -> None:
    ensure(tmp_path)
    files.write(tmp_path / "shop.pem", b"")
    assert placeholder.remove(tmp_path)
    assert not placeholder.remove(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["shop.pem"]


def test_ensure_in_missing_folder_raises(tmp_path: Path) -> None:
    with pytest.raises(ShoestringError, match="Cannot write .*invalid.pem.key"):
        ensure(tmp_path / "missing")
