"""Networks of one name: a request that was cut off and repeated creates several, and Compose then joins none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from docker.errors import APIError

from runtime.base.constants import LABEL_INSTANCE
from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.context.change import ApplyContext
from runtime.reconcile.changes import CreateNetwork
from runtime.reconcile.watchdog import watch
from tests.support.engine import Instance, names, plain


def networks_of(instance: Instance, name: str) -> list[str]:
    return [str(each.id) for each in instance.cluster.client.networks.list(names=[name]) if each.name == name]


def has_duplicates(instance: Instance, name: str) -> bool:
    """Create two networks of one name; False if this engine refuses the second (Docker 25 and later)."""
    labels = {LABEL_INSTANCE: instance.settings.instance}
    for _ in range(2):
        try:
            instance.cluster.client.networks.create(name, check_duplicate=False, labels=labels)
        except APIError as error:
            if error.status_code != 409:
                raise
            return False
    return True


def test_watchdog_duplicate_networks(instance: Instance, tools: str) -> None:
    instance.add(Side.PUBLIC, "a", plain(tools, "a", "a.example.test"))
    name = instance.settings.docker_network("main")
    duplicates = has_duplicates(instance, name)
    assert len(networks_of(instance, name)) == 1 + duplicates
    report = watch(instance.cluster)
    assert report.ok, report
    assert (f"remove-duplicate-networks {name}" in names(report)) is duplicates
    assert len(networks_of(instance, name)) == 1
    assert instance.wait("a.example.test").body == "a\n"


def test_create_network_requests_at_once(instance: Instance) -> None:
    name = instance.settings.docker_network("main")
    context = ApplyContext(instance.cluster)

    def create(_: int) -> bool:
        try:
            CreateNetwork(name).apply(context)
        except ShoestringError as error:
            # The engine may see that another one was created just before.
            if "already exists" not in str(error):
                raise
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert any(threads.map(create, range(8)))
    assert len(networks_of(instance, name)) == 1
