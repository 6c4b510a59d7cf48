"""A hostile neighbor on the link, and a hostile container on `main`: what they reach of the internal side."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from installer.data_directory import settings_edit
from runtime.base.paths import Side
from runtime.config.listen_address import FixedAddress
from runtime.config.sections import InternalSettings, InternalTls, PublicSettings
from runtime.context.cluster import open_cluster
from runtime.docker.observed import observe
from runtime.docker.projects import CORE
from runtime.firewall import isolation
from runtime.proxy.container import HTTP_PORT, service_name
from runtime.reconcile import fast_path, operations, watchdog
from tests.support.bridges import host_bridge
from tests.support.engine import Instance, free_port, names, plain
from tests.support.security.neighbor import (
    DROPPED_SECONDS,
    Neighbor,
    address_on,
    container_reaches,
    neighbor,
)

# On a network of its own, as Compose makes it; published for this host alone.
DATABASE = """
services:
  application:
    image: {image}
    command: [database]
    stop_grace_period: 0s
    ports: ["127.0.0.1:{port}:8080"]
"""


@pytest.fixture
def near() -> Iterator[Neighbor]:
    """A neighbor on a link of this host."""
    with neighbor() as made:
        yield made


def remove_table(instance: Instance) -> None:
    name = isolation.table_name(instance.settings.instance)
    subprocess.run(("nft", "delete", "table", "inet", name), check=True)


def configure(instance: Instance, **sections: object) -> None:
    """Have other settings than the instance was made with."""
    file = instance.paths.settings
    wanted = replace(instance.settings, **sections)  # type: ignore[arg-type]
    file.write_text(settings_edit.edit(file, file.read_text(), wanted))
    instance.cluster.client.close()
    instance.cluster = open_cluster(instance.paths)


def test_neighbor_does_not_reach_containers_by_route(instance: Instance, tools: str, near: Neighbor) -> None:
    """Docker before 28 forwards packets to a container's own address; without the table the attack succeeds."""
    public = PublicSettings(address=near.host, http_port=free_port(near.host), https_port=free_port(near.host))
    configure(instance, public=public)
    instance.add(Side.INTERNAL, "wiki", plain(tools, "wiki", "wiki.internal.example.test"))
    instance.add(Side.PUBLIC, "database", DATABASE.format(image=tools, port=free_port()))
    assert instance.start().ok
    settings, client = instance.settings, instance.cluster.client
    internal = settings.docker_network(settings.network(Side.INTERNAL))
    own = f"{settings.project('database')}_default"
    core = observe(client, settings.instance).of(CORE)
    proxy = client.containers.get(next(each.id for each in core if each.service == service_name(Side.INTERNAL)))
    database = client.containers.get(instance.container("database"))
    targets = {(address_on(proxy, internal), HTTP_PORT), (address_on(database, own), 8080)}
    for network in (internal, own):
        near.route(host_bridge(client, network).network)

    def reached(seconds: float) -> set[tuple[str, int]]:
        return {target for target in targets if near.reaches(*target, seconds=seconds)}

    assert reached(DROPPED_SECONDS) == set()
    assert near.reaches(public.address, public.http_port)
    assert fast_path.is_unchanged(str(instance.paths.root))
    remove_table(instance)
    assert reached(4.0) == targets
    assert not fast_path.is_unchanged(str(instance.paths.root))
    assert names(watchdog.watch(instance.cluster)) == ["install-isolation isolation"]
    assert reached(DROPPED_SECONDS) == set()
    assert operations.stop(instance.cluster).ok
    listed = subprocess.run(("nft", "list", "tables", "inet"), capture_output=True, text=True, check=True)
    assert isolation.table_name(settings.instance) not in listed.stdout.split()
    assert not instance.paths.isolation_generated.exists()


def test_container_on_main_does_not_reach_internal_side(instance: Instance, tools: str, near: Neighbor) -> None:
    """Docker's proxy process listens at the internal side's address, also for containers of other networks."""
    port = free_port(near.host)
    configure(
        instance, internal=InternalSettings(address=FixedAddress(near.host), http_port=port, tls=InternalTls.NONE)
    )
    instance.add(Side.PUBLIC, "shop", plain(tools, "shop", "shop.example.test"))
    instance.add(Side.INTERNAL, "wiki", plain(tools, "wiki", "wiki.internal.example.test"))
    assert instance.start().ok
    containers = instance.cluster.client.containers
    shop, wiki = containers.get(instance.container("shop")), containers.get(instance.container("wiki"))
    assert not container_reaches(shop, near.host, port, DROPPED_SECONDS)
    assert container_reaches(wiki, near.host, port)
    assert near.reaches(near.host, port)
    remove_table(instance)
    assert container_reaches(shop, near.host, port)
