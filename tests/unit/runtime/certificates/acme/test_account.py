"""Which account certbot uses, and the thumbprint of its key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime.base.paths import Paths
from runtime.certificates.acme import account

# RFC 7638, section 3.1.
MODULUS = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
    "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5ha"
    "jrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
)
KEY = {"kty": "RSA", "n": MODULUS, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
SERVER = "https://acme-v02.api.letsencrypt.org/directory"


def test_thumbprint_of_rfc_example() -> None:
    assert account.thumbprint(KEY) == THUMBPRINT


def test_thumbprint_of_elliptic_key_ignores_private_part() -> None:
    key = {"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"}
    assert account.thumbprint({**key, "d": "secret"}) == account.thumbprint(key)
    assert account.thumbprint({**key, "y": "eA"}) != account.thumbprint(key)


@pytest.mark.parametrize("key", [{}, {"kty": "oct", "k": "x"}, {"kty": "RSA", "n": MODULUS}, {"kty": "RSA", "e": 3}])
def test_thumbprint_refuses_other_keys(key: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="JSON Web Key"):
        account.thumbprint(key)


def test_find_account_of_server(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    assert account.find(paths, SERVER) is None
    place = account.folder(paths, SERVER)
    assert place == tmp_path / "data/letsencrypt/etc/accounts/acme-v02.api.letsencrypt.org/directory"
    assert account.folder(paths, "https://172.17.0.1:20000/dir").parts[-2:] == ("172.17.0.1:20000", "dir")
    for name, files in (("0-killed", account.FILES[:1]), ("1-broken", account.FILES), ("2-whole", account.FILES)):
        (place / name).mkdir(parents=True)
        for file in files:
            (place / name / file).write_text("{" if name == "1-broken" else json.dumps(KEY))
    assert account.find(paths, SERVER) == account.Account("2-whole", THUMBPRINT)
