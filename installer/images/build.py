"""Build images from the recipes of `templates/images/`, for hosts that reach no registry."""

from __future__ import annotations

import io
import re
import tarfile
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from installer.images.debian import provided
from installer.images.lookup import find_local
from installer.images.progress import (
    EngineRefusalError,
    FetchedImage,
    ImageAction,
    ImageOutcome,
    Meter,
    Report,
    engine_refusals,
    ignore,
)
from installer.images.stream import checked
from runtime.base.errors import ShoestringError
from runtime.docker import images
from runtime.docker.images import PinnedImage

if TYPE_CHECKING:
    from docker import DockerClient

TAIL_LINES = 12
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# The first stage of a recipe whose image takes only files out of it.
STAGE_LABEL = "shoestring.stage"


class BuildError(ShoestringError):
    """A recipe could not be built. The message has the last lines of the build's output."""

    def __init__(self, image: PinnedImage, reason: str, tail: Iterable[str]) -> None:
        self.image = image
        lines = "".join(f"\n  | {line}" for line in tail)
        super().__init__(
            f"The local image {image.name} could not be built: {reason}. Check that this host reaches deb.debian.org "
            f"and has disk space left, then run: shoestring images build{lines}"
        )


def build(
    client: DockerClient,
    selected: Iterable[PinnedImage] = images.CORE,
    *,
    force: bool = False,
    report: Report = ignore,
) -> tuple[FetchedImage, ...]:
    """Build the local images that are missing, the base before them; with `force` all, with today's packages.

    Images of the catalogue without a recipe are left out. Return one result for each image, the base first if it was
    needed. Raises BuildError, or ShoestringError if there is no Debian to start from.
    """
    recipes = tuple(image for image in selected if image.recipe)
    found = {
        image: None if force else find_local(client, images.local_name(image)) for image in (images.BASE, *recipes)
    }
    if all(found[image] for image in recipes):
        del found[images.BASE]
    results = []
    for image, present in found.items():
        if present:
            results.append(_fetched(client, image, ImageOutcome.PRESENT, 0.0))
        else:
            results.append(_build_one(client, image, report))
    # The base last: the engine keeps an image that another one is built on.
    for image in reversed(tuple(image for image, present in found.items() if not present)):
        _remove_superseded(client, image)
    return tuple(results)


def _build_one(client: DockerClient, image: PinnedImage, report: Report) -> FetchedImage:
    meter = Meter(image.name, ImageAction.BUILD, report)
    if image == images.BASE:
        with provided(client, meter) as reference:
            _run(client, image, {"DEBIAN": reference}, meter)
    else:
        _run(client, image, {"BASE": images.local_name(images.BASE)}, meter)
    return _fetched(client, image, ImageOutcome.BUILT, meter.seconds)


def _fetched(client: DockerClient, image: PinnedImage, outcome: ImageOutcome, seconds: float) -> FetchedImage:
    name = images.local_name(image)
    present = find_local(client, name)
    base = None if image == images.BASE else find_local(client, images.local_name(images.BASE))
    size, shared = (present.size, present.shares_with(base)) if present else (0, 0)
    return FetchedImage(image.name, name, outcome, seconds, size, shared)


def _run(client: DockerClient, image: PinnedImage, arguments: dict[str, str], meter: Meter) -> None:
    """Run one recipe with the classic builder, which every engine has behind its API."""
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    meter.report_line("sending the recipe")
    try:
        with engine_refusals():
            events = client.api.build(
                fileobj=io.BytesIO(context(image)),
                custom_context=True,
                tag=images.local_name(image),
                buildargs=arguments,
                labels={images.IMAGE_LABEL: image.name, images.RECIPE_LABEL: images.recipe_hash(image)},
                # The bridge may have no DNS, or be behind a firewall.
                network_mode="host",
                # A second build of a recipe is for newer packages (--force).
                nocache=True,
                rm=True,
                forcerm=True,
                decode=True,
            )
            for line in _lines(events):
                tail.append(line)
                meter.report_line(line)
    except EngineRefusalError as error:
        raise BuildError(image, str(error), tail) from error


def _lines(events: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines that a build prints; the engine's stream has them in pieces, with colors.

    Raises EngineRefusalError if the build failed.
    """
    rest = ""
    for event in checked(events):
        *whole, rest = _COLOUR.sub("", rest + str(event.get("stream", ""))).replace("\r", "\n").split("\n")
        yield from (line.strip() for line in whole if line.strip())


def context(image: PinnedImage) -> bytes:
    """Return a recipe as a tar archive, the same bytes each time."""
    buffer = io.BytesIO()
    with tarfile.TarFile(fileobj=buffer, mode="w") as archive:
        for file in images.recipe_files(image):
            entry = tarfile.TarInfo(file.path)
            entry.size = len(file.content)
            entry.mode = 0o755 if file.executable else 0o644
            archive.addfile(entry, io.BytesIO(file.content))
    return buffer.getvalue()


def _remove_superseded(client: DockerClient, image: PinnedImage) -> None:
    """Remove images that the new one replaces and no container uses: small disks have no room for both."""
    ours = f"{images.IMAGE_LABEL}={image.name}"
    other = f"{images.RECIPE_LABEL}={images.recipe_hash(image)}"
    # The new image is built; that the engine is busy with another clean-up is no reason to fail.
    with suppress(EngineRefusalError), engine_refusals():
        client.images.prune(filters={"dangling": False, "label": ours, "label!": other})
        client.images.prune(filters={"dangling": True, "label": ours})
        client.images.prune(filters={"dangling": True, "label": f"{STAGE_LABEL}={image.name}"})
