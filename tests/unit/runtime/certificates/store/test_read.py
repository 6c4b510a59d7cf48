"""Reading certificates and folders of certificates."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from runtime.certificates.store import read
from tests.support.builders import certificates

# RFC 9773 section 4.1, the example.
RFC_KEY_ID = bytes.fromhex("69885B6B87464041E1B37B847BA0AE2CDE01C8D4")
RFC_SERIAL = 0x0087654321
RFC_ID = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
NO_PEM = "it is not a readable PEM certificate; replace or remove it."
BAD_KEY = "its private key cannot be used; it must be PEM, whole, and without a password."
OTHERS_KEY = "its private key belongs to another certificate; put the matching key next to it."


def der(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def write(directory: Path, name: str, certificate: bytes, key: bytes | None = None) -> Path:
    file = directory / name
    file.write_bytes(certificate)
    if key is not None:
        (directory / f"{name}.key").write_bytes(key)
    return file


def test_load_certificate(tmp_path: Path) -> None:
    organization = ((NameOID.ORGANIZATION_NAME, "Let's Encrypt"), (NameOID.COMMON_NAME, "R11"))
    pair = certificates.leaf(("Shop.example.com", "*.shop.example.com"), serial=77, days=6, issuer=organization)
    found = read.load(write(tmp_path, "shop.pem", pair.certificate, pair.key))
    assert found.problem == ""
    assert found.name == "shop"
    assert found.host_names == ("shop.example.com", "*.shop.example.com")
    assert found.serial == 77
    assert found.not_before == certificates.START.timestamp()
    assert found.lifetime == 6 * 86_400
    assert found.issuer == "Let's Encrypt R11"
    assert found.fingerprint == hashlib.sha256(der(pair.certificate)).hexdigest()
    assert found.ari_id == ""


def test_parse_ari_id_of_rfc_example() -> None:
    pair = certificates.leaf(serial=RFC_SERIAL, key_id=RFC_KEY_ID)
    assert read.parse(pair.certificate, Path("x.pem")).ari_id == RFC_ID


@pytest.mark.parametrize(("serial", "encoded"), [(1, "AQ"), (127, "fw"), (128, "AIA"), (255, "AP8"), (256, "AQA")])
def test_parse_ari_id_encodes_serial_as_der(serial: int, encoded: str) -> None:
    pair = certificates.leaf(serial=serial, key_id=RFC_KEY_ID)
    assert read.parse(pair.certificate, Path("x.pem")).ari_id.partition(".")[2] == encoded


def test_load_first_certificate_of_chain(tmp_path: Path) -> None:
    pair, other = certificates.leaf(serial=5), certificates.leaf(serial=6)
    found = read.load(write(tmp_path, "shop.pem", pair.certificate + other.certificate, pair.key))
    assert (found.serial, found.problem) == (5, "")


def test_load_prefers_key_in_same_file(tmp_path: Path) -> None:
    pair, other = certificates.leaf(), certificates.leaf()
    assert read.load(write(tmp_path, "a.pem", pair.certificate + pair.key, other.key)).problem == ""
    assert read.load(write(tmp_path, "b.pem", pair.key + pair.certificate)).problem == ""
    assert read.load(write(tmp_path, "c.pem", pair.certificate + other.key, pair.key)).problem == OTHERS_KEY


def test_load_key_with_parameters_of_openssl(tmp_path: Path) -> None:
    pair = certificates.leaf()
    key = load_pem_private_key(pair.key, None)
    old = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    assert read.load(write(tmp_path, "a.pem", pair.certificate, parameters + old)).problem == ""
    assert read.load(write(tmp_path, "b.pem", parameters + old + pair.certificate)).problem == ""


def test_load_problems_of_unusable_files(tmp_path: Path) -> None:
    pair, other = certificates.leaf(), certificates.leaf()
    locked = load_pem_private_key(pair.key, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    loaded = {
        "alone": read.load(write(tmp_path, "alone.pem", pair.certificate)),
        "another's key": read.load(write(tmp_path, "other.pem", pair.certificate, other.key)),
        "half a key": read.load(write(tmp_path, "half.pem", pair.certificate, pair.key[:90])),
        "no key": read.load(write(tmp_path, "none.pem", pair.certificate, b"")),
        "a password": read.load(write(tmp_path, "locked.pem", pair.certificate, locked)),
        "half": read.load(write(tmp_path, "cut.pem", pair.certificate[:300], pair.key)),
        "empty": read.load(write(tmp_path, "empty.pem", b"", pair.key)),
        "binary": read.load(write(tmp_path, "der.pem", der(pair.certificate), pair.key)),
        "broken chain": read.load(
            write(tmp_path, "chain.pem", pair.certificate * 2 + b"\n-----BEGIN CERTIFICATE-----")
        ),
        "missing": read.load(tmp_path / "missing.pem"),
    }
    assert {what: found.problem for what, found in loaded.items()} == {
        "alone": "its private key is missing; put it next to the certificate as alone.pem.key.",
        "another's key": OTHERS_KEY,
        "half a key": BAD_KEY,
        "no key": BAD_KEY,
        "a password": BAD_KEY,
        "half": NO_PEM,
        "empty": NO_PEM,
        "binary": NO_PEM,
        "broken chain": NO_PEM,
        "missing": "the file cannot be read: No such file or directory.",
    }
    # The readable part is still reported.
    assert loaded["alone"].host_names == ("shop.example.com",)


def test_parse_without_names_or_key_identifier() -> None:
    found = read.parse(certificates.leaf(()).certificate, Path("x.pem"))
    assert (found.host_names, found.ari_id, found.problem) == ((), "", "")


def test_scan_reads_folder_like_haproxy(tmp_path: Path) -> None:
    pair = certificates.leaf()
    for name in ("b.pem", "B.pem", "a.pem", "c.crt"):
        write(tmp_path, name, pair.certificate, pair.key)
    for name in (".hidden.pem", "a.pem.ocsp", "a.pem.issuer", "a.pem.sctl"):
        write(tmp_path, name, b"")
    write(tmp_path, "notes.txt", b"remember the milk")
    (tmp_path / "folder.pem").mkdir()
    (tmp_path / "z.pem").symlink_to(tmp_path / "missing.pem")
    found = read.scan(tmp_path)
    assert [each.file.name for each in found] == ["B.pem", "a.pem", "b.pem", "c.crt", "notes.txt", "z.pem"]
    assert [each.file.name for each in found if each.problem] == ["notes.txt", "z.pem"]


def test_scan_of_missing_folder_is_empty(tmp_path: Path) -> None:
    assert read.scan(tmp_path / "missing") == ()


def test_serial_of_der(tmp_path: Path) -> None:
    assert read.serial_of(der(certificates.leaf(serial=2**159 - 1).certificate)) == 2**159 - 1
    with pytest.raises(ValueError, match="."):
        read.serial_of(b"")
