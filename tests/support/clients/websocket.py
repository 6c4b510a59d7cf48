"""A client's websocket."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from websockets.asyncio.client import ClientConnection, connect

from tests.support.engine import LOOPBACK

SECONDS = 10.0


class Websocket:
    """A websocket that works in the thread of its caller alone.

    The library's own client for threads reads in one thread and writes in another, which a connection of OpenSSL
    does not bear: it fails once in a while, before anything was sent (https://github.com/openssl/openssl/issues/17377).
    """

    def __init__(self, runner: asyncio.Runner, connection: ClientConnection) -> None:
        self._runner = runner
        self._connection = connection

    def send(self, text: str) -> None:
        self._runner.run(self._connection.send(text))

    def recv(self) -> str:
        """Return the next message; raise ConnectionClosed if the other side closed."""
        return str(self._runner.run(asyncio.wait_for(self._connection.recv(), SECONDS)))


@contextmanager
def open_websocket(host: str, port: int, context: ssl.SSLContext | None) -> Iterator[Websocket]:
    """Yield a websocket to a host name at a port of this machine; without a context for TLS it is plain."""
    scheme = "wss" if context else "ws"
    with asyncio.Runner() as runner:
        connection = runner.run(_connect(f"{scheme}://{host}:{port}/", port, context))
        try:
            yield Websocket(runner, connection)
        finally:
            runner.run(connection.close())


async def _connect(url: str, port: int, context: ssl.SSLContext | None) -> ClientConnection:
    inner = socket.create_connection((LOOPBACK, port), SECONDS)
    # Between two calls nothing runs that could answer a ping or send one.
    return await connect(url, sock=inner, ssl=context, open_timeout=SECONDS, compression=None, ping_interval=None)
