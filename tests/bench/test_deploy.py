"""Whether reloads, deploys, a rollback and bad versions lose a request, under a constant load."""

from __future__ import annotations

import http.client
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import WebSocketException

from runtime.base.paths import Side
from runtime.docker import engine
from tests.support.clients.load import Load, Result
from tests.support.clients.websocket import open_websocket
from tests.support.deploy.stand import EXITS, Versions, made_versions
from tests.support.engine import LOOPBACK, Instance, new_settings, no_trust, plain, tools_image, until

if TYPE_CHECKING:
    from docker import DockerClient

HOST, OTHER_HOST = "a.example.test", "b.example.test"
START_SECONDS = 5
DOWNLOAD_SECONDS = 20
DOWNLOAD_BYTES = 10 * DOWNLOAD_SECONDS
MOST_SECONDS_MORE = 3.0
LEAST_RATE = 200
RELOADS = 10
# How the names of the changes begin that bring another version.
GOOD = ("deploy of version", "rollback")
SLOW = f"ENV SERVE_AFTER={START_SECONDS}"
# Only a file, so that the proxy has another configuration each time.
CHANGING = "x-external-host-names: [r{0}.example.test, s{0}.example.test]\n"
FILE = """\
x-external-host-names: [{host}]
x-container-port: 8080
x-health-check: /health
x-rollout: {{order: start-first, health_timeout: 15s, drain_timeout: 30s}}
services:
  application:
    image: {image}
    stop_grace_period: 0s
"""


@dataclass(frozen=True)
class Phase:
    """What a change under load came to. `served` is the seconds to the first request that the new version served."""

    name: str
    seconds: float
    load: Result = field(repr=False)
    downloaded: int
    served: float | None = None

    def __str__(self) -> str:
        low, high = (f"{1000 * self.load.percentile(share):.0f} ms" for share in (0.5, 0.99))
        served = f"{self.served:.1f} s" if self.served else ""
        cells = [
            *(self.name, f"{self.seconds:.1f} s", served, f"{self.load.requests}", f"{self.load.rate:.0f}"),
            *(f"{self.load.failed}", low, high, "complete" if self.downloaded == DOWNLOAD_BYTES else "cut"),
        ]
        return f"| {' | '.join(cells)} |"


HEAD = """
| change | command took | first request served | requests | new connections/s | failed | p50 | p99 | download |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


@dataclass
class Socket:
    """A websocket to the other application that is in constant use."""

    port: int
    echoes: int = 0
    broken: str = ""
    done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        try:
            self.talk()
        except (WebSocketException, OSError, AssertionError) as error:
            self.broken = f"{type(error).__name__}: {error} after {self.echoes} echoes"

    def talk(self) -> None:
        with open_websocket(OTHER_HOST, self.port, no_trust()) as opened:
            while not self.done.wait(0.2):
                opened.send(str(self.echoes))
                assert opened.recv() == str(self.echoes)
                self.echoes += 1


@dataclass
class Stand:
    """An instance with the application under load, another one, and the phases so far."""

    instance: Instance
    versions: Versions
    phases: list[Phase] = field(default_factory=list, repr=False)
    # What each command printed, with the times of its steps.
    said: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def port(self) -> int:
        public = self.instance.settings.public
        assert public
        return public.https_port

    def shoestring(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line as a user does."""
        program = Path(sys.executable).with_name("shoestring")
        argv = (str(program), *arguments, "--data-directory", str(self.instance.paths.root))
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    def download(self) -> int:
        """Return how many bytes of a slow answer come; a connection that breaks ends it."""
        with closing(
            http.client.HTTPSConnection(LOOPBACK, self.port, timeout=DOWNLOAD_SECONDS, context=no_trust())
        ) as connection:
            connection.request("GET", f"/drip?{DOWNLOAD_SECONDS}", headers={"Host": HOST})
            response = connection.getresponse()
            try:
                return len(response.read())
            except http.client.IncompleteRead as error:
                return len(error.partial)
            except OSError:
                return 0

    @contextmanager
    def loaded(self, name: str, new: str = "") -> Iterator[None]:
        """Load and a download around one change, until the download is over. `new` is the version that it brings."""
        with ThreadPoolExecutor(1) as pool, Load(self.port, HOST) as load:
            until(load.snapshot, lambda seen: seen.requests > LEAST_RATE)
            download: Future[int] = pool.submit(self.download)
            began = time.monotonic()
            yield
            seconds = time.monotonic() - began
            downloaded = download.result()
        first = load.result.first.get(new)
        self.phases.append(Phase(name, seconds, load.result, downloaded, first - began if first else None))

    def reload(self) -> None:
        """Ten reloads, each with other host names."""
        with self.loaded(f"{RELOADS} reloads"):
            for number in range(RELOADS):
                self.instance.add(Side.PUBLIC, "changing", changing(self.versions, number))
                done = self.shoestring("reload")
                assert done.returncode == 0, done
                assert "loaded" in done.stdout, done

    def change(self, name: str, *arguments: str, new: str) -> None:
        """Make a deploy or a rollback that works."""
        with self.loaded(name, new):
            done = self.shoestring(*arguments)
            self.said[name] = done.stdout
        assert done.returncode == 0, done
        assert self.instance.get(HOST).body.strip() == new

    def refuse(self, name: str, tag: str, old: str) -> None:
        """Deploy a bad version."""
        with self.loaded(name, tag):
            done = self.shoestring("deploy", "a", tag)
        assert done.returncode == 1, done
        assert self.instance.get(HOST).body.strip() == old

    def start_seconds(self, tag: str, times: int = 3) -> float:
        """Return how long the application alone takes: from the command to its first answer; the median."""
        return statistics.median(self.start_once(tag) for _ in range(times))

    def start_once(self, tag: str) -> float:
        client = self.instance.cluster.client
        began = time.monotonic()
        container = client.containers.run(self.versions[tag], detach=True)
        try:
            container.reload()
            address = container.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
            until(lambda: socket.create_connection((address, 8080), 1).close(), lambda _: True)
            return time.monotonic() - began
        finally:
            container.remove(force=True)


