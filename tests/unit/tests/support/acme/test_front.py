"""The HTTPS certificate of the test CA, checked by a client as strict as RFC 5280."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.support.acme.front import make_front


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """Make a TLS handshake in memory; raises ssl.SSLCertVerificationError."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client_end = client.wrap_bio(to_client, to_server, server_hostname=name)
    server_end = server.wrap_bio(to_server, to_client, server_side=True)
    ends = [client_end, server_end]
    for _ in range(4):
        for end in list(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            ends.remove(end)
    assert ends == []


@pytest.mark.parametrize("name", ["192.0.2.1", "localhost"])
def test_make_front_is_trusted_by_strict_client(tmp_path: Path, name: str) -> None:
    front = make_front(tmp_path / "front", "192.0.2.1")
    client = front.client()
    assert client.verify_flags & ssl.VERIFY_X509_STRICT
    handshake(client, front.server(), name)
