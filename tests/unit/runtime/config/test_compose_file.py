from __future__ import annotations

from typing import Any

import pytest

from runtime.config.compose_file import ComposeFile, ComposeService
from runtime.config.published_ports import PublishedPort


def service(**definition: Any) -> ComposeService:
    return ComposeService("application", definition)


def test_service_without_keys() -> None:
    found = service()
    assert (found.image, found.hostname, found.networks, found.volumes, found.environment) == ("", "", (), (), {})
    assert (found.replicas, found.may_end, found.has_profiles) == (1, True, False)


@pytest.mark.parametrize("given", [{"A": 1, "B": None, "C": "x=y"}, ["A=1", "B", "C=x=y"]])
def test_service_environment_in_both_forms(given: object) -> None:
    assert service(environment=given).environment == {"A": "1", "B": "", "C": "x=y"}


@pytest.mark.parametrize("given", [["a", "b"], {"a": None, "b": {"aliases": ["c"]}}])
def test_service_networks_in_both_forms(given: object) -> None:
    assert service(networks=given).networks == ("a", "b")


@pytest.mark.parametrize(
    ("definition", "expected"),
    [({"scale": 3, "deploy": {"replicas": 2}}, 3), ({"deploy": {"replicas": 2}}, 2), ({"scale": True}, 1)],
)
def test_service_replicas(definition: dict[str, Any], expected: int) -> None:
    assert service(**definition).replicas == expected


@pytest.mark.parametrize(
    ("restart", "expected"),
    [("no", True), (False, True), ("on-failure:3", True), ("always", False), ("unless-stopped", False)],
)
def test_service_may_end(restart: object, expected: bool) -> None:
    assert service(restart=restart).may_end is expected


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ({"network_mode": "service:vpn", "pid": "service:main", "ipc": "host"}, ("vpn", "main")),
        ({"volumes_from": ["data:ro", "more"]}, ("data", "more")),
        ({"depends_on": {"a": {"restart": True}, "b": {"condition": "service_started"}}}, ("a",)),
        ({"depends_on": ["a"], "network_mode": "bridge"}, ()),
    ],
)
def test_service_follows(definition: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert ComposeService("s", definition).follows == expected


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ({}, True),
        ({"cap_add": ["SYS_NICE"], "cap_drop": ["MKNOD"], "privileged": False}, True),
        ({"cap_add": ["NET_RAW"]}, False),
        ({"cap_add": ["CAP_NET_RAW"]}, False),
        ({"cap_add": ["net_raw"]}, False),
        ({"cap_add": ["ALL"]}, False),
        ({"cap_drop": ["all"]}, False),
        ({"cap_drop": ["NET_RAW"]}, False),
        ({"privileged": True}, False),
        ({"privileged": "true"}, False),
        ({"privileged": "false"}, True),
    ],
)
def test_service_raw_packets_undecided(definition: dict[str, Any], expected: bool) -> None:
    assert ComposeService("s", definition).raw_packets_undecided is expected


def test_service_published_interpolates() -> None:
    assert service(ports=["$PORT:80"]).published({"PORT": "81"}) == (PublishedPort("tcp", 81, 81),)


def test_referenced_by() -> None:
    file = ComposeFile({"configs": {"a": {"file": "x"}, "b": {"file": "y"}}, "secrets": {"s": {"file": "z"}}})
    user = service(configs=["a"], secrets=[{"source": "s", "target": "t"}], **{"x-own": 1})
    assert file.referenced_by(user) == {"configs": {"a": {"file": "x"}}, "secrets": {"s": {"file": "z"}}}
    assert set(user.own_keys) == {"configs", "secrets"}


def test_networks_and_their_drivers() -> None:
    file = ComposeFile({"networks": {"a": None, "b": {"driver": "macvlan"}, "c": 5}})
    assert file.networks["a"] == {}
    assert file.network_drivers == {"b": "macvlan"}
    assert ComposeFile({}).networks == {}


def test_used_secrets() -> None:
    assert ComposeFile({"x": ["$A", {"y": "${B:-c}"}]}).used_secrets({"A": "1", "B": "2", "C": "3"}) == {
        "A": "1",
        "B": "2",
    }
