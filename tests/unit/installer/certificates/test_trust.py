"""The instructions to trust the private CA, with the host names of an instance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from installer.certificates import trust
from installer.certificates.trust import RootTrust

TRUST = RootTrust(
    root=Path("/srv/shoestring/data/private-ca/root.pem"),
    fingerprint="AB:CD",
    domain="internal.example.com",
    host_names=("internal.example.com", "grafana.internal.example.com", "docker.internal.example.com"),
    https_port=443,
)


def block(shown: RootTrust, title: str) -> list[str]:
    """Return the commands below a title."""
    lines = trust.lines(shown)
    start = next(index for index, line in enumerate(lines) if line.startswith(f"  {title}"))
    end = lines.index("", start) if "" in lines[start:] else len(lines)
    return [line.strip() for line in lines[start + 1 : end]]


def test_lines_begin_with_fingerprint() -> None:
    assert trust.lines(TRUST)[:3] == [
        "  Private CA     signs for internal.example.com and the names below it only",
        "  Certificate    /srv/shoestring/data/private-ca/root.pem",
        "  SHA-256        AB:CD",
    ]
    assert block(TRUST, "Copy it") == [
        "ssh THIS-HOST sudo shoestring ssl ca --pem > internal.example.com.crt",
        "openssl x509 -in internal.example.com.crt -noout -fingerprint -sha256",
    ]


@pytest.mark.parametrize(
    ("title", "command"),
    [
        ("Debian, Ubuntu", "sudo cp internal.example.com.crt /usr/local/share/ca-certificates/"),
        ("Fedora", "sudo cp internal.example.com.crt /etc/pki/ca-trust/source/anchors/"),
        (
            "macOS",
            "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain "
            "internal.example.com.crt",
        ),
        ("Windows", "certutil -addstore -f Root internal.example.com.crt"),
        ("Firefox", "Settings, Privacy & Security, View Certificates, Authorities, Import: choose the file,"),
        ("npm", 'export NODE_EXTRA_CA_CERTS="$PWD/internal.example.com.crt"'),
        ("Check that it works", "curl --cacert internal.example.com.crt https://internal.example.com/"),
    ],
)
def test_lines_have_commands_of_each_system(title: str, command: str) -> None:
    assert block(TRUST, title)[0] == command


def test_lines_name_registry_and_npm_hosts() -> None:
    assert block(TRUST, "docker login") == [
        "sudo mkdir -p /etc/docker/certs.d/docker.internal.example.com",
        "sudo cp internal.example.com.crt /etc/docker/certs.d/docker.internal.example.com/ca.crt",
        "docker login docker.internal.example.com",
    ]
    own = replace(TRUST, host_names=("internal.example.com", "my-registry.internal.example.com"), https_port=8444)
    assert block(own, "docker login")[0].endswith("/my-registry.internal.example.com:8444")
    assert block(own, "docker login")[2] == "docker login my-registry.internal.example.com:8444"
    assert block(own, "npm")[1] == "npm ping --registry https://npm.internal.example.com:8444/"
    assert block(own, "Check that it works")[0].endswith("https://internal.example.com:8444/")


def test_lines_have_data_directory_option() -> None:
    other = replace(TRUST, option=" --data-directory /srv/x")
    assert block(other, "Copy it")[0] == (
        "ssh THIS-HOST sudo shoestring ssl ca --pem --data-directory /srv/x > internal.example.com.crt"
    )


def test_plain_names_leaves_out_wildcards() -> None:
    assert trust.plain_names(("a.example", "*.a.example", "a.example", "b.example")) == ("a.example", "b.example")
