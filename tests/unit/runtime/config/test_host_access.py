"""Each kind of access to the host, and what is none."""

from __future__ import annotations

import pytest

from runtime.config.host_access import Access, Grant, grants, sentence
from tests.support.builders.runtime import PATHS, application

VARIABLES = {"DATA_BASE_PATH": "/srv/test/data", "TRUE": "true"}
NAMES = ("blog", "shop")


def _grants(service: str, more: str = "") -> tuple[Grant, ...]:
    text = f"services: {{application: {{image: 'blog:1', {service}}}}}\n{more}"
    return grants(application("blog", text), PATHS, VARIABLES, NAMES)


@pytest.mark.parametrize(
    ("service", "access", "detail"),
    [
        ("privileged: true", Access.PRIVILEGED, "privileged"),
        ("privileged: '${TRUE}'", Access.PRIVILEGED, "privileged"),
        ("network_mode: host", Access.NAMESPACE, "network_mode: host"),
        ("pid: host", Access.NAMESPACE, "pid: host"),
        ("ipc: host", Access.NAMESPACE, "ipc: host"),
        ("userns_mode: host", Access.NAMESPACE, "userns_mode: host"),
        ("networks: [host]", Access.NAMESPACE, "networks: host"),
        ("use_api_socket: true", Access.ENGINE_SOCKET, "use_api_socket"),
        ("devices: ['/dev/sda:/dev/sda:rwm']", Access.DEVICE, "/dev/sda"),
        ("devices: [{source: /dev/sda}]", Access.DEVICE, "/dev/sda"),
        ("device_cgroup_rules: ['b 8:0 rwm']", Access.DEVICE, "b 8:0 rwm"),
        ("cap_add: [SYS_ADMIN]", Access.CAPABILITY, "SYS_ADMIN"),
        ("cap_add: [cap_sys_module]", Access.CAPABILITY, "SYS_MODULE"),
        ("cap_add: [ALL]", Access.CAPABILITY, "ALL"),
        ("security_opt: ['seccomp=unconfined']", Access.UNCONFINED, "seccomp=unconfined"),
        ("security_opt: ['apparmor:unconfined']", Access.UNCONFINED, "apparmor:unconfined"),
    ],
)
def test_grants_of_a_key(service: str, access: Access, detail: str) -> None:
    assert _grants(service) == (Grant(access, "application", detail),)


@pytest.mark.parametrize(
    ("volume", "access", "source"),
    [
        ("'/var/run/docker.sock:/var/run/docker.sock:ro'", Access.ENGINE_SOCKET, "/var/run/docker.sock"),
        ("'/run:/host/run'", Access.ENGINE_SOCKET, "/run"),
        ("'/:/host:ro'", Access.ENGINE_SOCKET, "/"),
        ("'/etc:/host/etc'", Access.HOST_PATH, "/etc"),
        ("'~/.ssh:/keys'", Access.HOST_PATH, "/root/.ssh"),
        ("'/etc/localtime:/etc/localtime'", Access.HOST_PATH, "/etc/localtime"),
        ("{type: bind, source: /opt, target: /opt}", Access.HOST_PATH, "/opt"),
        ("{type: volume, source: '${DATA_BASE_PATH}/shop', target: /a}", Access.OTHER_DATA, "/srv/test/data/shop"),
        ("'${DATA_BASE_PATH}/blog/../shop/files:/files:ro'", Access.OTHER_DATA, "/srv/test/data/shop/files"),
        ("'${DATA_BASE_PATH}:/data'", Access.INSTANCE_FILES, "/srv/test/data"),
        ("'${DATA_BASE_PATH}/letsencrypt:/keys:ro'", Access.INSTANCE_FILES, "/srv/test/data/letsencrypt"),
        ("'${DATA_BASE_PATH}/haproxy-public-ssl:/k:ro'", Access.INSTANCE_FILES, "/srv/test/data/haproxy-public-ssl"),
        ("'../secrets.yaml:/secrets:ro'", Access.INSTANCE_FILES, "/srv/test/conf/secrets.yaml"),
        ("'..:/conf:ro'", Access.INSTANCE_FILES, "/srv/test/conf"),
        ("'../wireguard/wg0.conf:/wg:ro'", Access.INSTANCE_FILES, "/srv/test/conf/wireguard/wg0.conf"),
        ("'../blog:/configuration'", Access.INSTANCE_FILES, "/srv/test/conf/blog"),
        ("'../../generated:/generated:ro'", Access.INSTANCE_FILES, "/srv/test/generated"),
    ],
)
def test_grants_of_a_mount(volume: str, access: Access, source: str) -> None:
    assert _grants(f"volumes: [{volume}]") == (Grant(access, "application", source),)


@pytest.mark.parametrize(
    ("service", "more"),
    [
        ("volumes: ['${DATA_BASE_PATH}/blog:/data']", ""),
        ("volumes: ['files:/data', '/anonymous']", "volumes: {files: {}}"),
        ("volumes: ['../blog:/configuration:ro']", ""),
        ("volumes: ['/etc/localtime:/etc/localtime:ro']", ""),
        ("cap_add: [CHOWN, NET_BIND_SERVICE]", ""),
        ("security_opt: ['no-new-privileges:true']", ""),
        ("privileged: false, pid: 'service:other', networks: [main]", ""),
    ],
)
def test_grants_of_ordinary_keys_are_none(service: str, more: str) -> None:
    assert _grants(service, more) == ()


def test_grants_of_a_named_volume_that_is_a_bind() -> None:
    found = _grants("volumes: ['all:/all']", "volumes: {all: {driver_opts: {type: none, o: bind, device: /home}}}")
    assert found == (Grant(Access.HOST_PATH, "application", "/home"),)


def test_grants_of_a_file_in_secrets() -> None:
    found = _grants("secrets: [key]", "secrets: {key: {file: /etc/shadow}}")
    assert found == (Grant(Access.HOST_PATH, "application", "/etc/shadow"),)


def test_grants_of_a_network_that_is_called_host() -> None:
    found = _grants("networks: [outside]", "networks: {outside: {external: true, name: host}}")
    assert found == (Grant(Access.NAMESPACE, "application", "networks: outside"),)


def test_sentence_names_each_kind_once_and_few_details() -> None:
    found = _grants("privileged: true, volumes: ['/a:/a', '/b:/b', '/c:/c', '/d:/d']")
    assert sentence("blog", found) == (
        "blog has access to this host: privileged; paths of the host (/a, /b, /c and 1 more)."
    )
