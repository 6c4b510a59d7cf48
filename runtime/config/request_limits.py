"""What one client address may take of the public proxy: the section `public.limits` of the settings."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.base import validators
from runtime.base.schema import key, list_of, whole_number

# More than one host answers; a larger limit is none.
LARGEST = 1_000_000
# What a rate is the average of.
PERIOD_SECONDS = 10


@dataclass(frozen=True)
class RequestLimits:
    """Limits for each client address; all addresses of an IPv6 network of 64 bits count as one. 0 is no limit."""

    connections: int = key(
        "connections of one client address at the same time; 0: no limit", check=whole_number(0, LARGEST), default=400
    )
    connections_per_second: int = key(
        "new connections, and so TLS handshakes, of one client address a second, in the average of 10 s; 0: no limit",
        check=whole_number(0, LARGEST),
        default=500,
    )
    requests: int = key(
        "requests of one client address at the same time; each open WebSocket is one; 0: no limit",
        check=whole_number(0, LARGEST),
        default=500,
    )
    requests_per_second: int = key(
        "requests of one client address a second, in the average of 10 s; 0: no limit",
        check=whole_number(0, LARGEST),
        default=1000,
    )
    body_seconds: int = key(
        "how long a client has for the body of a small request, or the first 1 kB of a large one, in seconds; "
        "0: no limit",
        check=whole_number(0, 3600),
        default=20,
    )
    exempt: tuple[str, ...] = key(
        "networks and addresses without limits, such as those of a CDN or a load balancer in front of this host",
        check=list_of(validators.any_network),
        default=(),
    )
