"""A small host's memory."""

from __future__ import annotations

from installer.host.memory import (
    HostMemory,
    MemoryUse,
)
from runtime.base.constants import MEGABYTE

HOST = HostMemory(
    total=957 * MEGABYTE,
    available=353 * MEGABYTE,
    containers=(
        MemoryUse("shop-application-1", 201 * MEGABYTE),
        MemoryUse("haproxy-public", 11 * MEGABYTE, 192 * MEGABYTE, True),
    ),
    docker=(MemoryUse("dockerd", 92 * MEGABYTE),),
)
