from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runtime import names

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
        (names.host_name, "Example.COM.", "example.com"),
        (names.host_name, "localhost", "localhost"),
        (names.host_name, "a" * 63 + ".com", "a" * 63 + ".com"),
        (names.host_pattern, "*.Example.com", "*.example.com"),
        (names.domain, "example.com", "example.com"),
        (names.port, 65535, 65535),
        (names.ip_address, "2001:DB8::0:1", "2001:db8::1"),
        (names.backend, "monitoring_grafana", "monitoring_grafana"),
        (names.application, "my-app_2", "my-app_2"),
        (names.email, "ops+x@example.com", "ops+x@example.com"),
        (names.http_path, "/health?full=1", "/health?full=1"),
        (names.https_url, "https://ca.example.com:14000/dir", "https://ca.example.com:14000/dir"),
        (names.private_listen_address, "10.0.0.1", "10.0.0.1"),
    ],
)
def test_normal_form(check: Callable[[Any], Any], given: object, normal: object) -> None:
    assert check(given) == normal


@pytest.mark.parametrize(
    ("check", "given", "why"),
    [
        (names.host_name, "-a.com", "is not a host name"),
        (names.host_name, "a..com", "is not a host name"),
        (names.host_name, "a" * 64 + ".com", "is not a host name"),
        (names.host_name, ".".join(["a" * 60] * 5), "is not a host name"),
        (names.host_name, "10.0.0.1", "is an address"),
        (names.host_name, "bücher.example", "xn--bcher-kva.example"),
        (names.host_name, None, "is not a host name"),
        (names.host_pattern, "*.*.com", "is not a host name"),
        (names.host_pattern, "*.com", "is not a domain"),
        (names.host_pattern, "a.*.com", "is not a host name"),
        (names.domain, "localhost", "is not a domain"),
        (names.port, 70000, "is not a port (1 to 65535)"),
        (names.port, 0, "is not a port"),
        (names.port, True, "is not a port"),
        (names.port, "80", "is not a port"),
        (names.ip_address, "256.0.0.1", "is not an IP address"),
        (names.private_listen_address, "0.0.0.0", "every address"),
        (names.private_listen_address, "::", "every address"),
        (names.application, "My App", "is not a name"),
        (names.email, "ops@localhost", "is not an e-mail address"),
        (names.email, "ops", "is not an e-mail address"),
        (names.https_url, "http://example.com", "is not an https:// address"),
    ],
)
def test_refused(check: Callable[[Any], Any], given: object, why: str) -> None:
    with pytest.raises(ValueError, match=".") as error:
        check(given)
    assert why in str(error.value)


@pytest.mark.parametrize(
    "check",
    [
        *(names.host_name, names.host_pattern, names.domain, names.ip_address, names.backend, names.application),
        *(names.email, names.http_path, names.https_url),
    ],
)
@pytest.mark.parametrize("prefix", ["", "/", "https://", "ops@"])
@pytest.mark.parametrize("evil", EVIL)
def test_nothing_that_could_break_out_of_a_configuration(check: Callable[[Any], Any], prefix: str, evil: str) -> None:
    with pytest.raises(ValueError, match="is not|is an"):
        check(prefix + evil)
