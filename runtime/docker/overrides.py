"""The Compose override of an application: networks, labels, limits, local images. The file itself stays as is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.base.paths import Paths
from runtime.config.applications import Application
from runtime.config.compose_file import ComposeService
from runtime.config.settings import Settings
from runtime.docker import images
from runtime.docker.projects import GeneratedFile, Project, ProjectService, digest, labels, service_digest

HEADER = "# Made by Shoestring from the application file. Do not edit: it is written again.\n"


def project(
    application: Application,
    settings: Settings,
    paths: Paths,
    variables: Mapping[str, str],
    substitutes: Mapping[str, str],
    referenced: tuple[bytes, ...] = (),
) -> Project:
    """Return what Compose runs for an application file.

    `substitutes` is the local image for each reference that has one, `referenced` what is in the files that it names.
    """
    services = []
    additions: dict[str, Any] = {}
    for service in application.services:
        if service.has_profiles:
            continue  # Compose does not start these automatically.
        addition = _addition(application, service, settings, substitutes)
        # Which service a file belongs to is not asked: such files are few.
        definition = service_digest(service, [addition, *referenced], application.compose, variables)
        added = labels(settings.instance, application.name, application.side, definition)
        # The limits are not in the digest: a container of an earlier version gets them with its next change, and
        # upgrading Shoestring re-creates none.
        additions[service.name] = {**addition, **_limits(service), "labels": added}
        image = addition.get("image", service.image)
        task = service.name not in application.aliases and service.may_end
        joined = tuple(settings.docker_network(name) for name in addition.get("networks", {}) if name != "default")
        services.append(
            ProjectService(service.name, image, definition, service.replicas, task, joined, service.follows)
        )
    content: dict[str, Any] = {"services": additions}
    networks = _networks(application, settings)
    if networks:
        content["networks"] = networks
    override = paths.override(application.side, application.name)
    return Project(
        name=settings.project(application.name),
        application=application.name,
        side=application.side,
        files=(application.file, override),
        generated=GeneratedFile(override, HEADER, content),
        services=tuple(services),
        source=digest(application.compose.value, *referenced),
    )


def _addition(
    application: Application, service: ComposeService, settings: Settings, substitutes: Mapping[str, str]
) -> dict[str, Any]:
    """Return what the override adds to one service, but for its labels."""
    addition: dict[str, Any] = {}
    aliases = application.aliases.get(service.name)
    if aliases:
        # An alias, since a container's `hostname` resolves on its networks only since Engine 25.
        addition["networks"] = {settings.network(application.side): {"aliases": list(dict.fromkeys(aliases))}}
        alone = len(application.services) == 1 and "default" not in application.compose.networks
        if not service.networks and not alone:
            # Compose would have put it on the project's own network; it must still reach its neighbors there. One
            # that is alone needs none, and Docker has addresses for about 30 networks only.
            addition["networks"]["default"] = None
    image = substitutes.get(images.normalise(service.image))
    if image:
        addition |= {"image": image, "pull_policy": "never"}
    return addition


def _limits(service: ComposeService) -> dict[str, Any]:
    """Return what a service loses of Docker's defaults, unless its file decides that itself.

    With raw packets it could answer for the addresses of other containers (ARP) and read what the proxy sends them.
    """
    return {"cap_drop": ["NET_RAW"]} if service.raw_packets_undecided else {}


def _networks(application: Application, settings: Settings) -> dict[str, Any]:
    """Return the names in Docker of the instance's networks that the file uses, unless the file sets another name."""
    declared = application.compose.networks
    used = {name for service in application.services for name in service.networks}
    if application.aliases:
        used.add(settings.network(application.side))
    found = {}
    for name in settings.network_names:
        own = declared.get(name, {})
        if (name in used or name in declared) and own.get("name", name) == name:
            found[name] = {"name": settings.docker_network(name), "external": True}
    return found
