"""Building with a real engine: only what is missing, errors with their last lines, nothing left behind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker import DockerClient

from installer.images import BuildError, ImageNeed, ImageOutcome, Progress, build, fetch, list_images, needed
from installer.images.lookup import find_local
from runtime.base.errors import ShoestringError
from runtime.docker import images
from runtime.docker.images import CORE, HAPROXY, PinnedImage

pytestmark = pytest.mark.engine

PROBE = PinnedImage("test-probe", "test-probe:1", "test-probe")
GONE = "shoestring-test/never-made:1"


@pytest.fixture(scope="module")
def client() -> Iterator[DockerClient]:
    connected = docker.from_env()
    build(connected)
    yield connected
    connected.close()


@pytest.fixture
def probe(client: DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Dockerfile on the shared base that a test may write; its images are removed."""
    copy = tmp_path / "templates"
    shutil.copytree(images.TEMPLATES / "images", copy / "images")
    monkeypatch.setattr(images, "TEMPLATES", copy)
    (copy / "images" / PROBE.recipe).mkdir()
    yield copy / "images" / PROBE.recipe / "Dockerfile"
    for image in client.images.list(filters={"label": f"{images.IMAGE_LABEL}={PROBE.name}"}):
        client.images.remove(str(image.id), force=True)


def dockerfile(*steps: str) -> str:
    return "\n".join(("ARG BASE", "FROM ${BASE}", *steps, ""))


def test_build_present_images(client: DockerClient) -> None:
    reported: list[Progress] = []
    before = [client.images.get(images.local_name(image)).id for image in CORE]
    results = build(client, report=reported.append)
    assert [result.outcome for result in results] == [ImageOutcome.PRESENT] * len(CORE)
    assert reported == []
    assert [client.images.get(images.local_name(image)).id for image in CORE] == before


def test_build_reports_progress_and_result(client: DockerClient, probe: Path) -> None:
    probe.write_text(dockerfile("RUN echo hello from the build"))
    reported: list[Progress] = []
    base, made = build(client, (PROBE,), report=reported.append)
    assert base.outcome is ImageOutcome.PRESENT
    assert (made.image, made.name, made.outcome) == (PROBE.name, images.local_name(PROBE), ImageOutcome.BUILT)
    assert made.shared == base.size == base.own
    assert 0 <= made.own < 1_000_000
    assert "hello from the build" in [progress.line for progress in reported]
    assert [progress.seconds for progress in reported] == sorted(progress.seconds for progress in reported)


def test_build_changed_recipe(client: DockerClient, probe: Path) -> None:
    probe.write_text(dockerfile("LABEL version=1"))
    build(client, (PROBE,))
    first = images.local_name(PROBE)
    probe.write_text(dockerfile("LABEL version=2"))
    build(client, (PROBE,))
    assert find_local(client, first) is None
    assert find_local(client, images.local_name(PROBE)) is not None


def test_build_keeps_image_in_use(client: DockerClient, probe: Path) -> None:
    probe.write_text(dockerfile("LABEL version=1"))
    build(client, (PROBE,))
    first = images.local_name(PROBE)
    container = client.containers.create(first)
    try:
        probe.write_text(dockerfile("LABEL version=2"))
        build(client, (PROBE,))
        assert find_local(client, first) is not None
    finally:
        container.remove()


def test_build_failure(client: DockerClient, probe: Path) -> None:
    probe.write_text(dockerfile("RUN echo about to fail >&2; exit 7"))
    with pytest.raises(BuildError) as caught:
        build(client, (PROBE,))
    sentence, *lines = str(caught.value).splitlines()
    assert "test-probe could not be built" in sentence
    assert "exit code 7" in sentence
    assert "  | about to fail" in lines
    assert not any("\x1b" in line for line in lines)
    assert find_local(client, images.local_name(PROBE)) is None
    assert not [each for each in client.api.containers(all=True) if "about to fail" in each["Command"]]


def test_build_without_registry_and_mmdebstrap(client: DockerClient, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing listens on port 1.
    monkeypatch.setattr(images, "BASE", PinnedImage("base", "127.0.0.1:1/debian:none", "base"))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ShoestringError, match="apt-get install mmdebstrap debian-archive-keyring"):
        build(client, (HAPROXY,))


def test_needed_missing_images_only(client: DockerClient) -> None:
    references = [HAPROXY.reference, f"docker.io/library/{HAPROXY.reference}", GONE, GONE]
    needs = needed(client, "local", references)
    assert needs == (ImageNeed(GONE, needs[0].action, GONE),)
    assert needed(client, "local", ["Not:a:reference"])[0].name == "Not:a:reference"


def test_fetch_builds_image_with_recipe(client: DockerClient, probe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    probe.write_text(dockerfile("LABEL version=fetched"))
    monkeypatch.setattr(images, "CATALOGUE", (*images.CATALOGUE, PROBE))
    needs = needed(client, "local", [PROBE.reference])
    assert [need.name for need in needs] == [images.local_name(PROBE)]
    assert fetch(client, needs)[-1].outcome is ImageOutcome.BUILT
    assert needed(client, "local", [PROBE.reference]) == ()
    listed = {state.image: state for state in list_images(client, "local")}
    assert listed[PROBE.name].present
    assert listed[PROBE.name].shared == listed["base"].size
