"""The private CA: a root of this host that can sign names of the internal domain only, and its certificates."""

from __future__ import annotations

import base64
import datetime
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.base import files
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths
from runtime.certificates.model import InstalledCertificate
from runtime.certificates.store import keys, read
from runtime.certificates.store.keys import KeyPair

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

ROOT, ROOT_KEY = "root.pem", "root.key"
ROOT_MODE, ROOT_KEY_MODE = 0o644, 0o600
ROOT_VALIDITY = datetime.timedelta(days=3652)
LEAF_VALIDITY = datetime.timedelta(days=90)
# Clocks of clients may be behind.
BACKDATE = datetime.timedelta(hours=1)
LEAF_SUBJECT = "Shoestring internal certificate"
# RFC 5280 appendix A.1, ub-common-name.
LONGEST_COMMON_NAME = 64
NEW_ROOT = "Create a new one with: shoestring ssl ca --new"
RESTORE = "Restore it, or create a new one with: shoestring ssl ca --new"


@dataclass(frozen=True)
class _Root:
    """The root certificate with its key. It is constrained to `domain`; `key_id` is its subject key identifier."""

    certificate: x509.Certificate
    key_id: bytes
    key: EllipticCurvePrivateKey
    domain: str


def ensure_root(directory: Path, domain: str, now: float) -> bool:
    """Create the root for a domain if there is none. Return whether it was created; `now` is in seconds.

    An existing root is never replaced: other computers trust it. See `root_problem`.
    """
    if (directory / ROOT).exists():
        return False
    new_root(directory, domain, now)
    return True


def new_root(directory: Path, domain: str, now: float) -> None:
    """Replace the root. No computer trusts the new one yet, and all certificates have to be issued again."""
    pair = _make_root(domain, _moment(now))
    files.make_directory(directory)
    # If killed in between, it leaves no root, and the next run creates one; never a root with another key.
    files.remove(directory / ROOT)
    files.write(directory / ROOT_KEY, pair.key, ROOT_KEY_MODE)
    files.write(directory / ROOT, pair.certificate, ROOT_MODE)


def root_problem(directory: Path, domain: str, now: float) -> str:
    """Return a sentence if the root cannot sign for a domain now; empty if it can, or does not exist yet."""
    if not (directory / ROOT).exists():
        return ""
    try:
        root = _load(directory)
    except ShoestringError as error:
        return str(error)
    file = directory / ROOT
    if root.domain != domain:
        return f"The private CA in {file} is for {root.domain}, and the internal domain is {domain}. {NEW_ROOT}"
    if root.certificate.not_valid_after_utc <= _moment(now):
        return f"The private CA in {file} expired on {root.certificate.not_valid_after_utc:%Y-%m-%d}. {NEW_ROOT}"
    return ""


def issue(directory: Path, host_names: Iterable[str], now: float) -> KeyPair:
    """Sign a certificate for 90 days, or until the root expires; `now` is in seconds since the epoch.

    Raises ShoestringError if a name is not within the root's domain, or if the root cannot be used.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    root = _load(directory)
    names = tuple(host_names)
    wrong = names_outside(names, root.domain)
    if wrong or not names:
        raise ShoestringError(
            f"The private CA signs names of {root.domain} only, not {', '.join(wrong) or 'nothing'}. Use host names "
            f"that end in .{root.domain}, or use a user-provided certificate."
        )
    if root_problem(directory, root.domain, now):
        raise ShoestringError(root_problem(directory, root.domain, now))
    start = max(_moment(now) - BACKDATE, root.certificate.not_valid_before_utc)
    key = keys.fresh()
    certificate = (
        keys.builder(keys.name(LEAF_SUBJECT), root.certificate.subject, key)
        .not_valid_before(start)
        .not_valid_after(min(start + BACKDATE + LEAF_VALIDITY, root.certificate.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(keys.usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier(root.key_id, None, None), critical=False)
        .sign(root.key, hashes.SHA256())
    )
    return keys.pair(certificate, key)


def original(paths: Paths, name: str) -> Path:
    """Return the file of a certificate that the root signed."""
    return paths.private_ca / "issued" / f"{name}.pem"


def names_outside(host_names: Iterable[str], domain: str) -> tuple[str, ...]:
    """Return the names that a root for a domain cannot sign: neither the domain nor below it."""
    return tuple(name for name in host_names if name != domain and not name.endswith(f".{domain}"))


def fingerprint(directory: Path) -> str:
    """Return the root's SHA-256 in the form that systems show: `AB:CD:…`. Raises ShoestringError without a root."""
    from cryptography.hazmat.primitives import hashes

    return _certificate(directory / ROOT).fingerprint(hashes.SHA256()).hex(":").upper()


