"""The ACME accounts of certbot: the one that it uses for an authority, and the thumbprint of its key."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from runtime.base.paths import Paths

# RFC 7638, section 3.2, and RFC 8037, section 2: the members that a thumbprint is made of, by the type of the key.
MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
# certbot skips an account that lacks one of them, such as one that a killed registration left.
FILES = ("private_key.json", "regr.json", "meta.json")


@dataclass(frozen=True)
class Account:
    """An account. `name` is certbot's name of it; the answer to a challenge ends with `thumbprint`."""

    name: str
    thumbprint: str


def thumbprint(key: Mapping[str, object]) -> str:
    """Return the thumbprint of a JSON Web Key (RFC 7638, section 3). Raises ValueError for another value."""
    members = MEMBERS.get(str(key.get("kty")), ())
    if not members or not all(isinstance(key.get(member), str) for member in members):
        raise ValueError("not a JSON Web Key that an ACME account can have")
    canonical = json.dumps({member: key[member] for member in members}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()


def folder(paths: Paths, server: str) -> Path:
    """Return the folder of certbot's accounts at an ACME directory (certbot, `server_path`)."""
    parts = urlsplit(server)
    return paths.certbot / "etc" / "accounts" / parts.netloc / parts.path.lstrip("/")


def find(paths: Paths, server: str) -> Account | None:
    """Return the account at an ACME directory, always the same one of several; None if none is usable."""
    place = folder(paths, server)
    try:
        candidates = sorted(each for each in place.iterdir() if all((each / name).is_file() for name in FILES))
    except OSError:
        return None
    for candidate in candidates:
        try:
            key = json.loads((candidate / FILES[0]).read_text(encoding="utf-8"))
            return Account(candidate.name, thumbprint(key))
        except (OSError, ValueError, AttributeError):
            continue
    return None
