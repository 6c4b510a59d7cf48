"""The memory of this host, from /proc/meminfo (proc(5))."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True)
class MemorySizes:
    """Sizes in bytes; `available` is what programs could still have without swapping, 0 is also what is not known."""

    total: int
    available: int
    swap: int
    swap_free: int


def parse(text: str) -> MemorySizes:
    """Return the sizes in the text of /proc/meminfo, which has them in kB."""
    sizes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in text.splitlines())}
    return MemorySizes(*(sizes.get(name, 0) * 1024 for name in ("MemTotal", "MemAvailable", "SwapTotal", "SwapFree")))


def read() -> MemorySizes:
    """Return the sizes of this host; zeros where the kernel does not give them."""
    try:
        return parse(MEMINFO.read_text(encoding="ascii"))
    except OSError:
        return parse("")
