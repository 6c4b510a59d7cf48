"""Local images keep the contract of the official ones.

With SHOESTRING_TEST_OFFICIAL_IMAGES=1 the official ones are pulled and checked too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml
from docker import DockerClient
from docker.models.containers import Container

from installer.images import fetch, list_images, needed
from runtime.docker import images
from runtime.docker.images import BUSYBOX, CATALOGUE, HAPROXY, PinnedImage

pytestmark = pytest.mark.engine

LOCAL, OFFICIAL = "local", "registry"
SOURCES = (LOCAL, OFFICIAL) if os.environ.get("SHOESTRING_TEST_OFFICIAL_IMAGES") else (LOCAL,)
RECIPES = tuple(image for image in CATALOGUE if image.recipe)
TESTS = {"directory": "-d", "file": "-f", "executable": "-x"}
# As the core's Compose file runs it.
HARDENED = {"cap_drop": ["ALL"], "read_only": True, "security_opt": ["no-new-privileges"]}
CONFIGURATION = """
global
  maxconn 100
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend all
  bind :80
  http-request return status 200 content-type text/plain string served
"""


@dataclass(frozen=True)
class Run:
    """A command that an image must be able to run, and a regular expression for what it prints."""

    about: str
    command: list[str]
    prints: str


@dataclass(frozen=True)
class Contract:
    """The contract.yaml of a recipe; the first keys are as in the Config of `docker image inspect`."""

    reference: str
    sources: list[str]
    user: str
    entrypoint: list[str]
    cmd: list[str]
    working_dir: str
    stop_signal: str
    environment: dict[str, str]
    paths: dict[str, str]
    runs: list[Run]
    tmpfs: list[str] = field(default_factory=list)


def contract(image: PinnedImage) -> Contract:
    values = yaml.safe_load((images.recipe_folder(image) / images.CONTRACT).read_text())
    return Contract(**{**values, "runs": [Run(**run) for run in values["runs"]]})


@pytest.fixture(scope="module")
def client() -> Iterator[DockerClient]:
    connected = docker.from_env()
    yield connected
    connected.close()


@pytest.fixture(scope="module", params=SOURCES)
def source(request: pytest.FixtureRequest, client: DockerClient) -> str:
    """Build or pull what is missing, and keep it for the next run."""
    fetch(client, needed(client, request.param, [image.reference for image in RECIPES]))
    return str(request.param)


@pytest.fixture(params=RECIPES, ids=lambda image: image.name)
def image(request: pytest.FixtureRequest) -> PinnedImage:
    """Each image that has a recipe."""
    image: PinnedImage = request.param
    return image


@pytest.fixture
def name(image: PinnedImage, source: str) -> str:
    """What the engine calls the image under test."""
    return images.effective(image.reference, source)


@pytest.fixture
def haproxy(source: str) -> str:
    """What the engine calls the haproxy image under test."""
    return images.effective(HAPROXY.reference, source)


@pytest.fixture
def configuration(tmp_path: Path) -> dict[str, dict[str, str]]:
    """A small configuration, as a volume of haproxy's."""
    (tmp_path / "haproxy.cfg").write_text(CONFIGURATION)
    tmp_path.chmod(0o755)
    return {str(tmp_path): {"bind": "/usr/local/etc/haproxy", "mode": "ro"}}


def run(client: DockerClient, name: str, command: list[str], **options: Any) -> str:
    """Run a command; return its output. The SDK with `remove` may remove the container before it has read its log."""
    container = client.containers.run(name, command, detach=True, cap_drop=["ALL"], read_only=True, **options)
    try:
        code = container.wait(timeout=30)["StatusCode"]
        output: bytes = container.logs()
    finally:
        container.remove(force=True)
    assert code == 0, output.decode()
    return output.decode().strip()


def served_by(client: DockerClient, container: Container) -> str:
    """Return what a container answers at its port 80, as soon as it does."""
    fetch = "for n in $(seq 50); do wget -qO- http://127.0.0.1/ 2>/dev/null && exit; sleep 0.1; done; exit 1"
    busybox = images.effective(BUSYBOX.reference, LOCAL)
    return run(client, busybox, ["sh", "-c", fetch], network_mode=f"container:{container.id}")


