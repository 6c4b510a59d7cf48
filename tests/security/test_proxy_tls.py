"""What a TLS client can agree on with the public proxy, as Mozilla's intermediate configuration says it."""

from __future__ import annotations

import datetime
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from runtime.base import files
from runtime.base.paths import Side
from runtime.certificates.store import keys
from runtime.proxy import install
from runtime.proxy.container import PROXY_GID
from tests.support.proxy.stand import Stand, open_stand

HOST = "plain.example.test"
# https://ssl-config.mozilla.org/guidelines/5.7.json, without those of DHE.
INTERMEDIATE = {
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
}
TLS_1_3 = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
CURVES = {"X25519", "prime256v1", "secp384r1"}
HSTS_SECONDS = 15_552_000


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with open_stand(tmp_path_factory.mktemp("stand")) as opened:
        yield opened


def client(stand: Stand, *options: str) -> str:
    """Return what `openssl s_client` says of a handshake, with everything that this OpenSSL has switched on."""
    argv = ("openssl", "s_client", "-connect", f"127.0.0.1:{stand.ports['https']}", "-servername", HOST)
    result = subprocess.run((*argv, *options), input="", capture_output=True, text=True, check=False, timeout=30)
    return result.stdout + result.stderr


def agreed(stand: Stand, *options: str) -> bool:
    """Return whether a handshake succeeds."""
    found = re.search(r"Cipher is (\S+)", client(stand, *options))
    return found is not None and found[1] != "(NONE)"


def offered(*options: str) -> list[str]:
    """Return the names of ciphers that this OpenSSL has."""
    listed = subprocess.run(("openssl", "ciphers", *options), capture_output=True, text=True, check=True)
    return listed.stdout.strip().split(":")


@pytest.mark.parametrize(
    ("version", "serves"), [("-tls1", False), ("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)]
)
def test_protocols(stand: Stand, version: str, serves: bool) -> None:
    assert agreed(stand, version, "-cipher", "ALL:@SECLEVEL=0") is serves


def test_ciphers_of_tls_1_2(stand: Stand) -> None:
    every = offered("-s", "-tls1_2", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    assert set(every) > INTERMEDIATE
    assert {each for each in every if agreed(stand, "-tls1_2", "-cipher", f"{each}:@SECLEVEL=0")} == INTERMEDIATE


def test_ciphers_of_tls_1_3(stand: Stand) -> None:
    every = TLS_1_3 | {"TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"}
    assert {each for each in every if agreed(stand, "-tls1_3", "-ciphersuites", each)} == TLS_1_3


def test_curves(stand: Stand) -> None:
    every = CURVES | {"secp521r1", "X448", "ffdhe2048", "brainpoolP256r1", "secp224r1"}
    assert {each for each in every if agreed(stand, "-groups", each)} == CURVES


def test_no_session_tickets_no_renegotiation_no_compression_no_stapled_answer(stand: Stand) -> None:
    old, new = client(stand, "-tls1_2", "-status"), client(stand, "-tls1_3", "-status")
    assert "TLS session ticket:" not in old
    # In TLS 1.3 it is only the number of a session that the proxy keeps; a ticket with its content is longer.
    ticket = re.search(r"TLS session ticket:\n((?:\s+[0-9a-f]{4} - .*\n)*)", new)
    assert ticket is None or len(ticket[1].splitlines()) == 2
    assert "OCSP response: no response sent" in old
    assert "Compression: NONE" in old
    assert "Secure Renegotiation IS supported" in old
    assert "Early data was not sent" in new
    assert "Max Early Data: 0" in new or "Max Early Data" not in new


def test_key_exchange_safe_from_quantum_computers(stand: Stand) -> None:
    proxy = stand.containers[Side.PUBLIC]
    command = ("openssl", "s_client", "-connect", "127.0.0.1:443", "-groups", "X25519MLKEM768")
    version = str(proxy.exec_run(["haproxy", "-vv"]).output)
    found = re.search(r"Running on OpenSSL version : OpenSSL (\d+)\.(\d+)", version)
    assert found
    assert (int(found[1]), int(found[2])) >= (3, 5)
    tool = stand.client.containers.run(
        stand.image,
        ["sh", "-c", f"{' '.join(command)} </dev/null"],
        network_mode=f"container:{proxy.id}",
        remove=True,
        stderr=True,
    )
    assert b"X25519MLKEM768" in bytes(tool)


def install_certificate(stand: Stand, organization: str) -> None:
    """Have the proxy present a certificate whose issuer is of this organization."""
    key, now = keys.fresh(), datetime.datetime.now(datetime.UTC)
    issuer = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
    builder = keys.builder(keys.name(HOST), issuer, key).not_valid_before(now)
    certificate = builder.not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
    directory = stand.paths.proxy_certificates(Side.PUBLIC)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files.write(directory / "a.pem.key", private.decode(), 0o640, PROXY_GID)
    files.write(directory / "a.pem", certificate.public_bytes(serialization.Encoding.PEM).decode(), 0o644, PROXY_GID)
    install.reload(stand.paths, stand.run, Side.PUBLIC, force=True)


@pytest.mark.parametrize(
    ("organization", "seconds", "expected"),
    [
        ("Let's Encrypt", HSTS_SECONDS, f"max-age={HSTS_SECONDS}"),
        ("Let's Encrypt", 0, None),
        ("(STAGING) Let's Encrypt", HSTS_SECONDS, None),
        ("Private", HSTS_SECONDS, None),
    ],
)
def test_hsts_with_public_certificate(stand: Stand, organization: str, seconds: int, expected: str | None) -> None:
    stand.install(replace(stand.model(Side.PUBLIC), hsts_seconds=seconds))
    install_certificate(stand, organization)
    for path in ("/", "/sick"):
        answer = stand.http(stand.address(HOST, path))
        assert answer.headers.get("strict-transport-security") == expected
    # Not by plain HTTP, where it would be ignored (RFC 6797 section 7.2).
    assert "strict-transport-security" not in stand.http(stand.address(HOST, "/", "http")).headers


def test_no_hsts_with_placeholder(stand: Stand) -> None:
    stand.install(replace(stand.model(Side.PUBLIC), hsts_seconds=HSTS_SECONDS))
    directory = stand.paths.proxy_certificates(Side.PUBLIC)
    for file in directory.glob("a.pem*"):
        file.unlink()
    install.reload(stand.paths, stand.run, Side.PUBLIC, force=True)
    assert "strict-transport-security" not in stand.http(stand.address(HOST)).headers
