"""Read certificates: those in a proxy's folder, and one from a handshake."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.certificates.model import InstalledCertificate

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

KEY_SUFFIX = ".key"
# HAProxy 3.0, configuration manual, 5.1 "crt": files of a directory that it does not load, in addition to dot files.
IGNORED = (KEY_SUFFIX, ".issuer", ".ocsp", ".sctl")
PRIVATE_KEY_MARK = b"PRIVATE KEY-----"
CERTIFICATE_MARK = b"-----BEGIN CERTIFICATE-----"


def scan(directory: Path) -> tuple[InstalledCertificate, ...]:
    """Return the certificates that HAProxy would load from a folder, by file name. Empty if it is missing.

    HAProxy loads every file, whatever its extension; another kind of file is reported as a problem.
    """
    try:
        # HAProxy refuses a dangling link like an invalid file, so it is reported.
        names = sorted(each.name for each in directory.iterdir() if each.is_file() or not each.exists())
    except OSError:
        return ()
    return tuple(load(directory / name) for name in names if not name.startswith(".") and not name.endswith(IGNORED))


def load(file: Path) -> InstalledCertificate:
    """Read a certificate with its key: from the same file, else from the file with `.key` added.

    HAProxy reads the same files (`ssl-load-extra-files`). Raises nothing; see `InstalledCertificate.problem`.
    """
    try:
        pem = file.read_bytes()
    except OSError as error:
        return InstalledCertificate(file, problem=f"the file cannot be read: {error.strerror}.")
    found = parse(pem, file)
    return found if found.problem else _with_key(found, pem)


def pair(certificate: bytes, key: bytes, file: Path) -> InstalledCertificate:
    """Parse a certificate and its key that are not on the disk yet; `file` is where the certificate will be."""
    found = parse(certificate, file)
    return found if found.problem else _with_key(found, certificate.rstrip() + b"\n" + key)


def _with_key(found: InstalledCertificate, pem: bytes) -> InstalledCertificate:
    """Return the certificate, with a problem if its key is missing or does not match."""
    beside = found.file.with_name(found.file.name + KEY_SUFFIX)
    try:
        key_pem = pem if PRIVATE_KEY_MARK in pem else beside.read_bytes()
    except FileNotFoundError:
        return _broken(found, f"its private key is missing; put it next to the certificate as {beside.name}.")
    except OSError as error:
        return _broken(found, f"its private key {beside.name} cannot be read: {error.strerror}.")
    key = _private_key(key_pem)
    if key is None:
        return _broken(found, "its private key cannot be used; it must be PEM, whole, and without a password.")
    if key.public_key() != _certificates(pem)[0].public_key():
        return _broken(found, "its private key belongs to another certificate; put the matching key next to it.")
    return found


def parse(pem: bytes, file: Path) -> InstalledCertificate:
    """Parse a certificate, the first of a chain. `file` is where it is, or will be."""
    try:
        leaf, *_ = _certificates(pem)
        return _describe(leaf, file)
    # The library's errors have several types, and some are no ValueError.
    except Exception:
        return InstalledCertificate(file, problem="it is not a readable PEM certificate; replace or remove it.")


def serial_of(der: bytes) -> int:
    """Return the serial number of a certificate from a TLS handshake, in DER. Raises ValueError if invalid."""
    from cryptography import x509

    return x509.load_der_x509_certificate(der).serial_number


def _certificates(pem: bytes) -> list[x509.Certificate]:
    from cryptography import x509

    chain = x509.load_pem_x509_certificates(pem)
    # The library ignores a block without an end; HAProxy does not.
    if len(chain) != pem.count(CERTIFICATE_MARK):
        raise ValueError("a certificate of the chain is incomplete")
    return chain


def _private_key(pem: bytes) -> PrivateKeyTypes | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(pem[_key_start(pem) :], None)
    # TypeError: it has a password.
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _key_start(pem: bytes) -> int:
    """Return the start of the private key's block: the library reads the first block only."""
    return max(pem.rfind(b"-----BEGIN", 0, pem.find(PRIVATE_KEY_MARK)), 0)


def _describe(leaf: x509.Certificate, file: Path) -> InstalledCertificate:
    from cryptography.hazmat.primitives.serialization import Encoding

    return InstalledCertificate(
        file,
        host_names=_host_names(leaf),
        serial=leaf.serial_number,
        fingerprint=hashlib.sha256(leaf.public_bytes(Encoding.DER)).hexdigest(),
        not_before=leaf.not_valid_before_utc.timestamp(),
        not_after=leaf.not_valid_after_utc.timestamp(),
        issuer=_issuer(leaf),
        ari_id=_ari_id(leaf),
    )


def _host_names(leaf: x509.Certificate) -> tuple[str, ...]:
    """Return the names in the subjectAltName; clients ignore the subject (RFC 9525, section 2)."""
    from cryptography import x509

    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(dict.fromkeys(name.lower() for name in names.get_values_for_type(x509.DNSName)))


def _issuer(leaf: x509.Certificate) -> str:
    """Return the readable name of its issuer: `Let's Encrypt R11`."""
    from cryptography.x509.oid import NameOID

    parts = [
        str(each.value)
        for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
        for each in leaf.issuer.get_attributes_for_oid(oid)[:1]
    ]
    return " ".join(parts) or leaf.issuer.rfc4514_string()


def _ari_id(leaf: x509.Certificate) -> str:
    """Return the ARI identifier: the issuer's key identifier and the serial number in DER (RFC 9773, section 4.1)."""
    from cryptography import x509

    try:
        key_id = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return ""
    # DER (X.690 section 8.3): as few bytes as can be, with room for the sign bit.
    serial = leaf.serial_number.to_bytes(leaf.serial_number.bit_length() // 8 + 1, "big", signed=True)
    return f"{_base64url(key_id)}.{_base64url(serial)}" if key_id else ""


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _broken(found: InstalledCertificate, problem: str) -> InstalledCertificate:
    return replace(found, problem=problem)
