"""`shoestring uninstall`: a plan of all that Shoestring has on this host, then its removal. Data stays."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from installer.data_directory import default_directory
from installer.firewall import manage
from installer.host import cron, docker_daemon, swap, timers, wireguard
from installer.host.systemd import UNIT_DIRECTORY
from installer.services import catalogue
from installer.terminal.progress import ProgressLines
from installer.vpn import managed_interfaces
from runtime.base import files
from runtime.base.constants import ENVIRONMENT_VARIABLE, LABEL_INSTANCE, LABEL_PROJECT
from runtime.base.errors import ShoestringError
from runtime.base.paths import DEFAULT_DIRECTORY_FILE, Paths
from runtime.certificates.acme.container import LABEL as LABEL_TASK
from runtime.config.settings import SEPARATOR
from runtime.context.change import Plan as Changes
from runtime.context.cluster import Cluster
from runtime.docker import images
from runtime.proxy.check import LABEL as LABEL_CHECK
from runtime.reconcile import operations

if TYPE_CHECKING:
    from docker import DockerClient

PACKAGE_HINT = (
    "Shoestring itself is still installed. Remove it: "
    "sudo PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin pipx uninstall shoestring; "
    "sudo find /usr/local/share /etc -lname '/opt/pipx/venvs/shoestring/*' -delete"
)


@dataclass(frozen=True)
class UninstallPlan:
    """What an uninstallation removes. `others` are other instances; `vpn` are network interfaces.

    `services` are those that have files on this host outside the data directory.
    """

    units: tuple[str, ...]
    changes: Changes
    tasks: tuple[str, ...]
    images: tuple[str, ...]
    volumes: tuple[str, ...]
    vpn: tuple[str, ...]
    firewall: bool
    swap: bool
    daemon: str
    is_default: bool
    directory: Path
    purge: bool
    others: tuple[str, ...]
    cron: tuple[Path, ...]
    services: tuple[str, ...] = ()


def plan(cluster: Cluster, *, purge: bool, default_file: Path = DEFAULT_DIRECTORY_FILE) -> UninstallPlan:
    """Plan an uninstallation. Changes nothing."""
    instance, root = cluster.settings.instance, cluster.paths.root
    others = other_instances(cluster.client, instance)
    is_default = default_directory.read(default_file) == root
    listed = cluster.client.api.containers(all=True)
    daemon = docker_daemon.undo_description()
    return UninstallPlan(
        units=timers.written(instance),
        changes=operations.stop_plan(cluster),
        tasks=tuple(_tasks(listed, instance, root)),
        images=() if others else tuple(unused_images(cluster.client.api.images(), listed, instance)),
        volumes=tuple(_volumes(cluster.client, instance)) if purge else (),
        vpn=managed_interfaces.observe(cluster.paths, cluster.settings),
        firewall=manage.exists(instance, cluster.paths),
        swap=not others and bool(swap.observe().removable),
        daemon="" if others else daemon,
        is_default=is_default,
        directory=root,
        purge=purge,
        others=others,
        cron=cron.observe(root, is_default=is_default),
        services=tuple(_with_traces(cluster)),
    )


def plan_unfinished_purge(
    argument: Path | None, default_file: Path = DEFAULT_DIRECTORY_FILE, units: Path = UNIT_DIRECTORY
) -> UninstallPlan | None:
    """Plan the rest of a purge that was interrupted after it deleted the settings; None if there is none."""
    known = default_directory.read(default_file)
    named = argument or os.environ.get(ENVIRONMENT_VARIABLE)
    root = Path(named).absolute() if named else known
    if root is None or not (root == known or (root / "conf").is_dir()):
        return None
    # If units name it, only its disk is not mounted: then nothing is deleted yet.
    texts = (unit.read_text(encoding="utf-8", errors="replace") for unit in units.glob("shoestring*.service"))
    mine = any(f'"{root}"' in text for text in texts)
    paths = Paths(root)
    there = paths.data.exists() or paths.generated.exists() or (paths.conf.is_dir() and any(paths.conf.iterdir()))
    if mine or there or cron.observe(root, is_default=root == known):
        return None
    return UninstallPlan(
        units=(),
        changes=(),
        tasks=(),
        images=(),
        volumes=(),
        vpn=(),
        firewall=False,
        swap=False,
        daemon="",
        is_default=root == known,
        directory=root,
        purge=True,
        others=(),
        cron=(),
    )


def other_instances(client: DockerClient, instance: str, units: Path = UNIT_DIRECTORY) -> tuple[str, ...]:
    """Return the other instances on this host, by their objects in Docker and their units."""
    entries = (*client.api.containers(all=True), *client.api.networks())
    labels = {str((each.get("Labels") or {}).get(LABEL_INSTANCE, "")) for each in entries}
    return tuple(sorted((labels | timers.instances(units)) - {"", instance}))


def _with_traces(cluster: Cluster) -> Iterator[str]:
    for each in catalogue.present(catalogue.load(), cluster.paths):
        if each.has_traces:
            yield each.name


def _tasks(listed: Iterable[Any], instance: str, root: Path) -> Iterator[str]:
    """Yield short-lived containers that a killed command left."""
    for each in listed:
        labels = each.get("Labels") or {}
        if labels.get(LABEL_TASK) == instance or str(labels.get(LABEL_CHECK, "")).startswith(f"{root}/"):
            yield str(each["Id"])


def unused_images(listed: Iterable[Any], containers: Iterable[Any], instance: str) -> Iterator[str]:
    """Yield the images that Shoestring built or pulled, without those that foreign containers use."""
    used = {each["ImageID"] for each in containers if (each.get("Labels") or {}).get(LABEL_INSTANCE) != instance}
    pulled = {image.reference for image in images.CATALOGUE}
    # The newest first: an image is removed before the one that it is built on.
    for each in sorted(listed, key=lambda each: -int(each["Created"])):
        if each["Id"] in used:
            continue
        for tag in each.get("RepoTags") or ():
            if tag.startswith(f"{images.LOCAL_REPOSITORY}/") or tag in pulled:
                yield str(tag)


def _volumes(client: DockerClient, instance: str) -> Iterator[str]:
    """Yield Docker's volumes that application files created: they are data."""
    for each in client.api.volumes().get("Volumes") or ():
        if str((each.get("Labels") or {}).get(LABEL_PROJECT, "")).startswith(f"{instance}{SEPARATOR}"):
            yield str(each["Name"])


