"""The HTTPS side of a test CA: a certificate for the address at which containers reach this host."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from docker import DockerClient

LIFETIME = datetime.timedelta(days=365)


@dataclass(frozen=True)
class Front:
    """The files of an HTTPS server: who signed it (what clients are told to trust), its certificate, its key."""

    ca_file: Path
    certificate: Path
    key: Path

    def client(self) -> ssl.SSLContext:
        """A TLS client that trusts this server."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def server(self) -> ssl.SSLContext:
        """The TLS server itself."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def gateway(client: DockerClient) -> str:
    """The address of this host on Docker's default bridge: containers there reach it, and so does this host."""
    network = client.api.inspect_network("bridge")
    return str(network["IPAM"]["Config"][0]["Gateway"])


def make_front(folder: Path, address: str) -> Front:
    """Make a CA and a certificate for an address of this host, in a folder of their own."""
    folder.mkdir(parents=True)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test front CA")])
    ca = _certificate(ca_name, ca_name, ca_key, ca_key, x509.BasicConstraints(ca=True, path_length=0))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    addresses = x509.SubjectAlternativeName(
        [x509.IPAddress(ipaddress.ip_address(address)), x509.DNSName("localhost")]
    )
    leaf = _certificate(name, ca_name, key, ca_key, addresses)
    front = Front(folder / "ca.pem", folder / "certificate.pem", folder / "key.pem")
    front.ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    front.certificate.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    front.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    return front


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    # An hour back and a year ahead: a test may run its clients with another clock.
    now = datetime.datetime.now(datetime.UTC)
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer_id, critical=False)
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        .sign(issuer_key, hashes.SHA256())
    )
