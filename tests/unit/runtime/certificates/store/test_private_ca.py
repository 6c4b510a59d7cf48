"""The private CA: what its root may sign, and which clients accept its leaves."""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
import stat
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from runtime.base import files
from runtime.base.errors import ShoestringError
from runtime.certificates.policy.due import DAY
from runtime.certificates.store import keys, private_ca, read
from tests.support.builders import certificates

DOMAIN = "internal.example.com"
NAMES = (DOMAIN, f"*.{DOMAIN}")
# Sunday, 22 November 2026.
NOW = 1_795_305_600.0


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A fresh private CA."""
    assert private_ca.ensure_root(tmp_path / "ca", DOMAIN, NOW)
    return tmp_path / "ca"


def root(directory: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((directory / "root.pem").read_bytes())


def problem(directory: Path, domain: str = DOMAIN, now: float = NOW) -> str:
    return private_ca.root_problem(directory, domain, now)


def sign_ignoring_limits(directory: Path, host_names: Iterable[x509.GeneralName]) -> bytes:
    """Sign a certificate for any name, as a thief of the root's key could."""
    held = private_ca._load(directory)
    key = keys.fresh()
    builder = keys.builder(keys.name("stolen"), held.certificate.subject, key)
    start = held.certificate.not_valid_before_utc
    signed = (
        builder.not_valid_before(start)
        .not_valid_after(start + private_ca.LEAF_VALIDITY)
        .add_extension(x509.SubjectAlternativeName(host_names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier(held.key_id, None, None), critical=False)
        .sign(held.key, hashes.SHA256())
    )
    return keys.pair(signed, key).certificate


def test_ensure_root_once_for_ten_years(directory: Path) -> None:
    made = root(directory)
    assert made.subject.rfc4514_string() == f"CN=Shoestring CA for {DOMAIN} (made 2026-11-22)"
    assert (made.not_valid_after_utc - made.not_valid_before_utc).days == 3652
    assert stat.S_IMODE((directory / "root.pem").stat().st_mode) == 0o644
    assert stat.S_IMODE((directory / "root.key").stat().st_mode) == 0o600
    assert not private_ca.ensure_root(directory, DOMAIN, NOW + DAY)
    assert not private_ca.ensure_root(directory, "other.test", NOW + DAY)
    assert root(directory) == made
    assert problem(directory) == ""


def test_observe_readable_root_only(directory: Path, tmp_path: Path) -> None:
    seen = private_ca.root_certificate(directory)
    assert seen
    assert (seen.problem, seen.not_after) == ("", NOW + private_ca.ROOT_VALIDITY.total_seconds())
    assert private_ca.root_certificate(tmp_path / "none") is None
    (directory / "root.pem").write_text("junk")
    assert private_ca.root_certificate(directory) is None


def test_root_is_constrained_to_its_domain(directory: Path) -> None:
    extensions = root(directory).extensions
    limits = extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert limits.value.permitted_subtrees == [x509.DNSName(DOMAIN)]
    everything = ["0.0.0.0/0", "::/0"]
    assert limits.value.excluded_subtrees == [x509.IPAddress(ipaddress.ip_network(each)) for each in everything]
    basic = extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert (usage.critical, usage.value.key_cert_sign, usage.value.crl_sign) == (True, True, True)
    assert not usage.value.digital_signature
    assert extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def test_root_name_of_long_domain(tmp_path: Path) -> None:
    domain = ("x" * 60 + ".") * 3 + "example.com"
    private_ca.ensure_root(tmp_path, domain, NOW)
    subject = root(tmp_path).subject.rfc4514_string()
    assert subject.startswith("CN=Shoestring CA for ...xxx")
    assert subject.endswith(".example.com (made 2026-11-22)")
    assert len(subject) == len("CN=") + 64
    assert problem(tmp_path, domain) == ""


def test_issue_for_90_days_with_key(directory: Path, tmp_path: Path) -> None:
    pair = private_ca.issue(directory, NAMES, NOW + 100 * DAY)
    files.write(tmp_path / "internal.pem", pair.certificate)
    files.write(tmp_path / "internal.pem.key", pair.key)
    found = read.load(tmp_path / "internal.pem")
    assert found.problem == ""
    assert found.host_names == NAMES
    assert found.not_before == NOW + 100 * DAY - 3600
    assert found.not_after == NOW + 190 * DAY
    assert found.issuer == f"Shoestring CA for {DOMAIN} (made 2026-11-22)"
    assert found.ari_id.startswith(private_ca.key_id(directory) + ".")
    leaf = x509.load_pem_x509_certificate(pair.certificate)
    leaf.verify_directly_issued_by(root(directory))
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert private_ca.issue(directory, NAMES, NOW).key != pair.key


def test_issue_within_validity_of_root(directory: Path) -> None:
    made = root(directory)
    for now in (NOW, NOW - 1000 * DAY, NOW + 3600 * DAY):
        leaf = x509.load_pem_x509_certificate(private_ca.issue(directory, NAMES, now).certificate)
        assert made.not_valid_before_utc <= leaf.not_valid_before_utc < leaf.not_valid_after_utc
        assert leaf.not_valid_after_utc <= made.not_valid_after_utc


def test_issue_refuses_names_outside_domain(directory: Path) -> None:
    wrong = ("example.com", f"not{DOMAIN}", "shop.example.com")
    with pytest.raises(ShoestringError, match="not example.com, notinternal.example.com, shop.example.com. Use"):
        private_ca.issue(directory, (*NAMES, *wrong, f"a.b.{DOMAIN}"), NOW)
    with pytest.raises(ShoestringError, match="not nothing"):
        private_ca.issue(directory, (), NOW)


def test_fingerprint_format(directory: Path) -> None:
    der = ssl.PEM_cert_to_DER_cert((directory / "root.pem").read_text())
    shown = private_ca.fingerprint(directory)
    assert shown.replace(":", "").lower() == hashlib.sha256(der).hexdigest()
    assert shown == shown.upper()
    assert len(shown.split(":")) == 32


def test_root_problem_has_advice(directory: Path, tmp_path: Path) -> None:
    pem, key = directory / "root.pem", directory / "root.key"
    good = (pem.read_bytes(), key.read_bytes())
    other = certificates.leaf()
    new = "Create a new one with: shoestring ssl ca --new"
    back = "Restore it, or create a new one with: shoestring ssl ca --new"
    assert problem(directory, "lan.test") == (
        f"The private CA in {pem} is for {DOMAIN}, and the internal domain is lan.test. {new}"
    )
    assert problem(directory, now=NOW + 3653 * DAY) == f"The private CA in {pem} expired on 2036-11-21. {new}"
    broken = {
        f"The private CA {pem} is damaged. {back}": (good[0][:100], good[1]),
        f"The private CA's key {key} is damaged. {back}": (good[0], good[1][:100]),
        f"The private CA's key {key} does not match root.pem. {back}": (good[0], other.key),
        f"The private CA in {pem} was not created by Shoestring. {new}": (other.certificate, other.key),
    }
    for sentence, (certificate, private) in broken.items():
        pem.write_bytes(certificate)
        key.write_bytes(private)
        assert problem(directory) == sentence
        with pytest.raises(ShoestringError):
            private_ca.issue(directory, NAMES, NOW)
    pem.write_bytes(good[0])
    key.unlink()
    assert problem(directory).startswith(f"The private CA's key {key} cannot be read: No such file")
    # A root that users trust is not replaced for that.
    assert not private_ca.ensure_root(directory, DOMAIN, NOW)
    key.write_bytes(good[1])
    with pytest.raises(ShoestringError, match="expired"):
        private_ca.issue(directory, NAMES, NOW + 3653 * DAY)


def test_private_ca_without_root(tmp_path: Path) -> None:
    assert problem(tmp_path) == ""
    assert private_ca.key_id(tmp_path) == ""
    for use in (private_ca.fingerprint, lambda directory: private_ca.issue(directory, NAMES, NOW)):
        with pytest.raises(ShoestringError, match="root.pem cannot be read: No such file"):
            use(tmp_path)


def test_new_root_has_other_key_id_than_leaves(directory: Path, tmp_path: Path) -> None:
    before = private_ca.key_id(directory)
    leaf = read.parse(private_ca.issue(directory, NAMES, NOW).certificate, tmp_path / "internal.pem")
    private_ca.new_root(directory, "new.test", NOW)
    assert private_ca.key_id(directory) not in ("", before)
    assert problem(directory, "new.test") == ""
    assert not leaf.ari_id.startswith(private_ca.key_id(directory))


@pytest.mark.parametrize("first", [True, False])
def test_new_root_killed_at_any_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool) -> None:
    class Killed(BaseException):
        pass

    real = {name: getattr(files, name) for name in ("make_directory", "remove", "write")}
    for step in range(8):
        directory = tmp_path / str(step)
        if not first:
            private_ca.ensure_root(directory, DOMAIN, NOW)
        calls = iter(range(step, -1, -1))

        def counted(name: str, *arguments: object, calls: Iterable[int] = calls) -> object:
            if next(iter(calls), 0) == 0:
                raise Killed
            return real[name](*arguments)

        for name in real:
            monkeypatch.setattr(files, name, lambda *arguments, name=name: counted(name, *arguments))
        try:
            private_ca.new_root(directory, DOMAIN, NOW + DAY)
            done = True
        except Killed:
            done = False
        monkeypatch.undo()
        assert problem(directory) == ""
        private_ca.ensure_root(directory, DOMAIN, NOW)
        assert private_ca.issue(directory, NAMES, NOW).certificate
        if done:
            break
    assert done
    assert step == 4


