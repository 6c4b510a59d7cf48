"""Pulling one image, or using the one on the host."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from installer import images
from installer.images import PullError, refresh
from installer.images.refresh import RefreshedImage
from runtime.base.errors import ShoestringError
from runtime.docker.images import BUSYBOX, local_name

IMAGE = "ghost:6"


class Host:
    """The images on a host; a pull succeeds if the registry has the image."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.present: set[str] = set()
        self.registry: set[str] = set()
        self.pulled: list[str] = []
        monkeypatch.setattr(refresh, "find_local", lambda _client, image: image if image in self.present else None)
        monkeypatch.setattr(images, "pull", self.pull)

    def pull(self, _client: object, wanted: tuple[str, ...], _report: object) -> tuple[SimpleNamespace, ...]:
        (image,) = wanted
        if image not in self.registry:
            raise PullError(image, "no such host")
        self.pulled.append(image)
        return (SimpleNamespace(seconds=2.0),)

    def fetch(self, image: str = IMAGE, source: str = "registry", *, only_if_missing: bool = False) -> RefreshedImage:
        client: Any = None
        return refresh.fetch(client, image, source, lambda _progress: None, only_if_missing=only_if_missing)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(monkeypatch)


def test_fetch_pulls_image(host: Host) -> None:
    host.registry.add(IMAGE)
    assert host.fetch() == RefreshedImage(IMAGE, True, 2.0)


def test_fetch_only_if_missing(host: Host) -> None:
    host.registry.add(IMAGE)
    host.present.add(IMAGE)
    assert host.fetch(only_if_missing=True) == RefreshedImage(IMAGE, False, 0.0)
    assert host.pulled == []


def test_fetch_uses_present_image_if_pull_fails(host: Host) -> None:
    with pytest.raises(PullError):
        host.fetch()
    host.present.add(IMAGE)
    found = host.fetch()
    assert (found.image, found.pulled) == (IMAGE, False)
    assert "no such host" in found.note


def test_fetch_local_image_is_never_pulled(host: Host) -> None:
    host.registry.add(BUSYBOX.reference)
    with pytest.raises(ShoestringError, match="shoestring images build"):
        host.fetch(BUSYBOX.reference, "local")
    host.present.add(local_name(BUSYBOX))
    assert not host.fetch(BUSYBOX.reference, "local").pulled
    assert host.pulled == []
