"""A deploy from a real registry, on the loopback address."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from installer.images.lookup import find_local
from runtime.base.paths import Side
from runtime.docker.images import BUSYBOX, local_name
from tests.support.deploy.registry import CONFIG, LAYER, MANIFEST, Blob, Registry, open_registry
from tests.support.deploy.stand import HOST, shoestring
from tests.support.engine import Instance

if TYPE_CHECKING:
    from docker import DockerClient

FILE = "x-external-host-names: [{0}]\nx-container-port: 8080\nx-rollout: stop-first\nservices:\n  application:\n"
PAGE = """\
RUN mkdir -p /page && echo {0} >/page/index.html
CMD ["httpd", "-f", "-p", "8080", "-h", "/page"]
"""


def publish(registry: Registry, client: DockerClient, tag: str, text: str) -> None:
    """Put an image with one page under a tag of the registry, and nowhere else."""
    scratch = f"localhost/shoestring-test/{registry.repository}"
    recipe = f"FROM {local_name(BUSYBOX)}\nUSER 0\n{PAGE.format(text)}"
    image, _ = client.images.build(
        fileobj=io.BytesIO(recipe.encode()), tag=scratch, rm=True, forcerm=True, network_mode="none"
    )
    with tarfile.open(fileobj=io.BytesIO(b"".join(image.save()))) as archive:

        def content(name: str) -> bytes:
            file = archive.extractfile(name)
            assert file
            return file.read()

        (listed,) = json.loads(content("manifest.json"))
        settings = Blob(content(listed["Config"]), CONFIG)
        layers = [Blob(gzip.compress(content(name), mtime=0), LAYER) for name in listed["Layers"]]
    client.images.remove(scratch)
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": settings.descriptor}
    listing = Blob(json.dumps({**manifest, "layers": [each.descriptor for each in layers]}).encode(), MANIFEST)
    registry.blobs |= {each.digest: each for each in (settings, listing, *layers)} | {tag: listing}


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A registry with one image."""
    with open_registry() as opened:
        yield opened


@pytest.fixture
def repository(registry: Registry, client: DockerClient) -> Iterator[str]:
    """The registry's repository, with versions 1 and 2; what is pulled from it is removed at the end."""
    for tag in ("1", "2"):
        publish(registry, client, tag, f"version {tag}")
    name = f"{registry.host}/{registry.repository}"
    yield name
    for image in client.images.list(name=name):
        client.images.remove(str(image.id), force=True)


def test_deploy_pulls_image(repository: str, instance: Instance, client: DockerClient, registry: Registry) -> None:
    file = instance.add(
        Side.PUBLIC, "a", f"{FILE.format(HOST)}    image: {repository}:1\n    stop_grace_period: 0s\n"
    )
    assert instance.start().ok
    assert instance.wait(HOST).body == "version 1\n"
    assert find_local(client, f"{repository}:2") is None

    answer = shoestring(instance, "deploy", "a", "2")

    assert answer.code == 0
    assert f"✓ pulled      {repository}:2" in answer.out
    assert instance.wait(HOST).body == "version 2\n"

    # A moved tag changes no file: a note says how to roll it out.
    publish(registry, client, "2", "another version 2")
    moved = json.loads(shoestring(instance, "deploy", "a", "2", "--json").out)
    (note,) = moved["notes"]
    digest = registry.blobs["2"].digest
    assert f"To roll it out: shoestring deploy a --image {repository}@{digest} --data-directory " in note
    assert shoestring(instance, "deploy", "a", "--image", f"{repository}@{digest}").code == 0
    assert instance.wait(HOST).body == "another version 2\n"
    assert f"    image: {repository}@{digest}\n" in file.read_text()

    # A version that is on the host needs no registry to go back to.
    registry.blobs.clear()
    back = shoestring(instance, "rollback", "a", "--to", "1")
    assert back.code == 0
    assert "✓ present" in back.out
    assert "Not pulled" not in back.out
    assert instance.wait(HOST).body == "version 1\n"
    refused = shoestring(instance, "deploy", "a", "3")
    assert refused.code == 1
    assert f"{repository}:3 could not be pulled: " in refused.err