def handshake(ca: Path, pair: keys.KeyPair, host_name: str, tmp_path: Path) -> None:
    """Make a TLS handshake in memory, with OpenSSL's strictest checks; raises ssl.SSLError."""
    files.write(tmp_path / "leaf.pem", pair.certificate + pair.key)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(tmp_path / "leaf.pem")
    client_side = ssl.create_default_context(cafile=str(ca))
    client_side.verify_flags |= ssl.VERIFY_X509_STRICT
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_side.wrap_bio(down, up, server_hostname=host_name)
    server = server_side.wrap_bio(up, down, server_side=True)
    for _ in range(3):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue


def test_handshake_of_strict_client(tmp_path: Path) -> None:
    private_ca.ensure_root(tmp_path, DOMAIN, time.time())
    pair = private_ca.issue(tmp_path, NAMES, time.time())
    for name in (DOMAIN, f"registry.{DOMAIN}"):
        handshake(tmp_path / "root.pem", pair, name, tmp_path)
    for name in ("example.com", f"a.b.{DOMAIN}"):
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            handshake(tmp_path / "root.pem", pair, name, tmp_path)


def verify(directory: Path, certificate: bytes, *options: str) -> tuple[int, str]:
    files.write(directory / "tried.pem", certificate)
    arguments = ("-CAfile", "root.pem", "-attime", str(int(NOW + DAY)), "-x509_strict", *options, "tried.pem")
    result = subprocess.run(
        ["openssl", "verify", *arguments], cwd=directory, capture_output=True, text=True, timeout=30, check=False
    )
    return result.returncode, result.stdout + result.stderr


@pytest.mark.processes
def test_openssl_accepts_leaves_for_servers_only(directory: Path) -> None:
    certificate = private_ca.issue(directory, (*NAMES, f"deep.a.{DOMAIN}"), NOW).certificate
    host = ("-verify_hostname", f"www.{DOMAIN}")
    assert verify(directory, certificate, "-purpose", "sslserver", *host) == (0, "tried.pem: OK\n")
    assert verify(directory, certificate, "-purpose", "sslclient")[0] != 0


@pytest.mark.processes
def test_openssl_refuses_names_outside_constraints(directory: Path) -> None:
    fine = sign_ignoring_limits(directory, [x509.DNSName(f"a.{DOMAIN}")])
    assert verify(directory, fine)[0] == 0
    stolen: tuple[x509.GeneralName, ...] = (
        x509.DNSName("example.com"),
        x509.DNSName("bank.test"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
    )
    for name in stolen:
        status, printed = verify(directory, sign_ignoring_limits(directory, [name]))
        assert status != 0
        assert "permitted subtree violation" in printed or "excluded subtree violation" in printed
