"""The images on this host, those that a start needs, and how it gets them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from installer.images.build import build
from installer.images.lookup import LocalImage, find_local
from installer.images.progress import FetchedImage, ImageAction, Report, ignore
from installer.images.pull import pull
from runtime.docker import images
from runtime.docker.images import PinnedImage

if TYPE_CHECKING:
    from docker import DockerClient


class Source(StrEnum):
    """Where an image comes from: a value of `images.source` in the settings."""

    REGISTRY = "registry"
    LOCAL = "local"


@dataclass(frozen=True)
class ImageState:
    """One image of the catalogue, as it is on this host.

    `name` is its name in the engine. Sizes are in bytes, and 0 if it is not present; `shared` is the part of `size`
    that is the base's layers, which the disk holds once for all local images.
    """

    image: str
    reference: str
    source: Source
    name: str
    present: bool
    size: int
    shared: int


@dataclass(frozen=True)
class ImageNeed:
    """An image that a start needs and that is not on this host; `name` will be its name in the engine."""

    reference: str
    action: ImageAction
    name: str


def list_images(client: DockerClient, source: str) -> tuple[ImageState, ...]:
    """Return the images of the catalogue for a value of `images.source`; for local ones the base first."""
    if source != Source.LOCAL:
        return tuple(_state(client, image, Source.REGISTRY, None) for image in images.CATALOGUE)
    base = find_local(client, images.local_name(images.BASE))
    return tuple(
        _state(client, image, Source.LOCAL if image.recipe else Source.REGISTRY, base)
        for image in (images.BASE, *images.CATALOGUE)
    )


def _state(client: DockerClient, image: PinnedImage, source: Source, base: LocalImage | None) -> ImageState:
    name = images.local_name(image) if source is Source.LOCAL else image.reference
    present = find_local(client, name)
    return ImageState(
        image=image.name,
        reference=image.reference,
        source=source,
        name=name,
        present=present is not None,
        size=present.size if present else 0,
        shared=present.shares_with(base) if present and image != images.BASE else 0,
    )


def needed(client: DockerClient, source: str, references: Iterable[str]) -> tuple[ImageNeed, ...]:
    """Return those of the images that are missing on this host, each once, in the order given.

    `references` are as in application files; the core's is `images.HAPROXY.reference`. With the source `local`, an
    image without a recipe is pulled.
    """
    found: dict[str, ImageNeed] = {}
    for reference in references:
        local = images.local_image(reference) if source == Source.LOCAL else None
        name = local or images.normalise(reference)
        if name not in found and find_local(client, name) is None:
            found[name] = ImageNeed(reference, ImageAction.BUILD if local else ImageAction.PULL, name)
    return tuple(found.values())


def fetch(client: DockerClient, needs: Iterable[ImageNeed], report: Report = ignore) -> tuple[FetchedImage, ...]:
    """Build and pull what `needed` found. Return the images, with the base if it had to be built.

    Raises BuildError or PullError at the first that fails; images that were built or pulled before it stay.
    """
    todo = tuple(needs)
    recipes = tuple(
        image
        for need in todo
        if need.action is ImageAction.BUILD and (image := images.find(need.reference)) is not None
    )
    built = build(client, recipes, report=report)
    return built + pull(client, (need.reference for need in todo if need.action is ImageAction.PULL), report)
