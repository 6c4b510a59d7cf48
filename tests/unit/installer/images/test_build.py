"""The context of a build, and the errors of failed builds and pulls."""

from __future__ import annotations

import io
import tarfile

import pytest

from installer.images import BuildError, PullError
from installer.images.build import context
from runtime.docker.images import BASE, CATALOGUE, HAPROXY, PinnedImage


@pytest.mark.parametrize("image", [BASE, *CATALOGUE], ids=lambda image: image.name)
def test_context_is_reproducible(image: PinnedImage) -> None:
    assert context(image) == context(image)


def test_context_has_executable_scripts_and_no_contract() -> None:
    with tarfile.open(fileobj=io.BytesIO(context(HAPROXY))) as archive:
        modes = {entry.name: entry.mode for entry in archive}
    assert modes == {"Dockerfile": 0o644, "docker-entrypoint.sh": 0o755}


def test_pull_error_offers_local_build() -> None:
    text = str(PullError("docker.io/library/haproxy:3.2-alpine", "no such host"))
    assert "no such host" in text
    assert "shoestring images build" in text
    assert "images.source to local in conf/shoestring.yaml" in text
    assert "images build" not in str(PullError("ghost:5", "no such host"))


def test_build_error_has_last_lines() -> None:
    text = str(BuildError(HAPROXY, "a step of it ended with exit code 7", ("one", "two")))
    assert text.splitlines()[1:] == ["  | one", "  | two"]
    assert "exit code 7" in text
    assert "shoestring images build" in text
