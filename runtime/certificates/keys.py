"""Fresh private keys, and certificates with them, as they are written to files."""

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
    """A new ECDSA P-256 key: what every client of the last ten years understands, and the quickest."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def pair(certificate: x509.Certificate, key: EllipticCurvePrivateKey) -> KeyPair:
    """Both as PEM, the key as PKCS #8 without a password."""
    from cryptography.hazmat.primitives import serialization as to

    return KeyPair(
        certificate.public_bytes(to.Encoding.PEM),
        key.private_bytes(to.Encoding.PEM, to.PrivateFormat.PKCS8, to.NoEncryption()),
    )
