"""WireGuard's keys: 32 bytes, written in base64 (wg(8), `genkey`, `pubkey` and `genpsk`)."""

from __future__ import annotations

import base64
import binascii
import secrets

KEY_BYTES = 32


def generate_private() -> str:
    """Return a new private key."""
    raw = bytearray(secrets.token_bytes(KEY_BYTES))
    # RFC 7748 section 5. Every implementation does it when it uses a key; done here, the key is shown alike by all.
    raw[0] &= 248
    raw[31] = (raw[31] & 127) | 64
    return base64.b64encode(raw).decode()


def generate_preshared() -> str:
    """Return a new key that two peers share in addition to their own keys."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def public_of(private: str) -> str:
    """Return the public key of a private key (X25519, RFC 7748)."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    own = X25519PrivateKey.from_private_bytes(base64.b64decode(private))
    return base64.b64encode(own.public_key().public_bytes_raw()).decode()


def checked(value: object) -> str:
    """Return a key from a file or the command line in its canonical form. Raises ValueError with a predicate."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    # Base64 of 32 bytes has two unused bits; another text for the same key would hide that it is the same.
    if len(raw) != KEY_BYTES or base64.b64encode(raw).decode() != text:
        raise ValueError("is not a WireGuard key (44 characters that end in =, as wg pubkey prints)")
    if not any(raw):
        raise ValueError("is not a key: it is all zeros")
    return text