def apply(
    cluster: Cluster, planned: UninstallPlan, lines: ProgressLines, default_file: Path = DEFAULT_DIRECTORY_FILE
) -> None:
    """Carry out the plan, the timers first, so that nothing is started again. After an interruption, run it again.

    A second run finds the rest by the settings and the default data directory, which are removed last. Raises
    ShoestringError at the first that fails.
    """
    if planned.cron:
        tables = ", ".join(map(str, planned.cron))
        raise ShoestringError(f"cron would start everything again. First remove Shoestring's lines from {tables}.")
    if planned.units:
        timers.remove(cluster.settings.instance)
        lines.done("timers", f"{len(planned.units)} units")
    _remove_from_docker(cluster, planned, lines)
    known = catalogue.load() if planned.services else {}
    for service in planned.services:
        known[service].remove_traces(cluster.paths, cluster.settings)
        lines.done(service, "its files outside the data directory removed")
    if planned.vpn:
        for each in planned.vpn:
            wireguard.remove(each)
        lines.done("VPN", f"{', '.join(planned.vpn)} removed")
    if planned.firewall:
        manage.remove(cluster.settings.instance, cluster.paths)
        lines.done("firewall", "off")
    if planned.swap:
        swap.remove(swap.observe())
        lines.done("swap")
    if planned.daemon:
        docker_daemon.undo()
        lines.done("Docker's settings", f"{docker_daemon.FILE} {planned.daemon}")
    files.remove_tree(cluster.run.directory)
    if cluster.run.root.is_dir() and not any(cluster.run.root.iterdir()):
        files.remove_tree(cluster.run.root)
    finish(planned, lines, default_file)


def finish(planned: UninstallPlan, lines: ProgressLines, default_file: Path = DEFAULT_DIRECTORY_FILE) -> None:
    """Carry out the last part: the purge, then the default data directory, by which a second run finds the rest."""
    if planned.purge:
        lines.done("data directory", _purge(Paths(planned.directory)))
    if planned.is_default:
        files.remove(default_file)
        if not any(default_file.parent.iterdir()):
            files.remove_tree(default_file.parent)
        lines.done("default", f"{default_file} removed")


def _remove_from_docker(cluster: Cluster, planned: UninstallPlan, lines: ProgressLines) -> None:
    from docker.errors import APIError, NotFound

    report = operations.stop(cluster, timeout=120.0)
    failed = next((outcome.error for outcome in report.outcomes if not outcome.ok), "")
    if failed:
        raise ShoestringError(f"{failed}\nNothing else was removed. Correct that, then run it again.")
    for task in planned.tasks:
        cluster.client.api.remove_container(task, force=True, v=True)
    lines.done("containers, networks", f"{len(report.outcomes) + len(planned.tasks)} removed")
    for volume in planned.volumes:
        cluster.client.api.remove_volume(volume)
        lines.done("volume", volume)
    for image in planned.images:
        try:
            cluster.client.api.remove_image(image)
        except NotFound:
            continue
        except APIError as error:
            lines.note(f"{image} stays: {error.explanation}")
    if planned.images:
        lines.done("images", f"{len(planned.images)} removed")


def _purge(paths: Paths) -> str:
    """Delete Shoestring's files in a data directory, and the directory if nothing else is in it.

    The data first, while their passwords still exist. The settings last: they mark it as a data directory, for a
    second run.
    """
    root = paths.root
    files.remove_tree(paths.data)
    files.remove_tree(paths.generated)
    for each in paths.conf.iterdir() if paths.conf.is_dir() else ():
        if each.is_dir() and not each.is_symlink():
            files.remove_tree(each)
        elif each != paths.settings:
            files.remove(each)
    files.remove_tree(paths.conf)
    if not root.is_dir():
        return f"{root} removed"
    if any(root.iterdir()) or root.is_mount():
        return f"removed; other files in {root} stay"
    files.remove_tree(root)
    return f"{root} removed"
