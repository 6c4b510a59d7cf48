"""Validators of configuration values.

Each takes a value that a file or a user gave, returns its normal form, and raises ValueError with the end of a
sentence ("is not a port (1 to 65535)").
"""

from __future__ import annotations

import ipaddress
import re

# RFC 1123 section 2.1: letters, digits and hyphens, not first or last; 63 a label, 253 in all.
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# What a container's host name may be: the ancestor's files have underscores in them.
_BACKEND = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_APPLICATION = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_NUMBER = re.compile(r"[0-9]+e[0-9]+|0o[0-7]+")
_INSTANCE = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([^@]+)")
# RFC 3986 section 3.3, without what HAProxy's configuration or a shell would read as its own.
_HTTP_PATH = re.compile(r"/[A-Za-z0-9/._~!&()*+,;=:@%?-]*")
# What the kernel takes as a name (dev_valid_name), without what needs quotes somewhere; 15 characters at most.
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")
_HTTP_URL = re.compile(r"https?://[^\s\"'<>\\^`{|}]+")
_HTTPS_URL = re.compile(r"https://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9/._~-]*)?")

# Last labels of names that no public authority signs for: RFC 2606, RFC 6761, RFC 6762 section 3 and appendix G,
# RFC 7686, RFC 8375, ICANN's "internal", and those that cloud providers give to hosts.
_RESERVED = frozenset(
    (
        *("test", "example", "invalid", "localhost", "local", "internal", "arpa", "onion"),
        *("corp", "home", "intranet", "lan", "localdomain", "private"),
    )
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Unique local addresses (RFC 4193 section 3.1).
_ULA = ipaddress.IPv6Network("fd00::/8")
# A client must get an address other than the server's.
_SMALLEST_PREFIX = {4: 30, 6: 126}


def host_name(value: object) -> str:
    """Return a DNS host name, lower-case and without a final dot."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a host name")
    name = value.lower().removesuffix(".")
    if not name.isascii():
        raise ValueError(f"{value!r} is not a host name; write it in its ASCII form{_punycode(name)}")
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{value!r} is not a host name")
    if labels[-1].isdigit():
        raise ValueError(f"{value!r} is an address, not a host name")
    return name


def _punycode(name: str) -> str:
    try:
        return f" ({name.encode('idna').decode()})"
    except UnicodeError:
        return ""


def domain(value: object) -> str:
    """Return a host name with at least two labels, such as `example.com`."""
    name = host_name(value)
    if "." not in name:
        raise ValueError(f"{value!r} is not a domain; one looks like example.com")
    return name


def is_reserved(name: str) -> bool:
    """Return whether no public authority signs a host name: its top-level domain cannot be registered."""
    return name.rpartition(".")[2] in _RESERVED


def host_pattern(value: object) -> str:
    """Return a host name, or `*.` and a domain: the wildcard stands for one label, as in certificates."""
    if isinstance(value, str) and value.startswith("*."):
        return f"*.{domain(value[2:])}"
    return host_name(value)


def port(value: object) -> int:
    """Return a TCP or UDP port."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
        raise ValueError(f"{value!r} is not a port (1 to 65535)")
    return value


def ip_address(value: object) -> str:
    """Return an IPv4 or IPv6 address in its normal form."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not an IP address")
    # What follows a % is the zone of a link-local address (RFC 4007 section 11): any text, and of one host alone.
    if "%" in value:
        raise ValueError(f"{value!r} has a zone; give an address without %")
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError(f"{value!r} is not an IP address") from None


def interface(value: object) -> str:
    """Return the name of a network interface."""
    if not isinstance(value, str) or not _INTERFACE.fullmatch(value):
        raise ValueError(f"{value!r} is not the name of a network interface (at most 15 letters, digits, - _ and .)")
    return value


def private_network(value: object) -> str:
    """Return a network of private IPv4 addresses, large enough for a server and a client."""
    network = _network(value)
    if network.version != 4 or not network.is_private or network.is_loopback:
        raise ValueError(f"{value!r} is not a private IPv4 network; one looks like 10.12.0.0/24")
    return str(network)


def local_network6(value: object) -> str:
    """Return a network of unique local IPv6 addresses (RFC 4193)."""
    network = _network(value)
    if not isinstance(network, ipaddress.IPv6Network) or not network.subnet_of(_ULA):
        raise ValueError(
            f"{value!r} is not a network of unique local IPv6 addresses; one looks like fd12:3456:789a::/64"
        )
    return str(network)


def any_network(value: object) -> str:
    """Return a network, or a single address as the network of that address, of IPv4 or IPv6."""
    if isinstance(value, str) and "%" not in value:
        try:
            return str(ipaddress.ip_network(value))
        except ValueError:
            pass
    raise ValueError(f"{value!r} is not a network or an address{_whole_network(value)}")


def _network(value: object) -> Network:
    try:
        is_network = isinstance(value, str) and "/" in value and "%" not in value
        network = ipaddress.ip_network(str(value) if is_network else "")
    except ValueError:
        hint = _whole_network(value)
        raise ValueError(f"{value!r} is not a network{hint}") from None
    if network.prefixlen > _SMALLEST_PREFIX[network.version]:
        raise ValueError(f"{value!r} has no address for a client; choose a larger network")
    return network


def _whole_network(value: object) -> str:
    """Return the network that an address with a prefix lies in, as the end of a sentence."""
    try:
        meant = ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        return "; one looks like 10.12.0.0/24"
    return f"; did you mean {meant}?"


def endpoint(value: object) -> str:
    """Return a host name or an IP address that clients connect to, without a port."""
    try:
        return ip_address(value)
    except ValueError:
        return host_name(value)


def backend(value: object) -> str:
    """Return the host name of a container, which names its backend in the proxy."""
    if not isinstance(value, str) or not _BACKEND.fullmatch(value):
        raise ValueError(f"{value!r} is not a host name for a container (letters, digits, - _ and .)")
    return value


def application(value: object) -> str:
    """Return the name of an application or a network: also part of names in Docker."""
    if not isinstance(value, str) or not _APPLICATION.fullmatch(value):
        raise ValueError(f"{value!r} is not a name (lower-case letters, digits, - and _)")
    return value


def network_name(value: object) -> str:
    """Return the name of a Docker network, which files name without quotes."""
    import yaml

    name = application(value)
    # PyYAML reads YAML 1.1, Compose 1.2, where 1e3 is a number too.
    if not isinstance(yaml.safe_load(name), str) or _NUMBER.fullmatch(name):
        raise ValueError(f"{value!r} is a number or a word with a meaning in YAML; choose another name")
    return name


def instance(value: object) -> str:
    """Return the name of an instance: the prefix, up to the first `_`, of all its names in Docker."""
    if not isinstance(value, str) or not _INSTANCE.fullmatch(value):
        raise ValueError(f"{value!r} is not a name for an instance (lower-case letters, digits and -)")
    return value


def email(value: object) -> str:
    """Return an e-mail address that a certificate authority takes."""
    match = _EMAIL.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is not an e-mail address")
    try:
        domain(match[1])
    except ValueError:
        raise ValueError(f"{value!r} is not an e-mail address") from None
    return match[0]


def http_path(value: object) -> str:
    """Return the path of an HTTP request, such as `/health`."""
    if not isinstance(value, str) or not _HTTP_PATH.fullmatch(value):
        raise ValueError(f"{value!r} is not an HTTP path; one looks like /health")
    return value


def https_url(value: object) -> str:
    """Return an https:// address."""
    if not isinstance(value, str) or not _HTTPS_URL.fullmatch(value):
        raise ValueError(f"{value!r} is not an https:// address")
    return value


def http_url(value: object) -> str:
    """Return an http:// or https:// address, with all that may follow the host."""
    if not isinstance(value, str) or not _HTTP_URL.fullmatch(value) or not value.isascii():
        raise ValueError(f"{value!r} is not an http:// or https:// address")
    return value


def absolute_path(value: object) -> str:
    """Return the absolute path of a file."""
    if not isinstance(value, str) or not value.startswith("/") or not value.isprintable():
        raise ValueError(f"{value!r} is not an absolute path; one looks like /etc/ssl/ca.pem")
    return value
