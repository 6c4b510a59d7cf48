"""What setup hands over to when the files are written: get the images, then start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from installer.terminal.progress import ChangeLines, ProgressLines
from runtime.base.constants import NOTHING_TO_DO
from runtime.base.paths import Paths
from runtime.context.results import Report

if TYPE_CHECKING:
    from installer.images import FetchedImage, Progress
    from runtime.context.cluster import Cluster

BringUp = Callable[[Paths, ProgressLines], Report]
# Another command may hold the lock for a while: the watchdog, each minute.
LOCK_TIMEOUT_SECONDS = 120.0


def bring_up(paths: Paths, lines: ProgressLines) -> Report:
    """Get the images that are missing, start everything, and return the report of it. Raises ShoestringError."""
    from installer.services import add, catalogue
    from runtime.context.cluster import open_cluster
    from runtime.output import report
    from runtime.reconcile import operations

    _wireguard(paths, lines)
    cluster = open_cluster(paths)
    try:
        _fetch(cluster, lines)
        lines.passing("start", "networks, proxies, applications")
        result = operations.start(cluster, ChangeLines(lines), LOCK_TIMEOUT_SECONDS)
        result = add.ready(cluster, catalogue.present(catalogue.load(), paths), result).report
    finally:
        cluster.client.close()
    for line in report.report_lines(result, NOTHING_TO_DO):
        lines.say(line)
    return result


def _wireguard(paths: Paths, lines: ProgressLines) -> None:
    """Bring the VPN up, if there is one. First of all: the internal proxy listens at its address."""
    from installer.vpn import operations as vpn
    from runtime.config import settings

    loaded = settings.load(paths.settings)
    if not loaded.wireguard.enabled:
        return
    lines.passing("WireGuard", "keys and interface")
    about, note = vpn.set_up(vpn.open_vpn(paths, loaded, LOCK_TIMEOUT_SECONDS))
    lines.done("WireGuard", about)
    if note:
        lines.note(note)


def _fetch(cluster: Cluster, lines: ProgressLines) -> None:
    """Get what the core and the applications need. Raises PullError or BuildError for one that can be built here."""
    from installer import images
    from runtime.docker.images import find

    needs = images.needed(cluster.client, cluster.settings.images.source, _references(cluster))
    fetched: list[FetchedImage] = []

    def show(progress: Progress) -> None:
        lines.passing("images", f"{progress.image}  {progress.line}")

    for need in needs:
        try:
            fetched += images.fetch(cluster.client, (need,), show)
        except (images.PullError, images.BuildError):
            # An image that cannot be pulled does not affect other applications: the start reports it.
            image = find(need.reference)
            if image and image.recipe:
                raise
    lines.done("images", _total(fetched) if fetched else "all there")


def _references(cluster: Cluster) -> Iterator[str]:
    """Return the images as the application files name them, the core's first."""
    from runtime.core import project
    from runtime.reconcile import desired

    yield from project.references(cluster.settings)
    for application in desired.read(cluster.settings, cluster.paths).applications:
        yield from (service.image for service in application.services if service.image)


def _total(fetched: list[FetchedImage]) -> str:
    from runtime.base.formats import size

    names = ", ".join(dict.fromkeys(each.image for each in fetched))
    return f"{names}  {size(sum(each.own for each in fetched))}"
