"""Pull images from a registry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from docker import DockerClient

_DOWNLOADING = "Downloading"


class PullError(ShoestringError):
    """An image could not be pulled; the message says what to do instead."""

    def __init__(self, reference: str, reason: str) -> None:
        self.reference = reference
        image = images.find(reference)
        if image and image.recipe:
            advice = (
                "To build it on this host instead, set images.source to local in conf/shoestring.yaml "
                "and run: shoestring images build"
            )
        else:
            advice = "Check its name, and that this host reaches its registry (a private one needs: docker login)."
        super().__init__(f"{reference} could not be pulled: {reason}. {advice}")


def pull(client: DockerClient, references: Iterable[str], report: Report = ignore) -> tuple[FetchedImage, ...]:
    """Pull images one after the other, also those that are present: a tag may have moved.

    Stops at the first that fails with a PullError, so that a host that reaches no registry waits once. The
    engine itself gives up after 15 s on a registry that does not answer.
    """
    return tuple(_pull(client, reference, report) for reference in references)


def _pull(client: DockerClient, reference: str, report: Report) -> FetchedImage:
    # Without a tag the engine would pull all of them.
    name = images.normalise(reference)
    meter = Meter(reference, ImageAction.PULL, report)
    meter.report_line("asking the registry")
    downloads: dict[str, tuple[int, int]] = {}
    try:
        with engine_refusals():
            for event in checked(client.api.pull(name, stream=True, decode=True)):
                _report(event, downloads, meter)
        pulled = find_local(client, name)
    except EngineRefusalError as error:
        raise PullError(reference, str(error)) from error
    return FetchedImage(reference, name, ImageOutcome.PULLED, meter.seconds, pulled.size if pulled else 0)


def _report(event: dict[str, Any], downloads: dict[str, tuple[int, int]], meter: Meter) -> None:
    """Report one event of the engine's stream; `downloads` has for each layer the bytes done and known so far."""
    status, layer = str(event.get("status", "")), str(event.get("id", ""))
    detail = event.get("progressDetail") or {}
    if status == _DOWNLOADING and detail.get("total"):
        downloads[layer] = (int(detail["current"]), int(detail["total"]))
    elif layer in downloads:
        # An event after a layer's download means that all of it was downloaded.
        downloads[layer] = (downloads[layer][1], downloads[layer][1])
    done, total = (sum(column) for column in zip(*downloads.values(), strict=True)) if downloads else (0, 0)
    meter.report_line(status, done, total)
