"""Telegraf for tests: built from the Go module proxy with the plugins that our configuration uses, and cached.

The program is kept as a file, so that a new engine or a new base needs no new build. It takes Go 1.26 or later: that
of this machine, else Debian's in a container.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from installer import images
from runtime.base import files
from runtime.docker.images import BASE, TELEGRAF, local_name
from tests.support.cache import CACHE
from tests.support.engine import built_image

if TYPE_CHECKING:
    from docker import DockerClient

FOLDER = Path(__file__).parents[1] / "images" / "telegraf"
VERSION = TELEGRAF.reference.partition(":")[2].partition("-")[0]
# The version in Telegraf's go.mod.
NEEDED_GO = (1, 26)
DEBIANS_GO = "golang-1.26-go"
DEBIANS_BUILD = f"""\
echo deb http://deb.debian.org/debian trixie-backports main >/etc/apt/sources.list.d/backports.list
install-packages {DEBIANS_GO}/trixie-backports golang-1.26-src/trixie-backports
PATH=/usr/lib/go-1.26/bin:$PATH
exec /build/build.sh {VERSION} /made
"""


def telegraf_image(client: DockerClient) -> str:
    """Build what is missing; return the name of the image."""
    script = (FOLDER / "build.sh").read_bytes()
    program = CACHE / f"telegraf-{VERSION}-{hashlib.sha256(script).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with files.lock(CACHE / "telegraf.lock", timeout=1800):
        if not program.exists():
            _build(client, program)
    with tempfile.TemporaryDirectory() as scratch:
        # Not in the folder of the recipe: the program is large, and not a source.
        context = Path(scratch) / "telegraf"
        shutil.copytree(FOLDER, context)
        shutil.copy(program, context / "telegraf")
        return built_image(client, context)


def _build(client: DockerClient, program: Path) -> None:
    with tempfile.TemporaryDirectory(dir=CACHE) as made:
        own = _own_go()
        if own:
            environment = {**os.environ, "PATH": f"{own}:{os.environ['PATH']}"}
            subprocess.run([FOLDER / "build.sh", VERSION, made], check=True, timeout=1800, env=environment)
        else:
            _build_in_container(client, Path(made))
        (Path(made) / "telegraf").replace(program)


def _own_go() -> str:
    """Return the directory of this machine's Go, if it is new enough."""
    go = shutil.which("go", path=f"{os.environ['PATH']}:/usr/local/go/bin")
    if not go:
        return ""
    said = subprocess.run([go, "version"], capture_output=True, text=True, check=True, timeout=60).stdout
    found = re.search(r"go(\d+)\.(\d+)", said)
    return str(Path(go).parent) if found and (int(found[1]), int(found[2])) >= NEEDED_GO else ""


def _build_in_container(client: DockerClient, made: Path) -> None:
    images.build(client)
    volumes = {
        str(FOLDER): {"bind": "/build", "mode": "ro"},
        str(made): {"bind": "/made", "mode": "rw"},
        # The CAs that this machine trusts.
        "/etc/ssl/certs": {"bind": "/etc/ssl/certs", "mode": "ro"},
    }
    container = client.containers.run(
        local_name(BASE), ["sh", "-ec", DEBIANS_BUILD], detach=True, network_mode="host", volumes=volumes
    )
    try:
        code = container.wait(timeout=1800)["StatusCode"]
        assert code == 0, container.logs(tail=20).decode()
    finally:
        container.remove(force=True)


if __name__ == "__main__":
    # Before the tests: the first build takes longer than one test may.
    from runtime.docker import engine

    print(telegraf_image(engine.connect()))
