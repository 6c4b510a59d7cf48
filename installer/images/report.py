"""The screens of `shoestring images`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from installer.images import FetchedImage, ImageState
from runtime.base.formats import size
from runtime.output.report import NAME_WIDTH


def states_lines(states: Iterable[ImageState]) -> list[str]:
    """Return a line for each image: whether it is present, its source, its name, its size."""
    return [
        f"  {'✓' if each.present else '-'} {each.image:<{NAME_WIDTH}}  {each.source:<8}  {each.name:<45}  "
        f"{size(each.size - each.shared) if each.present else 'missing'}"
        for each in states
    ]


def preview_lines(present: Mapping[str, bool]) -> list[str]:
    """Return what a pull or a build would fetch, a line an image; `present`: whether each is here already."""
    return [f"  {'~' if here else '+'} {image}" for image, here in present.items()] or ["  Nothing to do."]


def fetched_line(fetched: FetchedImage) -> str:
    """Return the line about an image that was pulled or built, or was present."""
    return f"  ✓ {fetched.image:<{NAME_WIDTH}}  {fetched.outcome:<8}  {size(fetched.own):>8}  {fetched.seconds:.1f} s"