def changing(versions: Versions, number: int) -> str:
    return (
        CHANGING.format(number) + f"x-container-port: 8080\nservices: {{application: {{image: {versions['1']}}}}}\n"
    )


def make(versions: Versions) -> None:
    """Good versions 1 to 4, and three bad ones; one more does not exist."""
    versions.make("1", "2", "3", "4", more=SLOW)
    versions.make("exits", more=EXITS)
    versions.make("unhealthy", more=f"{SLOW}\nENV HEALTH=500")
    versions.make("falls", more=f"{SLOW}\nENV EXIT_AFTER={START_SECONDS + 4}")


@pytest.fixture
def client() -> Iterator[DockerClient]:
    with closing(engine.connect()) as connected:
        yield connected


@pytest.fixture
def stand(tmp_path: Path, client: DockerClient) -> Iterator[Stand]:
    with ExitStack() as stack:
        tools = tools_image(client)
        versions = stack.enter_context(made_versions(client, tools))
        make(versions)
        instance = stack.enter_context(closing(Instance(tmp_path / "data-directory", new_settings())))
        instance.add(Side.PUBLIC, "a", FILE.format(host=HOST, image=versions["1"]))
        instance.add(Side.PUBLIC, "b", plain(tools, "b", OTHER_HOST))
        instance.add(Side.PUBLIC, "changing", changing(versions, RELOADS))
        assert instance.start().ok
        yield Stand(instance, versions)


@contextmanager
def websocket(port: int) -> Iterator[Socket]:
    """Yield a websocket in use, in a thread of its own."""
    opened = Socket(port)
    thread = threading.Thread(target=opened.run)
    thread.start()
    try:
        yield opened
    finally:
        opened.done.set()
        thread.join()


def carry_out(stand: Stand) -> None:
    """Make all changes, one after the other."""
    stand.reload()
    for tag in ("2", "3", "4"):
        stand.change(f"deploy of version {tag}", "deploy", "a", tag, new=tag)
    stand.change("rollback to version 3", "rollback", "a", new="3")
    stand.refuse("deploy of an image that does not exist", "none", "3")
    stand.refuse("deploy: it exits at its start", "exits", "3")
    stand.refuse("deploy: it never becomes healthy", "unhealthy", "3")
    stand.refuse("deploy: healthy, and exits 4 s later", "falls", "3")


@pytest.mark.timeout(900)
def test_deploy_under_load_loses_no_request(stand: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    own = stand.start_seconds("1")
    try:
        with websocket(stand.port) as opened:
            carry_out(stand)
    finally:
        with capsys.disabled():
            print("\n".join([HEAD, *map(str, stand.phases)]))
            print(f"\nThe application alone starts in {own:.1f} s. The websocket had {opened.echoes} echoes.")
            print("\n".join(f"{each.name}: {each.load}" for each in stand.phases if each.load.failed))
    assert [f"{each.name}: {each.load}" for each in stand.phases if each.load.failed] == []
    assert (opened.broken, opened.echoes > 0) == ("", True)
    assert [each.name for each in stand.phases if each.downloaded != DOWNLOAD_BYTES] == []
    assert [each.name for each in stand.phases if each.load.rate < LEAST_RATE] == []
    good = [each for each in stand.phases if each.name.startswith(GOOD)]
    assert [each.served is not None for each in good] == [True] * 4
    late = [each for each in good if each.served and each.served > own + MOST_SECONDS_MORE]
    assert late == [], "\n".join(stand.said[each.name] for each in late)
