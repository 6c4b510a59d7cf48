"""Container images: every pin in one place, and the local image that replaces each.

A local image is built from a recipe in `templates/images/NAME/`. Its tag is a hash of the recipe's content:
it is known without the engine, and a changed recipe gives another image.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

# Next to this package, in a checkout as in an installed wheel. Not by import: `python -m` looks for packages in the
# current directory first, and `templates` is a common name for one.
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
# `localhost` is a registry's name to Docker: such an image is never requested from Docker Hub, and its name is
# never that of an official one.
LOCAL_REPOSITORY = "localhost/shoestring"
IMAGE_LABEL = "shoestring.image"
RECIPE_LABEL = "shoestring.recipe"
# The value of `images.source` in the settings that means: build what can be built.
LOCAL = "local"
# Lists what an official image promises; it is for tests, and no part of the build.
CONTRACT = "contract.yaml"
_DOCKER_HUB = ("docker.io/", "index.docker.io/", "registry-1.docker.io/")
_HASH_LENGTH = 12


@dataclass(frozen=True)
class PinnedImage:
    """An image that Shoestring itself uses.

    `reference` is its name at a registry and in application files. `recipe` is the folder under
    `templates/images/` that it can be built from on the host; empty if Debian cannot provide it.
    """

    name: str
    reference: str
    recipe: str = ""


@dataclass(frozen=True)
class RecipeFile:
    """One file of a recipe, as the build sees it; `path` is relative to the recipe's folder."""

    path: str
    content: bytes

    @property
    def executable(self) -> bool:
        """Return whether it is a script. File modes may get lost where a package is installed."""
        return self.content.startswith(b"#!")


HAPROXY = PinnedImage("haproxy", "haproxy:3.2-alpine", "haproxy")
BUSYBOX = PinnedImage("busybox", "busybox:1.37", "busybox")
CERTBOT = PinnedImage("certbot", "certbot/certbot:v5.1.0", "certbot")
LEGO = PinnedImage("lego", "goacme/lego:v4.35.2", "lego")
# There is no official image. Of this one nothing is used but dnsmasq itself.
DNSMASQ = PinnedImage("dnsmasq", "dockurr/dnsmasq:2.91", "dnsmasq")
# What a host with no more than two proxies and certificates needs.
CORE = (HAPROXY, BUSYBOX, CERTBOT, LEGO, DNSMASQ)
# Debian's own release, and not alpine: another C library sorts texts in another order, and indexes would be wrong
# where the source of images changes.
POSTGRES = PinnedImage("postgres", "postgres:17-trixie", "postgres")
INFLUXDB = PinnedImage("influxdb", "influxdb:1.12.3", "influxdb")
# Neither Debian nor another source of packages has these two.
TELEGRAF = PinnedImage("telegraf", "telegraf:1.39.1-alpine")
GRAFANA = PinnedImage("grafana", "grafana/grafana:12.4.10")
# The last release that is also Debian's; a data directory of 3.x is the same, its configuration file is elsewhere.
REGISTRY = PinnedImage("registry", "registry:2.8.3", "registry")
# The last release that runs on Debian's Node.
VERDACCIO = PinnedImage("verdaccio", "verdaccio/verdaccio:6.8.0", "verdaccio")
CATALOGUE = (*CORE, POSTGRES, INFLUXDB, TELEGRAF, GRAFANA, REGISTRY, VERDACCIO)

# What all local images share. It is no application's image, so it is not in the catalogue.
BASE = PinnedImage("base", "debian:trixie-slim", "base")
BASE_SUITE = "trixie"


def normalise(reference: str) -> str:
    """Return the shortest form of an image reference: without Docker Hub's prefixes, with its tag.

    https://docs.docker.com/reference/cli/docker/image/tag/ has the rules for what may be left out.
    """
    name = reference.strip()
    for host in _DOCKER_HUB:
        name = name.removeprefix(host)
    if name.count("/") == 1:
        name = name.removeprefix("library/")
    last = name.rpartition("/")[2]
    return name if ":" in last or "@" in last else f"{name}:latest"


def find(reference: str) -> PinnedImage | None:
    """Return the image of the catalogue that a reference means, if any. Another tag or a digest is another image."""
    normalised = normalise(reference)
    return next((image for image in CATALOGUE if image.reference == normalised), None)


def local_image(reference: str) -> str | None:
    """Return the name of the local image that stands for a reference in an application file; None if there is no
    recipe.
    """
    image = find(reference)
    return local_name(image) if image and image.recipe else None


def effective(reference: str, source: str) -> str:
    """Return what to run for a reference: with the source `local` the local image if there is one, else the
    reference.
    """
    return (local_image(reference) if source == LOCAL else None) or reference


def substitutes(source: str) -> dict[str, str]:
    """Return the image to run for each reference of the catalog, to look up many without hashing each time."""
    if source != LOCAL:
        return {}
    return {image.reference: local_name(image) for image in CATALOGUE if image.recipe}


def local_name(image: PinnedImage) -> str:
    """Return what the local image of a recipe is called: its tag changes when the recipe or the base's does."""
    return f"{LOCAL_REPOSITORY}/{image.name}:{recipe_hash(image)}"


def recipe_hash(image: PinnedImage) -> str:
    """Return a hash of all that goes into the build of an image, but for the packages of the day."""
    digest = hashlib.sha256()
    parent = f"{BASE.reference} {BASE_SUITE}" if image == BASE else recipe_hash(BASE)
    digest.update(f"{parent}\n".encode())
    for file in recipe_files(image):
        digest.update(f"{file.path} {len(file.content)}\n".encode() + file.content)
    return digest.hexdigest()[:_HASH_LENGTH]


def recipe_folder(image: PinnedImage) -> Path:
    """Return where the recipe of an image is."""
    return TEMPLATES / "images" / image.recipe


def recipe_files(image: PinnedImage) -> tuple[RecipeFile, ...]:
    """Return the files of a recipe in a fixed order, without its contract and what editors leave behind."""
    folder = recipe_folder(image)
    return tuple(
        RecipeFile(path.relative_to(folder).as_posix(), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != CONTRACT and not path.name.startswith(".") and not path.name.endswith("~")
    )
