"""Pulling with a real engine, from a small registry on the loopback address, where engines ask for no TLS."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker import DockerClient

from installer.images import ImageAction, ImageNeed, ImageOutcome, Progress, PullError, fetch, pull
from installer.images.lookup import find_local
from runtime.base.errors import ShoestringError
from runtime.proxy import check
from tests.support.deploy.registry import LAYER, PAYLOAD_BYTES, Registry, open_registry

pytestmark = pytest.mark.engine


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A registry with one image."""
    with open_registry() as opened:
        yield opened


@pytest.fixture
def client(registry: Registry) -> Iterator[DockerClient]:
    connected = docker.from_env()
    yield connected
    if find_local(connected, registry.reference):
        connected.images.remove(registry.reference)
    connected.close()


def test_pull_reports_progress(client: DockerClient, registry: Registry) -> None:
    reported: list[Progress] = []
    (pulled,) = pull(client, (registry.reference,), reported.append)
    assert (pulled.name, pulled.outcome) == (registry.reference, ImageOutcome.PULLED)
    assert pulled.size >= PAYLOAD_BYTES
    assert {progress.action for progress in reported} == {ImageAction.PULL}
    assert reported[-1].done == reported[-1].total >= PAYLOAD_BYTES
    assert all(progress.done <= progress.total for progress in reported)


def test_fetch_pulls_image_without_recipe(client: DockerClient, registry: Registry) -> None:
    (fetched,) = fetch(client, (ImageNeed(registry.reference, ImageAction.PULL, registry.reference),))
    assert fetched.outcome is ImageOutcome.PULLED
    assert find_local(client, registry.reference) is not None


def test_check_pulls_missing_image(client: DockerClient, registry: Registry, tmp_path: Path) -> None:
    """As after a power cut in a setup, before it had fetched what the first start needs."""
    # There is no HAProxy in it.
    with pytest.raises(ShoestringError, match="Docker cannot run HAProxy"):
        check.check(client, registry.reference, tmp_path, tmp_path)
    assert find_local(client, registry.reference) is not None


def test_pull_missing_image(client: DockerClient, registry: Registry) -> None:
    with pytest.raises(PullError, match="could not be pulled") as caught:
        pull(client, (f"{registry.host}/{registry.repository}:2",))
    assert len(str(caught.value).splitlines()) == 1


def test_pull_incomplete_download(client: DockerClient, registry: Registry) -> None:
    registry.blobs = {key: blob for key, blob in registry.blobs.items() if blob.kind != LAYER}
    with pytest.raises(PullError):
        pull(client, (registry.reference,))
    assert find_local(client, registry.reference) is None


def test_pull_without_registry(client: DockerClient) -> None:
    reported: list[Progress] = []
    began = time.monotonic()
    # Nothing listens on port 1.
    with pytest.raises(PullError, match=r"127\.0\.0\.1:1/first:1 could not be pulled"):
        pull(client, ("127.0.0.1:1/first:1", "127.0.0.1:1/second:1"), reported.append)
    assert time.monotonic() - began < 10
    assert {progress.image for progress in reported} == {"127.0.0.1:1/first:1"}