def test_contract_is_of_pinned_image(image: PinnedImage) -> None:
    assert contract(image).reference == image.reference
    assert contract(image).sources


def test_image_configuration_matches_contract(client: DockerClient, image: PinnedImage, name: str) -> None:
    promised, config = contract(image), client.images.get(name).attrs["Config"]
    found = {
        "user": config.get("User") or "",
        "entrypoint": config.get("Entrypoint") or [],
        "cmd": config.get("Cmd") or [],
        # Newer engines say / where none is set.
        "working_dir": (config.get("WorkingDir") or "").removesuffix("/"),
        "stop_signal": config.get("StopSignal") or "",
    }
    assert found == {key: getattr(promised, key) for key in found}
    environment = dict(pair.split("=", 1) for pair in config.get("Env") or [])
    assert promised.environment.items() <= environment.items()


def test_image_has_paths_of_contract(client: DockerClient, image: PinnedImage, name: str) -> None:
    checks = [
        f"test {TESTS[kind]} {path} || echo {path} is no {kind}" for path, kind in contract(image).paths.items()
    ]
    # Not through the entry point: that of some images is their one program.
    assert run(client, name, [], entrypoint=["sh", "-c", "\n".join(checks)]) == ""


def test_image_runs_commands_of_contract(client: DockerClient, image: PinnedImage, name: str) -> None:
    promised = contract(image)
    tmpfs = dict.fromkeys(promised.tmpfs, "")
    for each in promised.runs:
        assert re.search(each.prints, run(client, name, each.command, tmpfs=tmpfs), re.MULTILINE), each.about


def test_haproxy_serves_and_stops_with_options_of_core(
    client: DockerClient, haproxy: str, configuration: dict[str, dict[str, str]]
) -> None:
    master = ["haproxy", "-W", "-db", "-S", "/run/haproxy/master.sock,mode,600"]
    command = [*master, "-f", "/usr/local/etc/haproxy/haproxy.cfg"]
    options: dict[str, Any] = {**HARDENED, "user": "99:99", "tmpfs": {"/run/haproxy": "uid=99,gid=99"}}
    container = client.containers.run(haproxy, command, detach=True, volumes=configuration, **options)
    try:
        assert served_by(client, container) == "served"
        container.stop(timeout=10)
        container.reload()
        assert container.attrs["State"]["ExitCode"] == 0, container.logs().decode()
    finally:
        container.remove(force=True)


def test_haproxy_default_command_runs_master_in_foreground(
    client: DockerClient, haproxy: str, configuration: dict[str, dict[str, str]]
) -> None:
    options: dict[str, Any] = HARDENED
    container = client.containers.run(haproxy, detach=True, volumes=configuration, **options)
    try:
        assert served_by(client, container) == "served"
        top = container.top()
        commands = [row[top["Titles"].index("CMD")] for row in top["Processes"]]
        assert commands == ["haproxy -W -db -f /usr/local/etc/haproxy/haproxy.cfg"] * 2
    finally:
        container.remove(force=True)


def test_local_images_labels_sizes_and_base(client: DockerClient, source: str) -> None:
    for image in RECIPES:
        labels = client.images.get(images.local_name(image)).labels
        assert labels[images.IMAGE_LABEL] == image.name
        assert labels[images.RECIPE_LABEL] == images.recipe_hash(image)
    states = {state.image: state for state in list_images(client, LOCAL)}
    assert all(states[image.name].present for image in RECIPES)
    assert states["base"].size < 90_000_000
    assert states["haproxy"].size - states["haproxy"].shared < 15_000_000
    assert states["haproxy"].shared == states["base"].size
    assert states["busybox"].size < 4_000_000
    assert states["certbot"].size - states["certbot"].shared < 60_000_000
    assert states["lego"].size - states["lego"].shared < 45_000_000
