"""A change of one service re-creates no other, also where Compose would: after an upgrade its digests differ.

There is one Compose here. Another one is imitated by containers that were created with one more key than the files
have, so that its digest of the service (`com.docker.compose.config-hash`) differs and ours does not.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from runtime.base.paths import Side
from runtime.docker import compose
from runtime.docker.observed import observe
from runtime.reconcile.state import State
from tests.support.engine import Instance, names, plain

if TYPE_CHECKING:
    from runtime.docker.projects import Project

pytestmark = pytest.mark.engine

MORE = """\
    environment: {{VERSION: "{version}"}}
    depends_on: [data]
  data:
    image: {image}
    command: [data]
    stop_grace_period: 0s
  sidecar:
    image: {image}
    entrypoint: [sleep, infinity]
    network_mode: service:application
    stop_grace_period: 0s
x-rollout: stop-first
"""


def file_of(tools: str, version: int) -> str:
    return plain(tools, "shop", "shop.example.test", more=MORE.format(image=tools, version=version))


def ids(instance: Instance) -> dict[str, str]:
    seen = observe(instance.cluster.client, instance.settings.instance)
    return {each.service: each.id for each in seen.containers}


def recreate_as_another_compose(project: Project, service: str) -> None:
    """Re-create the container of a service with a key that the files do not have."""
    file = project.generated.file
    override = file.with_suffix(".other.yaml")
    override.write_text(f"services: {{{service}: {{stop_signal: SIGTERM}}}}\n")
    argv = compose.up(project, recreate=(service,))
    at = argv.index("up")
    subprocess.run((*argv[:at], "--file", str(override), *argv[at:]), check=True, capture_output=True)
    override.unlink()


def test_start_after_fake_upgrade_of_compose_keeps_unchanged_services(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "shop", file_of(tools, 1))
    assert instance.start().ok
    (project,) = State(instance.cluster).desired.projects
    recreate_as_another_compose(project, "data")
    before = ids(instance)
    assert instance.start().outcomes == ()
    instance.add(Side.PUBLIC, "shop", file_of(tools, 2))
    report = instance.start()
    assert report.ok
    assert names(report) == ["apply shop"]
    assert report.outcomes[0].change.about == "application changed; sidecar re-created with it"
    after = ids(instance)
    assert {name for name in before if before[name] != after[name]} == {"application", "sidecar"}
    instance.wait("shop.example.test")
    assert instance.start().outcomes == ()


def test_start_after_fake_upgrade_of_compose_keeps_other_proxy(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "shop", plain(tools, "shop", "shop.example.test"))
    assert instance.start().ok
    recreate_as_another_compose(State(instance.cluster).desired.core, "haproxy-internal")
    before = ids(instance)
    client = instance.cluster.client
    client.containers.get(before["haproxy-public"]).remove(force=True)
    report = instance.start()
    assert report.ok
    after = ids(instance)
    assert {name for name in before if before[name] != after[name]} == {"haproxy-public"}
