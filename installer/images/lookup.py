"""One image as the engine has it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from installer.images.progress import EngineRefusalError, engine_refusals

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class LocalImage:
    """An image on this host: its size in bytes with shared layers, and its layers, the lowest first."""

    size: int
    layers: tuple[str, ...]

    def shares_with(self, base: LocalImage | None) -> int:
        """Return the bytes of the base if all of its layers are the lowest of this image, else 0."""
        return base.size if base and self.layers[: len(base.layers)] == base.layers else 0


def find_local(client: DockerClient, name: str) -> LocalImage | None:
    """Return an image by its name; None if it is not on this host, or if no image can have that name."""
    from docker.errors import APIError

    try:
        with engine_refusals():
            found = client.images.get(name).attrs
    except EngineRefusalError as refusal:
        cause = refusal.__cause__
        if isinstance(cause, APIError) and cause.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST):
            return None
        raise
    return LocalImage(int(found["Size"]), tuple(found["RootFS"].get("Layers") or ()))
