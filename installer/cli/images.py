"""`shoestring images`: which images there are, and getting them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from installer.cli.options import DataDirectory, DryRun, Json
from runtime.output.encoder import emit

if TYPE_CHECKING:
    from docker import DockerClient

    from installer.images import FetchedImage, Progress
    from installer.terminal.progress import ProgressLines
    from runtime.docker.images import PinnedImage

app = typer.Typer(help="List, pull and build container images.", no_args_is_help=True)


@app.command("list")
def list_(
    data_directory: DataDirectory = None,
    source: Annotated[
        str, typer.Option(help="registry or local (default: images.source of the settings).", metavar="SOURCE")
    ] = "",
    json: Json = False,
) -> None:
    """List the images that Shoestring uses, and whether they are on this host."""
    from installer.images import list_images
    from installer.images.json_results import ImagesJson
    from installer.images.report import states_lines
    from runtime.docker import engine

    states = list_images(engine.connect(), source or _source(data_directory))
    emit(json, ImagesJson.of(states), states_lines(states))


@app.command()
def pull(data_directory: DataDirectory = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Pull the images of the proxies and the applications.

    Without a data directory: the images of the proxies.
    """
    from installer import images
    from runtime.docker import engine

    client, selected = engine.connect(), _pulled(data_directory)
    if dry_run:
        _preview(client, selected, json)
        return
    _show(lambda report: images.pull(client, selected, report), json)


@app.command()
def build(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Names of images, as `images list` shows them.", show_default=False),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Build every image that has a recipe.")] = False,
    data_directory: DataDirectory = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also rebuild existing images, with current packages.")
    ] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Build images from Debian packages, for hosts without a registry.

    Without names: the images of the proxies and the applications.
    """
    from installer import images
    from runtime.docker import engine
    from runtime.docker.images import CATALOGUE, local_name

    selected = list(CATALOGUE) if all_ else [_named(name) for name in names] if names else _built_here(data_directory)
    client = engine.connect()
    if dry_run:
        _preview(client, [local_name(image) for image in selected], json)
        return
    _show(lambda report: images.build(client, selected, force=force, report=report), json)


def _named(name: str) -> PinnedImage:
    from runtime.base.errors import UsageError
    from runtime.docker.images import CATALOGUE

    recipes = {image.name: image for image in CATALOGUE if image.recipe}
    if name not in recipes:
        raise UsageError(f"There is no recipe for {name}; there are: {', '.join(recipes)}.")
    return recipes[name]


def _built_here(data_directory: Path | None) -> list[PinnedImage]:
    """Return the images of the core, and those of the catalogue that application files use, each once."""
    from runtime.docker import images

    _, used = _used(data_directory)
    found = (images.find(each) for each in used)
    return list(dict.fromkeys((*images.CORE, *(image for image in found if image))))


def _preview(client: DockerClient, references: list[str], json: bool) -> None:
    """Print what would be fetched."""
    from installer.images.json_results import ImagesPreviewJson
    from installer.images.refresh import is_here
    from installer.images.report import preview_lines

    present = {each: is_here(client, each, "registry") for each in references}
    emit(json, ImagesPreviewJson.of(present), preview_lines(present))


def _show(fetch: Callable[[Callable[[Progress], None]], Iterable[FetchedImage]], json: bool) -> None:
    from installer.images.json_results import FetchedJson
    from installer.images.report import fetched_line
    from installer.terminal.progress import ProgressLines

    lines = ProgressLines()
    results = list(fetch(_silent if json else _passing(lines)))
    lines.clear()
    emit(json, FetchedJson.of(results), map(fetched_line, results))


def _silent(progress: Progress) -> None:
    pass


def _passing(lines: ProgressLines) -> Callable[[Progress], None]:
    return lambda progress: lines.passing(progress.image, f"{progress.seconds:.0f} s  {progress.line}")


def _source(data_directory: Path | None) -> str:
    from runtime.base.errors import UsageError
    from runtime.base.paths import find
    from runtime.config import settings

    try:
        return settings.load(find(data_directory).settings).images.source
    except UsageError:
        if data_directory:
            raise
        return "registry"


def _pulled(data_directory: Path | None) -> list[str]:
    """Return the images that the settings take from a registry."""
    from runtime.docker import images

    source, used = _used(data_directory)
    return [each for each in used if images.effective(each, source) == each]


def _used(data_directory: Path | None) -> tuple[str, list[str]]:
    """Return the source of images, and the images of the core and of all application files, each once."""
    from runtime.base.errors import UsageError
    from runtime.base.paths import find
    from runtime.config import settings
    from runtime.core import project
    from runtime.docker import images
    from runtime.reconcile import desired

    try:
        paths = find(data_directory)
    except UsageError:
        if data_directory:
            raise
        return "registry", [image.reference for image in images.CORE]
    loaded = settings.load(paths.settings)
    applications = desired.read(loaded, paths).applications
    used = (service.image for each in applications for service in each.services if service.image)
    return loaded.images.source, list(dict.fromkeys((*project.references(loaded), *used)))
