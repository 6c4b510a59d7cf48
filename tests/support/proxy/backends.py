"""Real backends for the proxies: they listen at Unix sockets, so that a firewall of the machine has no effect."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from pathlib import Path

import websockets

HTTP_PORT, WEBSOCKET_PORT, TCP_PORT = 8000, 8001, 8002
BIG_PAGE = "the same again\n" * 2_000


class Backends:
    """An HTTP server that shows the request it got, a websocket echo and a TCP echo."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.posts = 0
        self.loop = asyncio.new_event_loop()
        self.stopping = asyncio.Event()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self._serve(),), daemon=True)
        self.thread.start()
        assert self.ready.wait(10)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.stopping.set)
        self.thread.join(10)
        self.loop.close()

    async def _serve(self) -> None:
        web = await asyncio.start_unix_server(self._web, self._path(HTTP_PORT))
        tcp = await asyncio.start_unix_server(self._tcp, self._path(TCP_PORT))
        echo = await websockets.unix_serve(self._websocket, self._path(WEBSOCKET_PORT))
        for port in (HTTP_PORT, WEBSOCKET_PORT, TCP_PORT):
            # HAProxy's user has to write to it.
            Path(self._path(port)).chmod(0o666)
        self.ready.set()
        await self.stopping.wait()
        for server in (web, tcp, echo):
            server.close()

    def _path(self, port: int) -> str:
        return str(self.directory / f"{port}.sock")

    async def _web(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                path = head.split(" ")[1]
                if path == "/drop":
                    self.posts += head.startswith("POST")
                    break
                status = "500 No" if path == "/sick" else "200 OK"
                pages = {"/big": BIG_PAGE, "/secret": BIG_PAGE, "/huge": BIG_PAGE * 100}
                body = pages.get(path, head).encode()
                if path == "/body":
                    body += await _body(reader, head.lower())
                more = "Cache-Control: private, no-transform\r\n" if path == "/secret" else ""
                answer = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n{more}Content-Length: {len(body)}\r\n\r\n"
                writer.write(answer.encode() + (b"" if head.startswith("HEAD") else body))
                await writer.drain()
        writer.close()

    async def _tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1000):
                writer.write(b"echo " + data)
                await writer.drain()
        writer.close()

    async def _websocket(self, connection: websockets.ServerConnection) -> None:
        async for message in connection:
            await connection.send(f"echo {message!s}")


async def _body(reader: asyncio.StreamReader, head: str) -> bytes:
    """Read the body of a request, with its trailers."""
    if "transfer-encoding: chunked" in head:
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        while (line := await reader.readline()) != b"\r\n":
            body += line
        return body
    length = next((line.split(":")[1] for line in head.splitlines() if line.startswith("content-length:")), "0")
    return await reader.readexactly(int(length))
