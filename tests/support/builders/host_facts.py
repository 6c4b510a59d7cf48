"""The facts of a host as data."""

from __future__ import annotations

from installer.host.facts import EngineFacts, Facts
from runtime.network.addresses import HostAddress

# A small host at a provider, with nothing on it but Docker.
FACTS = Facts(
    system="Debian 13",
    cores=1,
    memory=957 * 1024**2,
    swap=0,
    free_disk=18 * 1024**3,
    addresses=(
        HostAddress("127.0.0.1", "lo"),
        HostAddress("::1", "lo"),
        HostAddress("203.0.113.7", "eth0"),
        HostAddress("10.0.0.5", "eth1"),
        HostAddress("172.17.0.1", "docker0"),
    ),
    default_address="203.0.113.7",
    host_name="web.example.com",
    engine=EngineFacts("28.5.2"),
    compose_version="2.40.3",
    listeners=(),
    is_root=True,
    has_git=True,
)
