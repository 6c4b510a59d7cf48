"""Versions of one image that behave in different ways, and the command line, for tests of deploys."""

from __future__ import annotations

import contextlib
import io
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from docker.errors import ImageNotFound

from installer.cli import main
from runtime.base import command, failpoints
from tests.support.engine import Instance

if TYPE_CHECKING:
    from docker import DockerClient

HOST = "a.example.test"
EXITS = 'ENTRYPOINT ["sh", "-c", "echo migration needs more; exit 2"]'


@dataclass(frozen=True)
class Versions:
    """Versions of an image, each under a tag; their repository is no other test's."""

    client: DockerClient
    tools: str
    repository: str

    def make(self, *tags: str, more: str = "") -> None:
        """Build versions that answer with their tag, unless `more` lines of their recipe change that."""
        for tag in tags:
            recipe = f'FROM {self.tools}\nCMD ["{tag}"]\n{more}\n'
            self.client.images.build(
                fileobj=io.BytesIO(recipe.encode()), tag=self[tag], rm=True, forcerm=True, network_mode="none"
            )

    def __getitem__(self, tag: str) -> str:
        return f"{self.repository}:{tag}"

    @property
    def here(self) -> set[str]:
        """The tags that are on the host."""
        listed = self.client.images.list(name=self.repository)
        return {
            name.rpartition(":")[2] for image in listed for name in image.tags if name.startswith(self.repository)
        }

    def file(self, tag: str, order: str = "stop-first") -> str:
        """Return an application file with the comments and spaces of a user."""
        return (
            f"# our blog\nx-external-host-names: [{HOST}]  # one\nx-container-port: 8080\n"
            f"x-rollout: {{order: {order}, watch_time: 1s}}\n"
            f"services:\n  application:\n    stop_grace_period: 0s\n    image:   '{self[tag]}'   # the version\n"
        )


@contextmanager
def made_versions(client: DockerClient, tools: str) -> Iterator[Versions]:
    """Yield a repository of versions; all of them are removed at the end."""
    versions = Versions(client, tools, f"localhost/shoestring-test/deploy-{secrets.token_hex(4)}")
    try:
        yield versions
    finally:
        for tag in versions.here:
            with contextlib.suppress(ImageNotFound):
                client.images.remove(versions[tag], force=True)


@dataclass(frozen=True)
class Answer:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str


def shoestring(instance: Instance, *arguments: str) -> Answer:
    """Run the command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    argv = [*arguments, "--data-directory", str(instance.paths.root)]
    with redirect_stdout(out), redirect_stderr(err):
        code = _run(argv)
    return Answer(code, out.getvalue(), err.getvalue())


def _run(argv: list[str]) -> int:
    with patch.object(sys, "argv", ["shoestring", *argv]):
        try:
            main.main()
        except SystemExit as ended:
            return int(ended.code or 0)
    return 0


def killed_at(instance: Instance, point: str, *arguments: str) -> command.Result:
    """Run the command line in a process that kills itself at a failpoint."""
    argv = (
        sys.executable,
        "-c",
        "from installer.cli.main import main; main()",
        *arguments,
        "--data-directory",
        str(instance.paths.root),
    )
    return command.run(argv, environment={failpoints.VARIABLE: f"kill:{point}"}, directory=Path(__file__).parents[3])


def log_of(instance: Instance) -> list[str]:
    """Return the subjects of the commits in conf/, the newest first."""
    argv = ("git", "-C", str(instance.paths.conf), "log", "--format=%s")
    return command.check(argv).out.splitlines()


def served_version(instance: Instance) -> str:
    """Return the version that answers for `HOST`."""
    return instance.wait(HOST).body.strip()


def git(instance: Instance, *arguments: str) -> str:
    """Run git in conf/; return its output."""
    return command.check(("git", "-C", str(instance.paths.conf), *arguments)).out


def images_that_run(instance: Instance) -> list[str]:
    """Return the images of the containers of application `a`."""
    listed = instance.cluster.client.api.containers(
        filters={"label": [f"shoestring.instance={instance.settings.instance}", "shoestring.application=a"]}
    )
    return [str(each["Image"]) for each in listed]
