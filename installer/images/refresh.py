"""One image, pulled or found on this host before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from installer import images
from installer.images.lookup import find_local
from installer.images.progress import engine_refusals
from installer.images.references import repository
from runtime.base.errors import ShoestringError
from runtime.docker.images import effective

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class RefreshedImage:
    """An image that is on this host now. `pulled` is False if it was present; `note` is a sentence for the user."""

    image: str
    pulled: bool
    seconds: float
    note: str = ""


def is_here(client: DockerClient, image: str, source: str) -> bool:
    """Return whether the engine has the image, or the local one in its place."""
    return find_local(client, effective(image, source)) is not None


def moved(client: DockerClient, image: str, source: str, containers: Iterable[str]) -> str:
    """Return the name by digest of an image whose tag has moved since containers (their ids) were created.

    Empty if they have that image, and for an image that is in no registry.
    """
    with engine_refusals():
        now = client.images.get(effective(image, source))
        used = {str(client.api.inspect_container(each)["Image"]) for each in containers}
    digests = [name for name in now.attrs.get("RepoDigests") or () if name.startswith(f"{repository(image)}@")]
    return digests[0] if digests and used and now.id not in used else ""


def fetch(
    client: DockerClient, image: str, source: str, report: images.Report, *, only_if_missing: bool = False
) -> RefreshedImage:
    """Pull an image. One that cannot be pulled, but is on this host, is used as it is.

    `source` is `images.source` of the settings. Raises PullError, or ShoestringError for a local image that is not
    built yet.
    """
    here = is_here(client, image, source)
    local = effective(image, source)
    if local != image:
        if not here:
            raise ShoestringError(f"The local image {local} is not on this host. Build it: shoestring images build")
        return RefreshedImage(image, False, 0.0, f"{local} is used for it.")
    if here and only_if_missing:
        return RefreshedImage(image, False, 0.0)
    try:
        (pulled,) = images.pull(client, (image,), report)
    except images.PullError as error:
        if not here:
            raise
        return RefreshedImage(
            image, False, 0.0, f"Not pulled, used as it is on this host: {error.__cause__ or error}."
        )
    return RefreshedImage(image, True, pulled.seconds)
