"""New private keys, certificates for them, and both as PEM."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey


@dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


def fresh() -> EllipticCurvePrivateKey:
    """Return a new ECDSA P-256 key: fast, and supported by every client of the last ten years."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def name(common_name: str) -> x509.Name:
    """Return a subject or issuer with a common name of at most 64 characters (RFC 5280, appendix A.1)."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def builder(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    """Return a builder of a certificate for a key, with a random serial number."""
    from cryptography import x509

    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Return the usage of a key: certificates and revocation lists of an authority, or handshakes of a server."""
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def pair(certificate: x509.Certificate, key: EllipticCurvePrivateKey) -> KeyPair:
    """Return both as PEM, the key as PKCS #8 without a password."""
    from cryptography.hazmat.primitives import serialization as to

    return KeyPair(
        certificate.public_bytes(to.Encoding.PEM),
        key.private_bytes(to.Encoding.PEM, to.PrivateFormat.PKCS8, to.NoEncryption()),
    )
