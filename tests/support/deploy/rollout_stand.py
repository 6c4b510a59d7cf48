"""An application of a test on shared proxies, and rollouts of it.

A process that a failpoint can end: python -m tests.support.deploy.rollout_stand DIRECTORY APPLICATION
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from runtime.base import command, failpoints, files
from runtime.base.paths import Paths, Side
from runtime.context.change import Step
from runtime.context.cluster import Cluster, open_cluster
from runtime.docker.compose import environment
from runtime.docker.observed import Container, observe
from runtime.proxy import slots
from runtime.reconcile.desired import build, read
from runtime.rollout import health, start_first
from runtime.rollout.context import RolloutContext
from tests.support.clients.load import Load
from tests.support.engine import Instance, plain

ROOT = Path(__file__).parents[3]
# Instead of the 10 s of a real rollout, where a test is about something else.
SHORT_WATCH_SECONDS = 1.5


def site_of(cluster: Cluster, name: str) -> RolloutContext:
    """Return the context of a rollout, and write the project's generated file."""
    desired = build(read(cluster.settings, cluster.paths), cluster.paths, cluster.run)
    project = next(each for each in desired.projects if each.application == name)
    application = next(each for each in desired.applications if each.name == name)
    files.make_directory(project.generated.file.parent)
    files.write(project.generated.file, project.generated.content)

    def compose(argv: tuple[str, ...]) -> None:
        command.check(argv, environment=environment(desired.variables), clear_env=True)

    master = cluster.run.master_socket(application.side)
    configuration = (cluster.paths.proxy_generated(application.side) / "haproxy.cfg").read_text()
    return RolloutContext(cluster.client, master, compose, project, application, configuration)


@dataclass
class Stage:
    """One application of an instance, with the test server."""

    instance: Instance
    name: str
    image: str
    side: Side = Side.PUBLIC
    # Lines before `services`, and lines of the service.
    top: str = ""
    steps: list[Step] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"{self.name}.example.test"

    def write(self, version: str, more: str = "") -> None:
        """Write the application file, with the server's name for its version."""
        self.instance.add(self.side, self.name, self.top + plain(self.image, version, self.host, more=more))

    def begin(self, version: str = "v1", more: str = "") -> None:
        """Start a first version, and wait until it serves."""
        self.write(version, more)
        self.instance.start()
        self.instance.wait(self.host, side=self.side)

    def end(self) -> None:
        """Remove it."""
        self.instance.file(self.side, self.name).unlink()
        self.instance.start()

    @property
    def site(self) -> RolloutContext:
        return site_of(self.instance.cluster, self.name)

    def roll(self, *others: str, watch: float = SHORT_WATCH_SECONDS) -> None:
        """Roll out what the file says, in this process."""
        site = self.site
        assert start_first.is_possible(site)
        with patch.object(health, "WATCH_SECONDS", watch):
            start_first.roll(site, others, self.steps.append)

    def roll_until(self, fault: str) -> int:
        """Roll out in a process that is killed at a failpoint. Returns its exit code."""
        environment = {**os.environ, failpoints.VARIABLE: f"kill:{fault}"}
        argv = [sys.executable, "-m", __name__, str(self.instance.paths.root), self.name]
        return subprocess.run(argv, env=environment, cwd=ROOT, check=False).returncode

    def load(self, **plan: object) -> Load:
        """Return a constant load on the application."""
        assert self.instance.settings.public
        return Load(self.instance.settings.public.https_port, self.host, **plan)

    def containers(self) -> tuple[Container, ...]:
        seen = observe(self.instance.cluster.client, self.instance.settings.instance)
        return seen.of(self.name)

    def versions(self) -> list[tuple[str, str]]:
        """Return state and version of each container."""
        api = self.instance.cluster.client.api
        return [(each.state, api.inspect_container(each.id)["Config"]["Cmd"][0]) for each in self.containers()]

    def slots_in_rotation(self) -> list[str]:
        """Return the server slots without forced maintenance or drain, whether or not they have a container."""
        from runtime.proxy.sockets import ask

        master = self.instance.cluster.run.master_socket(self.side)
        rows = [
            line.split()
            for backend in self.site.backends
            for line in ask(master, f"@1 show servers state {backend}\nquit").splitlines()[2:]
        ]
        # Bits 1 and 8 are forced maintenance and drain; 32 is "no address".
        return [f"{row[1]}/{row[3]}" for row in rows if len(row) > 6 and int(row[6]) & ~32 == 0]

    def slots(self) -> tuple[slots.Slot, ...]:
        return self.site.slots()


def variables(**values: object) -> str:
    """Return the lines of a service that set environment variables."""
    return f"    environment: {{{', '.join(f'{key}: {str(value)!r}' for key, value in values.items())}}}\n"


def assert_finished(stage: Stage, version: str, load: Load) -> None:
    """Assert that one container runs, that all server slots are in rotation and no request was lost."""
    print(load.result)
    assert load.result.failed == 0, load.result
    assert stage.versions() == [("running", version)]
    assert len(stage.slots_in_rotation()) == 4 * len(stage.site.backends)
    assert stage.instance.get(stage.host).body == f"{version}\n"


def main() -> None:
    root, name = sys.argv[1:3]
    cluster = open_cluster(Paths(Path(root)))
    site = site_of(cluster, name)
    with patch.object(health, "WATCH_SECONDS", SHORT_WATCH_SECONDS):
        start_first.roll(site, (), lambda step: print(step, flush=True))


if __name__ == "__main__":
    main()
