"""The JSON answers of `shoestring images`. Each field says what it means: docs/json.md is made from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from installer.images.inventory import ImageState
from installer.images.progress import FetchedImage, ImageOutcome

_SHARED = "bytes of the base, which the disk holds once for all images; they are in `bytes` too"


@dataclass(frozen=True)
class ImageEntry:
    """An image of the catalogue."""

    image: str
    reference: Annotated[str, "its name in the official registry"]
    source: Annotated[str, "`registry` or `local`"]
    name: Annotated[str, "its name in the engine"]
    present: Annotated[bool, "it is on this host"]
    bytes: Annotated[int, "0 if it is not on this host"]
    shared_bytes: Annotated[int, _SHARED]

    @classmethod
    def of(cls, state: ImageState) -> ImageEntry:
        """Return the entry of an image."""
        return cls(state.image, state.reference, state.source, state.name, state.present, state.size, state.shared)


@dataclass(frozen=True)
class ImagesJson:
    """The images that Shoestring uses."""

    images: tuple[ImageEntry, ...]

    @classmethod
    def of(cls, states: Iterable[ImageState]) -> ImagesJson:
        """Return the result of `images list`."""
        return cls(tuple(map(ImageEntry.of, states)))


@dataclass(frozen=True)
class PreviewEntry:
    """An image that would be fetched."""

    name: Annotated[str, "its name in the engine"]
    present: Annotated[bool, "it is on this host already"]


@dataclass(frozen=True)
class ImagesPreviewJson:
    """The images that would be pulled or built."""

    images: tuple[PreviewEntry, ...]

    @classmethod
    def of(cls, present: Mapping[str, bool]) -> ImagesPreviewJson:
        """Return the result of a dry run; `present` has whether each image is on this host already."""
        return cls(tuple(PreviewEntry(name, here) for name, here in present.items()))


@dataclass(frozen=True)
class FetchedEntry:
    """An image that is on this host now."""

    image: str
    name: Annotated[str, "its name in the engine"]
    outcome: ImageOutcome
    seconds: Annotated[float, "duration"]
    bytes: int
    shared_bytes: Annotated[int, _SHARED]

    @classmethod
    def of(cls, fetched: FetchedImage) -> FetchedEntry:
        """Return the entry of an image."""
        return cls(fetched.image, fetched.name, fetched.outcome, fetched.seconds, fetched.size, fetched.shared)


@dataclass(frozen=True)
class FetchedJson:
    """The images that were pulled or built, or were on this host."""

    images: tuple[FetchedEntry, ...]

    @classmethod
    def of(cls, fetched: Iterable[FetchedImage]) -> FetchedJson:
        """Return the result of `images pull` and `images build`."""
        return cls(tuple(map(FetchedEntry.of, fetched)))
