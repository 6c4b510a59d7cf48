from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runtime.base import validators

EVIL = [
    "a.com\n  http-request deny",
    "a.com\r",
    "a.com ",
    "a com",
    "a.com#x",
    "a.com'",
    'a.com"',
    "a.com\0",
    "$(id)",
    "{x}",
]


@pytest.mark.parametrize(
    ("check", "given", "normal"),
    [
        (validators.host_name, "Example.COM.", "example.com"),
        (validators.host_name, "localhost", "localhost"),
        (validators.host_name, "a" * 63 + ".com", "a" * 63 + ".com"),
        (validators.host_pattern, "*.Example.com", "*.example.com"),
        (validators.domain, "example.com", "example.com"),
        (validators.port, 65535, 65535),
        (validators.ip_address, "2001:DB8::0:1", "2001:db8::1"),
        (validators.backend, "monitoring_grafana", "monitoring_grafana"),
        (validators.application, "my-app_2", "my-app_2"),
        (validators.email, "ops+x@example.com", "ops+x@example.com"),
        (validators.http_path, "/health?full=1", "/health?full=1"),
        (validators.https_url, "https://ca.example.com:14000/dir", "https://ca.example.com:14000/dir"),
    ],
)
def test_validators_return_normal_form(check: Callable[[Any], Any], given: object, normal: object) -> None:
    assert check(given) == normal


@pytest.mark.parametrize(
    ("check", "given", "why"),
    [
        (validators.host_name, "-a.com", "is not a host name"),
        (validators.host_name, "a..com", "is not a host name"),
        (validators.host_name, "a" * 64 + ".com", "is not a host name"),
        (validators.host_name, ".".join(["a" * 60] * 5), "is not a host name"),
        (validators.host_name, "10.0.0.1", "is an address"),
        (validators.host_name, "bücher.example", "xn--bcher-kva.example"),
        (validators.host_name, None, "is not a host name"),
        (validators.host_pattern, "*.*.com", "is not a host name"),
        (validators.host_pattern, "*.com", "is not a domain"),
        (validators.host_pattern, "a.*.com", "is not a host name"),
        (validators.domain, "localhost", "is not a domain"),
        (validators.port, 70000, "is not a port (1 to 65535)"),
        (validators.port, 0, "is not a port"),
        (validators.port, True, "is not a port"),
        (validators.port, "80", "is not a port"),
        (validators.ip_address, "256.0.0.1", "is not an IP address"),
        (validators.application, "My App", "is not a name"),
        *(
            (validators.network_name, name, "meaning in YAML")
            for name in ("null", "on", "no", "123", "1e3", "0x1f", "0o17")
        ),
        (validators.network_name, "My Net", "is not a name"),
        (validators.ip_address, "fe80::1%eth0", "has a zone"),
        (validators.ip_address, "fe80::1%eth0\n    server evil 192.0.2.1", "has a zone"),
        (validators.local_network6, "fd00::%x\ny/64", "is not a network"),
        (validators.email, "ops@localhost", "is not an e-mail address"),
        (validators.email, "ops", "is not an e-mail address"),
        (validators.https_url, "http://example.com", "is not an https:// address"),
    ],
)
def test_validators_refuse_invalid_value(check: Callable[[Any], Any], given: object, why: str) -> None:
    with pytest.raises(ValueError, match=".") as error:
        check(given)
    assert why in str(error.value)


@pytest.mark.parametrize(
    "check",
    [
        *(
            validators.host_name,
            validators.host_pattern,
            validators.domain,
            validators.ip_address,
            validators.backend,
            validators.application,
            validators.network_name,
        ),
        *(validators.email, validators.http_path, validators.https_url),
    ],
)
@pytest.mark.parametrize("prefix", ["", "/", "https://", "ops@"])
@pytest.mark.parametrize("evil", EVIL)
def test_validators_refuse_configuration_injection(check: Callable[[Any], Any], prefix: str, evil: str) -> None:
    with pytest.raises(ValueError, match="is not|is an"):
        check(prefix + evil)
