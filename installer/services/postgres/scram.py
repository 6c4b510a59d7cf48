"""SCRAM-SHA-256 verifiers, which Postgres stores: it gets no password, and so logs none."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

ITERATIONS = 4096
SALT_BYTES = 16


def verifier(password: str, salt: bytes | None = None, iterations: int = ITERATIONS) -> str:
    """Return the value of `pg_authid.rolpassword` for a password: RFC 5803 in PostgreSQL's form ("pg_authid").

    The password must be of ASCII characters, so that SASLprep (RFC 4013) changes none.
    """
    salt = salt or secrets.token_bytes(SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(client_key).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${iterations}:{_text(salt)}${_text(stored)}:{_text(server)}"


def matches(password: str, known: str) -> bool:
    """Return whether a verifier is of this password."""
    try:
        kind, parameters, _ = known.split("$")
        iterations, salt = parameters.split(":")
        return kind == "SCRAM-SHA-256" and hmac.compare_digest(
            verifier(password, base64.b64decode(salt), int(iterations)), known
        )
    except ValueError:
        return False


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
