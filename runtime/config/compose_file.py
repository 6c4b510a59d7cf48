"""Typed access to the parts of a Compose file that are used here; Compose itself defines what they mean. Pure.

A file of another form than Compose's raises AttributeError, TypeError, ValueError or KeyError where it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runtime.config import published_ports, secrets
from runtime.config.published_ports import PublishedPort

# The capability of raw packets, and the word for all capabilities (capabilities(7); Docker's `--cap-add`).
_RAW_PACKETS = frozenset({"NET_RAW", "ALL"})


@dataclass(frozen=True)
class ComposeService:
    """One service: its name and its definition as written in the file."""

    name: str
    definition: dict[str, Any]

    @property
    def image(self) -> str:
        """Return the image reference as written in the file; empty if the service is built."""
        return str(self.definition.get("image") or "")

    @property
    def hostname(self) -> str:
        """Return the host name that the file gives it; empty if it gives none."""
        return str(self.definition.get("hostname") or "")

    @property
    def networks(self) -> tuple[str, ...]:
        """Return the networks that it names, in the short or the long form."""
        return tuple(self.definition.get("networks") or ())

    @property
    def has_profiles(self) -> bool:
        """Return whether Compose starts it only if one of its profiles is asked for."""
        return bool(self.definition.get("profiles"))

    @property
    def raw_packets_undecided(self) -> bool:
        """Return whether the file says nothing of raw network packets, which Docker then allows.

        It decides by `cap_add`, `cap_drop` or `privileged`.
        """
        added, dropped = (self._capabilities(key) for key in ("cap_add", "cap_drop"))
        privileged = str(self.definition.get("privileged") or "").lower() == "true"
        return not privileged and _RAW_PACKETS.isdisjoint(added | dropped)

    def _capabilities(self, key: str) -> frozenset[str]:
        listed = self.definition.get(key)
        return frozenset(str(each).upper().removeprefix("CAP_") for each in listed or ())

    @property
    def replicas(self) -> int:
        """Return how many containers it has: `scale`, else `deploy.replicas`, else 1."""
        deploy = self.definition.get("deploy")
        replicas = deploy.get("replicas") if isinstance(deploy, dict) else None
        replicas = self.definition.get("scale", replicas)
        return replicas if isinstance(replicas, int) and not isinstance(replicas, bool) else 1

    @property
    def follows(self) -> tuple[str, ...]:
        """Return the services with whose containers its own have to be re-created.

        It shares a namespace or the volumes of their containers, or restarts with them (`depends_on`, `restart`).
        """
        shared = [str(self.definition.get(key) or "") for key in ("network_mode", "ipc", "pid")]
        named = [value.removeprefix("service:") for value in shared if value.startswith("service:")]
        volumes = [str(each).partition(":")[0] for each in self.definition.get("volumes_from") or ()]
        depends = self.definition.get("depends_on")
        conditions = depends.items() if isinstance(depends, Mapping) else ()
        restarts = [str(name) for name, each in conditions if isinstance(each, Mapping) and each.get("restart")]
        return tuple(dict.fromkeys((*named, *volumes, *restarts)))

    @property
    def may_end(self) -> bool:
        """Return whether its process may end for good: no restart policy, or one for failures only."""
        return str(self.definition.get("restart") or "no").startswith(("no", "on-failure", "False"))

    @property
    def environment(self) -> dict[str, str]:
        """Return its environment, from either form of the key."""
        given = self.definition.get("environment") or {}
        if isinstance(given, Mapping):
            return {str(name): "" if value is None else str(value) for name, value in given.items()}
        return {name: value for name, _, value in (str(each).partition("=") for each in given)}

    @property
    def volumes(self) -> tuple[Any, ...]:
        """Return its mounts, each in the short or the long form."""
        return tuple(self.definition.get("volumes") or ())

    @property
    def own_keys(self) -> dict[str, Any]:
        """Return its definition without `x-` keys."""
        return {key: value for key, value in self.definition.items() if not str(key).startswith("x-")}

    def references(self, section: str) -> tuple[str, ...]:
        """Return the names that it uses of a section of the file (`configs`, `secrets`), in either form."""
        listed = self.definition.get(section)
        items = listed if isinstance(listed, list) else []
        return tuple(str(item.get("source")) if isinstance(item, dict) else str(item) for item in items)

    def published(self, variables: Mapping[str, str]) -> tuple[PublishedPort, ...]:
        """Return the ports of the host that it publishes."""
        return published_ports.read((self.definition,), variables)


@dataclass(frozen=True)
class ComposeFile:
    """A parsed Compose file."""

    value: Mapping[str, Any]

    @property
    def networks(self) -> dict[str, dict[str, Any]]:
        """Return the networks that it declares; one without a definition is an empty one."""
        declared = self.value.get("networks") or {}
        return {name: definition or {} for name, definition in declared.items()}

    @property
    def network_drivers(self) -> dict[str, str]:
        """Return the drivers of the networks that name one."""
        definitions = {name: each for name, each in self.networks.items() if isinstance(each, dict)}
        return {name: str(each["driver"]) for name, each in definitions.items() if each.get("driver")}

    def section(self, name: str) -> dict[str, Any]:
        """Return a top-level mapping, such as `configs` or `secrets`; empty if there is none."""
        return dict(self.value.get(name) or {})

    def referenced_by(self, service: ComposeService) -> dict[str, dict[str, Any]]:
        """Return the `configs` and `secrets` that a service uses, by section and name."""
        return {
            name: {each: self.section(name).get(each) for each in service.references(name)}
            for name in ("configs", "secrets")
        }

    def used_secrets(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that the file uses anywhere, with their values."""
        return secrets.used(self.value, variables)
