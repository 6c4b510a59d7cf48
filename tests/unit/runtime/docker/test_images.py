"""The image catalogue: which local image replaces which reference, and when its name changes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from runtime.docker import images
from runtime.docker.images import BASE, BUSYBOX, CATALOGUE, HAPROXY


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the recipes that a test may change."""
    copy = tmp_path / "templates"
    shutil.copytree(images.TEMPLATES / "images", copy / "images")
    monkeypatch.setattr(images, "TEMPLATES", copy)
    return copy / "images"


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("haproxy:3.2-alpine", "haproxy:3.2-alpine"),
        ("docker.io/library/haproxy:3.2-alpine", "haproxy:3.2-alpine"),
        ("index.docker.io/library/haproxy:3.2-alpine", "haproxy:3.2-alpine"),
        ("library/haproxy:3.2-alpine", "haproxy:3.2-alpine"),
        (" haproxy ", "haproxy:latest"),
        ("docker.io/grafana/grafana:12", "grafana/grafana:12"),
        ("registry.example.com:5000/library/haproxy", "registry.example.com:5000/library/haproxy:latest"),
        ("localhost:5000/a", "localhost:5000/a:latest"),
        ("haproxy@sha256:0123", "haproxy@sha256:0123"),
    ],
)
def test_normalise(given: str, normal: str) -> None:
    assert images.normalise(given) == normal


@pytest.mark.parametrize("image", CATALOGUE, ids=lambda image: image.name)
def test_catalogue_references_are_pinned_and_normal(image: images.PinnedImage) -> None:
    assert images.normalise(image.reference) == image.reference
    assert not image.reference.endswith(":latest")


def test_catalogue_names_and_references_are_unique() -> None:
    assert len({image.name for image in CATALOGUE}) == len(CATALOGUE)
    assert len({image.reference for image in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("reference", ["haproxy:3.2-alpine", "docker.io/library/haproxy:3.2-alpine"])
def test_local_image_of_catalogue_reference(reference: str) -> None:
    local = images.local_image(reference)
    assert local is not None
    assert re.fullmatch(r"localhost/shoestring/haproxy:[0-9a-f]{12}", local)
    assert images.effective(reference, "local") == local
    assert images.effective(reference, "registry") == reference


@pytest.mark.parametrize(
    "reference",
    [
        "haproxy",
        "haproxy:3.2",
        "haproxy:3.2-alpine@sha256:0123",
        "example.com/haproxy:3.2-alpine",
        "debian:trixie-slim",
    ],
)
def test_local_image_of_other_reference_is_none(reference: str) -> None:
    assert images.local_image(reference) is None
    assert images.effective(reference, "local") == reference


@pytest.mark.parametrize("image", [BASE, *(each for each in CATALOGUE if each.recipe)], ids=lambda image: image.name)
def test_recipe_files_of_each_image(image: images.PinnedImage) -> None:
    assert "Dockerfile" in {file.path for file in images.recipe_files(image)}
    assert image == BASE or (images.recipe_folder(image) / images.CONTRACT).is_file()


def test_local_name_changes_with_recipe(recipes: Path) -> None:
    haproxy, busybox = images.local_name(HAPROXY), images.local_name(BUSYBOX)
    script = recipes / "haproxy" / "docker-entrypoint.sh"
    script.write_text(script.read_text() + "\n")
    assert images.local_name(HAPROXY) != haproxy
    assert images.local_name(BUSYBOX) == busybox


def test_local_name_changes_with_new_file(recipes: Path) -> None:
    before = images.local_name(HAPROXY)
    (recipes / "haproxy" / "errors").mkdir()
    (recipes / "haproxy" / "errors" / "503.http").write_text("")
    assert images.local_name(HAPROXY) != before


def test_local_name_changes_with_base_for_all(recipes: Path) -> None:
    before = {images.local_name(image) for image in (BASE, *CATALOGUE)}
    (recipes / "base" / "apt.conf").write_text("")
    after = {images.local_name(image) for image in (BASE, *CATALOGUE)}
    assert not before & after


def test_local_name_ignores_files_outside_build(recipes: Path) -> None:
    before = images.local_name(HAPROXY)
    for name in (images.CONTRACT, ".Dockerfile.swp", "Dockerfile~"):
        (recipes / "haproxy" / name).write_text("another")
    assert images.local_name(HAPROXY) == before


def test_local_name_ignores_file_modes(recipes: Path) -> None:
    before = images.local_name(HAPROXY)
    (recipes / "haproxy" / "docker-entrypoint.sh").chmod(0o600)
    assert images.local_name(HAPROXY) == before
