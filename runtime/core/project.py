"""The core: the Compose file of the two proxies, of what takes IPv6 for them, and of the resolver of VPN clients."""

from __future__ import annotations

from typing import Any

from runtime.base.paths import Paths, RunPaths, Side
from runtime.config.settings import Settings
from runtime.core import dns, ipv6_proxy
from runtime.docker import images
from runtime.docker.projects import CORE, GeneratedFile, Project, ProjectService, bind, digest, labels
from runtime.proxy.container import (
    CERTIFICATES_MOUNT,
    CONFIGURATION_MOUNT,
    HARDENING,
    HTTP_PORT,
    HTTPS_PORT,
    PROXY_GID,
    PROXY_UID,
    SOCKETS_MOUNT,
    proxy_image,
    service_name,
)
from runtime.proxy.model import ProxyModel

HEADER = "# Made by Shoestring from the settings. Do not edit: it is written again.\n"


def core_project(settings: Settings, models: tuple[ProxyModel, ...], paths: Paths, run: RunPaths) -> Project:
    """Return what Compose runs for the proxies of the sides that are switched on."""
    definitions: dict[str, Any] = {}
    services = []
    for model in models:
        definition = _service(settings, model, paths, run)
        mark = digest(definition)
        definition["labels"] = labels(settings.instance, CORE, model.side, mark)
        definitions[service_name(model.side)] = definition
        network = settings.docker_network(settings.network(model.side))
        services.append(ProjectService(service_name(model.side), definition["image"], mark, networks=(network,)))
        if model.ipv6:
            image, user = proxy_image(settings), (PROXY_UID, PROXY_GID)
            listening = ipv6_proxy.addresses(settings, model.side, model.address)
            ports = _ports(model)
            definition = ipv6_proxy.service(model.side, listening, image, ports, user, run, model.limits)
            definition = _pulled(settings, definition)
            mark = digest(definition)
            definition["labels"] = labels(settings.instance, CORE, None, mark)
            definitions[ipv6_proxy.service_name(model.side)] = definition
            services.append(ProjectService(ipv6_proxy.service_name(model.side), image, mark))
    if dns.is_needed(settings, models):
        definition = dns.service(settings, models, paths)
        mark = digest(definition)
        definition["labels"] = labels(settings.instance, CORE, None, mark)
        definitions[dns.SERVICE] = definition
        network = settings.docker_network(settings.network(Side.INTERNAL))
        services.append(ProjectService(dns.SERVICE, definition["image"], mark, networks=(network,)))
    networks = {
        name: {"name": settings.docker_network(name), "external": True}
        for name in (settings.network(model.side) for model in models)
    }
    content = {"services": definitions, "networks": networks}
    file = paths.core_compose
    return Project(settings.project(CORE), CORE, None, (file,), GeneratedFile(file, HEADER, content), tuple(services))


def references(settings: Settings) -> tuple[str, ...]:
    """Return the images of the core, as a registry calls them."""
    return (images.HAPROXY.reference, *((images.DNSMASQ.reference,) if settings.wireguard.enabled else ()))


def _service(settings: Settings, model: ProxyModel, paths: Paths, run: RunPaths) -> dict[str, Any]:
    side = model.side
    service: dict[str, Any] = {
        "image": proxy_image(settings),
        "command": [
            *("haproxy", "-W", "-db", "-S", f"{SOCKETS_MOUNT}/master.sock,mode,600"),
            *("-f", f"{CONFIGURATION_MOUNT}/haproxy.cfg"),
        ],
        **HARDENING.compose_service(),
        # Without it Docker's DNS asks the host's name servers for each application that does not run.
        "dns_opt": ["ndots:1"],
        "networks": [settings.network(side)],
        "ports": _published(model),
        # Directories, never single files: a rename breaks a file mount.
        "volumes": [
            bind(str(paths.proxy_generated(side)), CONFIGURATION_MOUNT, read_only=True),
            bind(str(paths.proxy_certificates(side)), CERTIFICATES_MOUNT, read_only=True),
            bind(str(run.proxy(side)), SOCKETS_MOUNT, read_only=False),
        ],
    }
    return _pulled(settings, service)


def _pulled(settings: Settings, service: dict[str, Any]) -> dict[str, Any]:
    """Return the service, without a pull if the images are those of this host."""
    return {**service, "pull_policy": "never"} if settings.images.source == images.LOCAL else service


def _ports(model: ProxyModel) -> list[tuple[int, int]]:
    """Return pairs of the port outside and the container's."""
    pairs = [(model.http_port, HTTP_PORT)]
    if model.https_port:
        pairs.append((model.https_port, HTTPS_PORT))
    return pairs + [(tcp.port, tcp.port) for tcp in model.tcp_ports]


def _published(model: ProxyModel) -> list[dict[str, Any]]:
    """Return the ports that Docker publishes: by IPv4 alone, see ipv6.py."""
    address = ipv6_proxy.published(model.address)
    common = {"host_ip": address, "protocol": "tcp", "mode": "host"}
    pairs = _ports(model) if address else []
    return [{"target": inside, "published": str(outside), **common} for outside, inside in pairs]
