"""A constant load of HTTPS requests, from a process of its own; anything but an answer of 200 is a failure.

    with Load(port, "a.example.test") as load:
        ...
    assert load.result.failed == 0, load.result

By hand: python -m tests.support.clients.load PORT HOST SECONDS
"""

from __future__ import annotations

import asyncio
import multiprocessing
import ssl
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Self

SAMPLES_KEPT = 20
# A request that takes longer is a failure.
TIMEOUT_SECONDS = 15.0
# The most that are under way at once. More are not made, where this machine or the proxy cannot keep up: what hangs
# shows in those that are under way.
MOST_AT_ONCE = 300


@dataclass(frozen=True)
class Plan:
    """What to request: `rate` requests a second, each from a new connection, and `keep_alive` connections that each
    ask, wait for the answer, pause for `pace` seconds, and ask again."""

    port: int
    host: str
    path: str = "/"
    rate: float = 220.0
    keep_alive: int = 32
    pace: float = 0.1
    address: str = "127.0.0.1"


@dataclass
class Result:
    """The result. Times are in seconds, moments those of `time.monotonic()`, the same in every process.

    `first` and `last` have for each body, such as the name of a version, when the first and the last request that it
    answered was over.
    """

    started: float
    ended: float = 0.0
    new: int = 0
    reused: int = 0
    skipped: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    samples: list[str] = field(default_factory=list)
    bodies: Counter[str] = field(default_factory=Counter)
    first: dict[str, float] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """How many requests failed."""
        return self.failures.total()

    @property
    def requests(self) -> int:
        """How many were made."""
        return self.new + self.reused

    @property
    def rate(self) -> float:
        """Requests from new connections a second."""
        return self.new / (self.ended - self.started)

    def percentile(self, share: float) -> float:
        """Return the latency that this share (0 to 1) of all answered requests did not exceed."""
        return sorted(self.latencies)[int(share * (len(self.latencies) - 1))] if self.latencies else 0.0

    def __str__(self) -> str:
        p50, p99 = (f"{self.percentile(share) * 1000:.1f} ms" for share in (0.5, 0.99))
        lines = [
            f"{self.new} requests from new connections ({self.rate:.0f}/s, {self.skipped} left out), {self.reused} "
            f"on kept ones, {self.failed} failed; p50 {p50}, p99 {p99}; answered by {dict(self.bodies)}",
            *(f"  {count} x {kind}" for kind, count in self.failures.most_common()),
            *(f"    {sample}" for sample in self.samples),
        ]
        return "\n".join(lines)


class Load:
    """Starts the load on entry, stops it on exit; `result` is there afterwards, `snapshot` returns it before that."""

    def __init__(self, port: int, host: str, **plan: object) -> None:
        self.plan = Plan(port, host, **plan)  # type: ignore[arg-type]
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_main, args=(there, self.plan), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        # The first message: it runs.
        self._here.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._here.send("stop")
        self.result: Result = self._here.recv()
        self._process.join(30)

    def snapshot(self) -> Result:
        """Return the result so far."""
        self._here.send("snapshot")
        seen: Result = self._here.recv()
        return seen

    def serves(self, body: str, seconds: float = 60.0) -> float:
        """Wait until a request was answered with this body; returns the moment of the first such answer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (moment := self.snapshot().first.get(body)) is not None:
                return moment
            time.sleep(0.1)
        raise AssertionError(f"no answer {body!r} within {seconds} s: {self.snapshot()}")


def _main(pipe: Connection, plan: Plan) -> None:
    asyncio.run(_run(pipe, plan))


async def _run(pipe: Connection, plan: Plan) -> None:
    client = _Client(plan)
    tasks = [asyncio.create_task(client.kept(index)) for index in range(plan.keep_alive)]
    tasks.append(asyncio.create_task(client.arrivals()))
    pipe.send("runs")
    while True:
        while not pipe.poll():
            await asyncio.sleep(0.02)
        if pipe.recv() == "stop":
            break
        pipe.send(client.result)
    client.stopping = True
    await asyncio.gather(*tasks)
    client.result.ended = time.monotonic()
    pipe.send(client.result)


class _Client:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.result = Result(time.monotonic())
        self.stopping = False
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.under_way: set[asyncio.Task[None]] = set()

    async def arrivals(self) -> None:
        """Start a request at each tick, however long the ones before take."""
        started, count = time.monotonic(), 0
        while not self.stopping and self.plan.rate:
            count += 1
            await asyncio.sleep(max(0.0, started + count / self.plan.rate - time.monotonic()))
            if len(self.under_way) < MOST_AT_ONCE:
                task = asyncio.create_task(self.fresh())
                self.under_way.add(task)
                task.add_done_callback(self.under_way.discard)
            else:
                self.result.skipped += 1
        await asyncio.gather(*self.under_way)

    async def fresh(self) -> None:
        self.result.new += 1
        writer = None
        began = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                reader, writer = await self.connect()
                await self.ask(reader, writer, "new")
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            self.fail(f"new: {type(error).__name__}", f"{error} after {time.monotonic() - began:.2f} s")
        finally:
            if writer is not None:
                writer.transport.abort()

    async def kept(self, index: int) -> None:
        await asyncio.sleep(self.plan.pace * index / max(1, self.plan.keep_alive))
        while not self.stopping:
            writer = None
            at = "connect"
            try:
                reader, writer = await asyncio.wait_for(self.connect(), TIMEOUT_SECONDS)
                at, again = "first", True
                while again and not self.stopping:
                    self.result.reused += 1
                    async with asyncio.timeout(TIMEOUT_SECONDS):
                        again = await self.ask(reader, writer, "kept")
                    at = "later"
                    await asyncio.sleep(self.plan.pace)
            except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
                self.fail(f"kept: {type(error).__name__}", f"{error} at the {at} request")
            finally:
                if writer is not None:
                    writer.transport.abort()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            self.plan.address, self.plan.port, ssl=self.context, server_hostname=self.plan.host
        )

    async def ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: str) -> bool:
        """Send one request; return whether the connection may be used for another."""
        began = time.monotonic()
        close = "Connection: close\r\n" if kind == "new" else ""
        writer.write(f"GET {self.plan.path} HTTP/1.1\r\nHost: {self.plan.host}\r\n{close}\r\n".encode())
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode("latin-1").strip()[:80]
        status = lines[0].split(" ")[1]
        if status == "200":
            self.count(body, began)
        else:
            self.fail(f"{kind}: status {status}", f"{body!r} after {time.monotonic() - began:.2f} s")
        return headers.get("connection", "") != "close"

    def count(self, body: str, began: float) -> None:
        now = time.monotonic()
        self.result.bodies[body] += 1
        self.result.first.setdefault(body, now)
        # When it was asked: on a busy machine an answer may wait here until it is read.
        self.result.last[body] = max(began, self.result.last.get(body, 0.0))
        self.result.latencies.append(now - began)

    def fail(self, kind: str, about: str) -> None:
        self.result.failures[kind] += 1
        if len(self.result.samples) < SAMPLES_KEPT:
            moment = time.monotonic() - self.result.started
            self.result.samples.append(f"at {moment:.2f} s: {kind} {about}")


def main() -> None:
    port, host, seconds = sys.argv[1:4]
    with Load(int(port), host) as load:
        time.sleep(float(seconds))
    print(load.result)


if __name__ == "__main__":
    main()
