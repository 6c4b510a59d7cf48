"""Password verifiers, compared with the example of RFC 7677."""

from __future__ import annotations

import base64
import hashlib
import hmac

from installer.services.postgres.scram import matches, verifier

NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SALT = "W22ZaJ0SNY7soEsUEjb6gQ=="
# RFC 7677 section 3: client-first-bare, server-first, client-final-without-proof, and the two proofs.
MESSAGE = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={NONCE},s={SALT},i=4096,c=biws,r={NONCE}"
SERVER_SIGNATURE = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
CLIENT_PROOF = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="


def test_verifier_of_rfc_example() -> None:
    known = verifier("pencil", base64.b64decode(SALT))
    kind, parameters, keys = known.split("$")
    stored, server = (base64.b64decode(each) for each in keys.split(":"))
    assert (kind, parameters) == ("SCRAM-SHA-256", f"4096:{SALT}")
    assert hmac.digest(server, MESSAGE.encode(), "sha256") == base64.b64decode(SERVER_SIGNATURE)
    signature = hmac.digest(stored, MESSAGE.encode(), "sha256")
    proof = base64.b64decode(CLIENT_PROOF)
    client_key = bytes(one ^ other for one, other in zip(proof, signature, strict=True))
    assert hashlib.sha256(client_key).digest() == stored


def test_fits_only_its_password() -> None:
    known = verifier("pencil")
    assert matches("pencil", known)
    assert not matches("Pencil", known)
    assert known != verifier("pencil")
    for other in ("", "-", "md5abc", "SCRAM-SHA-256$x", "SCRAM-SHA-256$a:b$c:d"):
        assert not matches("pencil", other)