def root_certificate(directory: Path) -> InstalledCertificate | None:
    """Return the root's certificate; None if it cannot be read."""
    try:
        found = read.parse((directory / ROOT).read_bytes(), directory / ROOT)
    except OSError:
        return None
    return None if found.problem else found


def key_id(directory: Path) -> str:
    """Return the root's key identifier, the prefix of its certificates' ARI identifiers; empty without a root."""
    try:
        identifier, _ = _marks(_certificate(directory / ROOT), directory / ROOT)
    except ShoestringError:
        return ""
    return base64.urlsafe_b64encode(identifier).decode().rstrip("=")


def _make_root(domain: str, now: datetime.datetime) -> KeyPair:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = keys.fresh()
    name = keys.name(_root_name(domain, now))
    everything = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
    # RFC 5280, section 4.2.1.10: only listed kinds of names are limited. IP addresses are, by excluding all; other
    # kinds do not matter, since the extended key usage allows server certificates only.
    limits = x509.NameConstraints([x509.DNSName(domain)], [x509.IPAddress(each) for each in everything])
    certificate = (
        keys.builder(name, name, key)
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + ROOT_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(keys.usage(signs_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(limits, critical=True)
        .sign(key, hashes.SHA256())
    )
    return keys.pair(certificate, key)


def _root_name(domain: str, now: datetime.datetime) -> str:
    """Return the name in lists of authorities, with the end of a long domain."""
    form = "Shoestring CA for {} (made " + f"{now:%Y-%m-%d})"
    room = LONGEST_COMMON_NAME - len(form.format(""))
    return form.format(domain if len(domain) <= room else "..." + domain[3 - room :])


def _load(directory: Path) -> _Root:
    """Read the root with its key. Raises ShoestringError with what to do."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    certificate, key_file = _certificate(directory / ROOT), directory / ROOT_KEY
    try:
        key = load_pem_private_key(key_file.read_bytes(), None)
    except OSError as error:
        raise ShoestringError(
            f"The private CA's key {key_file} cannot be read: {error.strerror}. {RESTORE}"
        ) from error
    except (ValueError, TypeError) as error:
        raise ShoestringError(f"The private CA's key {key_file} is damaged. {RESTORE}") from error
    if not isinstance(key, EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise ShoestringError(f"The private CA's key {key_file} does not match {ROOT}. {RESTORE}")
    identifier, domain = _marks(certificate, directory / ROOT)
    return _Root(certificate, identifier, key, domain)


def _certificate(file: Path) -> x509.Certificate:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except OSError as error:
        raise ShoestringError(f"The private CA {file} cannot be read: {error.strerror}. {NEW_ROOT}") from error
    except ValueError as error:
        raise ShoestringError(f"The private CA {file} is damaged. {RESTORE}") from error


def _marks(root: x509.Certificate, file: Path) -> tuple[bytes, str]:
    """Return the key identifier and the domain of a root that Shoestring created."""
    from cryptography import x509

    try:
        identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        limits = root.extensions.get_extension_for_class(x509.NameConstraints).value
        domain = next(each.value for each in limits.permitted_subtrees or () if isinstance(each, x509.DNSName))
    except (x509.ExtensionNotFound, StopIteration) as error:
        raise ShoestringError(f"The private CA in {file} was not created by Shoestring. {NEW_ROOT}") from error
    return identifier, domain


def _moment(now: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(now, datetime.UTC)
