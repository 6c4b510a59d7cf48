"""Clients of the public proxy that send requests without a pause, some of them over idle connections."""

from __future__ import annotations

import contextlib
import http.client
import threading

from tests.support.proxy.stand import Stand, trusting

CLIENTS = 8
IDLE_SECONDS = 0.03


class Load:
    """Clients that send requests without a pause; each failure is recorded. Half of them keep their connection."""

    def __init__(self, stand: Stand) -> None:
        self.port = stand.ports["https"]
        self.failures: list[str] = []
        self.served = 0
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._ask, args=(number % 2 == 0,)) for number in range(CLIENTS)]

    def __enter__(self) -> Load:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join(30)

    def _ask(self, keep: bool) -> None:
        context = trusting()
        with contextlib.ExitStack() as stack:
            connection: http.client.HTTPSConnection | None = None
            while not self.ended.is_set():
                if connection is None:
                    connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=10)
                    stack.callback(connection.close)
                try:
                    connection.request("GET", "/", headers={"Host": "plain.example.test"})
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status != 200:
                        self.failures.append(str(answer.status))
                    if not keep or answer.headers.get("Connection") == "close":
                        connection.close()
                        connection = None
                except (OSError, http.client.HTTPException) as error:
                    self.failures.append(repr(error))
                    connection = None
                self.served += 1
                # A reload affects idle connections first, if any.
                self.ended.wait(IDLE_SECONDS if keep else 0)
