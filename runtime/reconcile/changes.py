"""The changes of the engine's objects: networks, containers, and whole projects."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from runtime.base import command
from runtime.base.constants import LABEL_INSTANCE
from runtime.base.errors import ShoestringError
from runtime.context.change import ApplyContext, Change, ChangeDescription, Sign
from runtime.context.project_change import ProjectChange
from runtime.docker import compose
from runtime.docker.engine import stop_seconds
from runtime.docker.observed import Container


@dataclass(frozen=True)
class CreateNetwork(Change):
    """A network of the instance is missing. `network` is its name in Docker."""

    network: str
    kind = "create-network"

    def describe(self) -> ChangeDescription:
        """Return the name of the network."""
        return ChangeDescription(Sign.NEW, self.network, "network")

    def apply(self, context: ApplyContext) -> str:
        """Create it with the label of the instance."""
        from docker.errors import DockerException

        cluster = context.cluster
        try:
            cluster.client.networks.create(
                self.network,
                driver="bridge",
                check_duplicate=True,
                labels={LABEL_INSTANCE: cluster.settings.instance},
            )
        except DockerException as error:
            raise ShoestringError(f"Docker cannot create the network {self.network}: {error}") from error
        # The engine may have carried out a request whose connection broke: its own check sees only what is finished.
        return _remove_duplicates(context, self.network)

    @property
    def is_fatal(self) -> bool:
        """Return True: containers that join it could not start."""
        return True


@dataclass(frozen=True)
class RemoveDuplicateNetworks(Change):
    """Several networks of the instance have one name: Compose refuses to join any of them. `network` is the name."""

    network: str
    kind = "remove-duplicate-networks"

    def describe(self) -> ChangeDescription:
        """Return the name of the network."""
        return ChangeDescription(Sign.CHANGED, self.network, "network, created more than once")

    def apply(self, context: ApplyContext) -> str:
        """Remove all but the first one that is in use; one that something else has joined too is reported."""
        return _remove_duplicates(context, self.network)

    @property
    def is_fatal(self) -> bool:
        """Return True: containers that join it could not start."""
        return True


@dataclass(frozen=True)
class RemoveNetwork(Change):
    """A network of the instance that nothing uses any more."""

    network: str
    id: str
    kind = "remove-network"

    def describe(self) -> ChangeDescription:
        """Return the name of the network."""
        return ChangeDescription(Sign.REMOVED, self.network, "network")

    def apply(self, context: ApplyContext) -> str:
        """Remove it, unless something that is not ours has joined it; that is reported."""
        from docker.errors import DockerException, NotFound

        try:
            network = context.cluster.client.networks.get(self.id)
            network.reload()
            joined = sorted(container.name or "" for container in network.containers)
            if joined:
                return f"kept; {', '.join(joined)} still uses it"
            network.remove()
        except NotFound:
            return ""
        except DockerException as error:
            raise ShoestringError(f"Docker cannot remove the network {self.network}: {error}") from error
        return ""


@dataclass(frozen=True)
class RestartContainer(ProjectChange):
    """A container is as its file says, but hangs or is unhealthy; Docker does not restart it."""

    container: Container
    reason: str
    kind = "restart"

    def describe(self) -> ChangeDescription:
        """Return the state of the container."""
        return ChangeDescription(Sign.CHANGED, self.project.application, self.reason)

    def apply(self, context: ApplyContext) -> str:
        """Restart it, with the time to stop that its file gives it."""
        from docker.errors import DockerException

        api = context.cluster.client.api
        try:
            api.restart(self.container.id, timeout=stop_seconds(api.inspect_container(self.container.id)))
        except DockerException as error:
            raise ShoestringError(f"Docker cannot restart {self.container.name}: {error}") from error
        return ""

    @property
    def is_repair(self) -> bool:
        """Return True: no file has changed."""
        return True


@dataclass(frozen=True)
class RemoveProject(Change):
    """A project's containers are removed; its data stays. `project` is its name for Compose."""

    application: str
    project: str
    reason: str
    kind = "remove"

    def describe(self) -> ChangeDescription:
        """Return why it is removed."""
        return ChangeDescription(Sign.REMOVED, self.application, self.reason)

    def apply(self, context: ApplyContext) -> str:
        """Stop and remove its containers and its own networks."""
        command.check(
            compose.down(self.project),
            environment=compose.environment({}),
            clear_env=True,
            timeout=compose.DOWN_TIMEOUT_SECONDS,
        )
        return ""


def _remove_duplicates(context: ApplyContext, name: str) -> str:
    """Keep one network of a name: the oldest of those in use, else the oldest. Return what could not be removed.

    Docker up to 24 allows networks of the same name (`CheckDuplicate` of the Engine API 1.43 is best effort).
    """
    from docker.errors import DockerException, NotFound

    client, label = context.cluster.client, f"{LABEL_INSTANCE}={context.cluster.settings.instance}"
    found = []
    try:
        listed = client.networks.list(names=[name], filters={"label": label})
        for each in listed if len(listed) > 1 else ():
            # Another command may remove one meanwhile.
            with contextlib.suppress(NotFound):
                each.reload()
                found.append(each)
        found = [each for each in found if each.name == name]
        found.sort(key=lambda each: (not each.containers, each.attrs["Created"]))
        in_use = [each for each in found[1:] if each.containers]
        for each in found[1:]:
            if each not in in_use:
                with contextlib.suppress(NotFound):
                    each.remove()
    except DockerException as error:
        raise ShoestringError(f"Docker cannot remove duplicates of the network {name}: {error}") from error
    joined = sorted(container.name or "" for each in in_use for container in each.containers)
    return f"kept a duplicate; {', '.join(joined)} uses it" if joined else ""
