"""A server for tests: HTTP and websocket echo on 8080, raw TCP echo on 9000. Its argument is its name.

GET / answers the name; /headers the request's headers; /slow?S after S seconds; /large a text of 100,000 bytes;
/status/N answers N; /ask?URL what URL answers; /drip?S 10 bytes a second for S seconds. A websocket request to any
path gets its frames back.

Environment: SERVE_AFTER is how many seconds it takes to start; EXIT_AFTER how many it lives, to end with
EXIT_CODE (2); HEALTH is the status of /health (200), which SICK_AFTER seconds, or so many GOOD_ANSWERS, change to
500; SECOND_PORT is one more for HTTP.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import os
import sys
import time
import urllib.request

NAME = sys.argv[1] if len(sys.argv) > 1 else "tools"
# RFC 6455 section 1.3.
WEBSOCKET_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SERVE_AFTER = float(os.environ.get("SERVE_AFTER", "0"))
EXIT_AFTER = os.environ.get("EXIT_AFTER")
SICK_AFTER = float(os.environ.get("SICK_AFTER", "inf"))
good_answers = itertools.count(float(os.environ.get("GOOD_ANSWERS", "inf")), -1)
STARTED = time.monotonic()


async def answer(path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    path, _, query = path.partition("?")
    if path == "/headers":
        return 200, "".join(f"{key}: {value}\n" for key, value in headers.items()).encode()
    if path == "/slow":
        await asyncio.sleep(float(query or "1"))
    if path == "/large":
        return 200, b"0123456789" * 10_000
    if path.startswith("/status/"):
        return int(path.removeprefix("/status/")), b"as asked\n"
    if path == "/health":
        sick = next(good_answers) <= 0 or time.monotonic() - STARTED > SICK_AFTER
        status = 500 if sick else int(os.environ.get("HEALTH", "200"))
        return status, f"{status}\n".encode()
    if path == "/ask":
        return 200, await asyncio.to_thread(lambda: urllib.request.urlopen(query, timeout=5).read())  # noqa: S310 - a test names it
    return 200, f"{NAME}\n".encode()


async def websocket(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str) -> None:
    accept = base64.b64encode(hashlib.sha1(key.encode() + WEBSOCKET_KEY).digest())  # noqa: S324 - as the RFC has it
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
    writer.write(b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    while True:
        first, second = await reader.readexactly(2)
        length = second & 127
        if length == 126:
            length = int.from_bytes(await reader.readexactly(2), "big")
        mask = await reader.readexactly(4)
        payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(await reader.readexactly(length)))
        head = bytes([first, length]) if length < 126 else bytes([first, 126]) + length.to_bytes(2, "big")
        writer.write(head + payload)
        await writer.drain()
        if first & 15 == 8:
            return


async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            _, path, _ = request[0].split(" ")
            headers = dict(line.split(": ", 1) for line in request[1:] if ": " in line)
            low = {key.lower(): value for key, value in headers.items()}
            if low.get("upgrade", "").lower() == "websocket":
                return await websocket(reader, writer, low["sec-websocket-key"])
            await reader.readexactly(int(low.get("content-length", "0")))
            if path.startswith("/drip?"):
                await drip(writer, int(path.removeprefix("/drip?")))
                continue
            status, body = await answer(path, headers)
            head = f"HTTP/1.1 {status} OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    finally:
        writer.close()


async def drip(writer: asyncio.StreamWriter, seconds: int) -> None:
    """A download that takes a while."""
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {seconds * 10}\r\n\r\n".encode())
    for _ in range(seconds * 10):
        await asyncio.sleep(0.1)
        writer.write(b".")
        await writer.drain()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def fall() -> None:
    await asyncio.sleep(float(EXIT_AFTER or 0))
    print(f"{NAME} falls", flush=True)
    os._exit(int(os.environ.get("EXIT_CODE", "2")))


async def main() -> None:
    fallen = asyncio.create_task(fall()) if EXIT_AFTER else None
    await asyncio.sleep(SERVE_AFTER)
    servers = [await asyncio.start_server(http, "0.0.0.0", 8080), await asyncio.start_server(echo, "0.0.0.0", 9000)]
    if "SECOND_PORT" in os.environ:
        servers.append(await asyncio.start_server(http, "0.0.0.0", int(os.environ["SECOND_PORT"])))
    print(f"{NAME} serves", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers), *([fallen] if fallen else []))


asyncio.run(main())
