"""A small host's swap."""

from __future__ import annotations

from installer.host.swap import (
    SwapHost,
)
from runtime.base.constants import MEGABYTE

GIGABYTE = 1024 * MEGABYTE
SWAP_HOST = SwapHost(
    memory=957 * MEGABYTE,
    available=353 * MEGABYTE,
    in_use=(),
    own=None,
    free_disk=18 * GIGABYTE,
    file_system="ext2/ext3",
    has_systemd=True,
    has_zram=True,
)
SWAPS = """\
Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority
/var/lib/shoestring/swapfile            file\t\t1048572\t\t256\t\t-2
/dev/zram0                              partition\t524284\t\t0\t\t100
/my\\040swap                             file\t\t4\t\t0\t\t-3
"""
