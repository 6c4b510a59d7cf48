"""A hostile application on `main` answers for the address of another one (ARP), or reads the network's packets."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING

from runtime.base.paths import Side
from runtime.docker.observed import observe
from runtime.docker.projects import CORE
from runtime.proxy.container import service_name
from tests.support.engine import Instance, plain
from tests.support.security import arp_spoofing
from tests.support.security.neighbor import address_on

if TYPE_CHECKING:
    from docker.models.containers import Container

SECRET = "session-of-another-user"
ROOT = '    user: "0:0"\n'
READ, REFUSED = 0, 1
# The sockets of packet(7) and raw(7).
RAW_SOCKETS = ("AF_PACKET, socket.SOCK_RAW", "AF_PACKET, socket.SOCK_DGRAM", "AF_INET, socket.SOCK_RAW, 1")


@contextmanager
def requests_with_secret(instance: Instance, host: str) -> Iterator[None]:
    """Send requests with a cookie to an application while the block runs."""
    ended = Event()

    def request() -> None:
        while not ended.wait(0.1):
            instance.get(host, Cookie=f"session={SECRET}")

    with ThreadPoolExecutor(1) as threads:
        sending: Future[None] = threads.submit(request)
        try:
            yield
        finally:
            ended.set()
        sending.result()


def spoof(instance: Instance) -> tuple[int, str]:
    """Have `attacker` read what the proxy sends to `shop`. Returns its exit code and what it read."""
    settings, client = instance.settings, instance.cluster.client
    network = settings.docker_network(settings.network(Side.PUBLIC))
    core = observe(client, settings.instance).of(CORE)
    proxy = client.containers.get(next(each.id for each in core if each.service == service_name(Side.PUBLIC)))
    shop, attacker = (client.containers.get(instance.container(name)) for name in ("shop", "attacker"))
    addresses = (address_on(shop, network), address_on(proxy, network))
    with requests_with_secret(instance, "shop.example.test"):
        return execute(attacker, inspect.getsource(arp_spoofing), *addresses, SECRET)


def execute(container: Container, source: str, *arguments: str) -> tuple[int, str]:
    """Run Python code as the container's user. Returns the exit code and what it printed."""
    done = container.exec_run(["python3", "-c", source, *arguments])
    assert isinstance(done.output, bytes)
    assert done.exit_code is not None
    return done.exit_code, done.output.decode("latin-1")


def test_application_does_not_answer_for_the_address_of_another(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "shop", plain(tools, "shop", "shop.example.test"))
    instance.add(Side.PUBLIC, "attacker", plain(tools, "attacker", "attacker.example.test", more=ROOT))
    assert instance.start().ok
    instance.wait("shop.example.test")
    code, read = spoof(instance)
    assert SECRET not in read
    assert code == REFUSED, read
    # Where the file asks for it, the same attack works: what fails above is the right, not the attack.
    more = f"{ROOT}    cap_add: [NET_RAW]\n"
    instance.add(Side.PUBLIC, "attacker", plain(tools, "attacker", "attacker.example.test", more=more))
    assert instance.start().ok
    code, read = spoof(instance)
    assert code == READ, read
    assert SECRET in read


def test_application_opens_no_raw_socket(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "attacker", plain(tools, "attacker", "attacker.example.test", more=ROOT))
    assert instance.start().ok
    attacker = instance.cluster.client.containers.get(instance.container("attacker"))
    answers = [execute(attacker, f"import socket; socket.socket(socket.{each})") for each in RAW_SOCKETS]
    assert [(code, "PermissionError" in printed) for code, printed in answers] == [(1, True)] * len(RAW_SOCKETS)
