"""The HTTPS side of a test CA: a certificate for the address at which containers reach this host."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from runtime.certificates.store import keys
from runtime.certificates.store.keys import KeyPair

LIFETIME = datetime.timedelta(days=365)


@dataclass(frozen=True)
class Front:
    """The files of an HTTPS server: who signed it (the CA that clients trust), its certificate, its key."""

    ca_file: Path
    certificate: Path
    key: Path

    def client(self) -> ssl.SSLContext:
        """Return a TLS client that trusts this server, as strict as Python 3.13 is by default (RFC 5280)."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    def server(self) -> ssl.SSLContext:
        """Return the TLS server itself."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def make_front(folder: Path, address: str) -> Front:
    """Make a CA and a certificate for an address of this host, in a folder of their own."""
    folder.mkdir(parents=True)
    ca_key, key = keys.fresh(), keys.fresh()
    ca_name = keys.name("Test front CA")
    ca = _sign(keys.builder(ca_name, ca_name, ca_key), ca_key, ca_key, x509.BasicConstraints(ca=True, path_length=0))
    addresses = [x509.IPAddress(ipaddress.ip_address(address)), x509.DNSName("localhost")]
    leaf = _sign(
        keys.builder(keys.name(address), ca_name, key).add_extension(
            x509.SubjectAlternativeName(addresses), critical=False
        ),
        key,
        ca_key,
        x509.BasicConstraints(ca=False, path_length=None),
    )
    front = Front(folder / "ca.pem", folder / "certificate.pem", folder / "key.pem")
    front.ca_file.write_bytes(ca.certificate)
    front.certificate.write_bytes(leaf.certificate)
    front.key.write_bytes(leaf.key)
    return front


def _sign(
    builder: x509.CertificateBuilder,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    constraints: x509.BasicConstraints,
) -> KeyPair:
    """Add what RFC 5280 (4.2.1.1, 4.2.1.3, 4.2.1.9) wants of every certificate, and sign."""
    # An hour back and a year ahead: a test may run its clients with another clock.
    now = datetime.datetime.now(datetime.UTC)
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    certificate = (
        builder.not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(issuer_id, critical=False)
        .add_extension(constraints, critical=True)
        .add_extension(keys.usage(signs_certificates=constraints.ca), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
    return keys.pair(certificate, key)
