"""Services that exist in tests only, and the command line that knows no others."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pexpect

from runtime.base.paths import Paths
from tests.support.builders.services import service
from tests.support.engine import Instance

# The command line, with the services of the test instead of the default ones.
CLI = """
import sys
from pathlib import Path
from installer.services import catalogue
catalogue.FOLDER = Path(sys.argv.pop(1))
from installer.cli.main import main
main()
"""
SECONDS = 180
OWNER = 1234
# It writes to its folder as its own user, reads its configuration, and serves both.
APPLICATION = """\
x-external-host-names: [NAME.{{ settings.internal_domain }}]
x-container-port: 8080
TCPservices:
  application:
    image: IMAGE
    networks: [{{ settings.networks.internal }}EXTRA]
    user: "1234:1234"
    read_only: true
    restart: unless-stopped
    entrypoint: [/bin/sh, -c]
    command: ["COMMAND exec python3 /server.py NAME"]
    environment: {PASSWORD: "${STORE_PASSWORD}"}
    stop_grace_period: 0s
    mem_limit: 64m
    volumes: ["${DATA_BASE_PATH}/store:/data", "../store:/etc/store:ro"]
"""


@dataclass(frozen=True)
class Services:
    """A folder of services, and an instance to add them to."""

    folder: Path
    instance: Instance
    tcp: int

    @property
    def paths(self) -> Paths:
        return self.instance.paths

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run `shoestring` as a process of its own; return its output."""
        command = (sys.executable, "-c", CLI, str(self.folder), *arguments)
        done = subprocess.run(
            (*command, "--data-directory", str(self.paths.root)),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def at_terminal(self, *arguments: str) -> str:
        """Run `shoestring` in a terminal of its own; it must succeed. Return its output."""
        words = ("-c", CLI, str(self.folder), *arguments, "--data-directory", str(self.paths.root))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        result: str | tuple[str, int] = pexpect.run(
            shlex.join((sys.executable, *words)),
            timeout=SECONDS,
            withexitstatus=True,
            env=environment,
            encoding="utf-8",
        )
        assert isinstance(result, tuple)
        said, code = result
        assert code == 0, said
        return said

    def states(self) -> dict[str, str]:
        answer = json.loads(self.run("service", "list", "--json"))
        return {each["name"]: each["state"] for each in answer["services"]}


def write(folder: Path, name: str, description: str, image: str, command: str, tcp: int = 0) -> None:
    text = APPLICATION.replace("IMAGE", image).replace("COMMAND", command)
    text = text.replace("EXTRA", ", things" if tcp else "")
    text = text.replace("TCP", f'x-external-tcp-ports: ["{tcp}:9000"]\n' if tcp else "")
    service(folder, name, description, text)
