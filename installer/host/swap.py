"""Swap for a host with little memory: a file or compressed memory (zram), as a systemd unit. Sizes in bytes."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from installer.host import facts, systemd
from installer.host.systemd import SystemdUnit
from runtime.base import command, files, formats, meminfo
from runtime.base.constants import MEGABYTE
from runtime.base.errors import ShoestringError
from runtime.docker.images import TEMPLATES

# Swap is offered where there is less memory than this and no swap.
LITTLE_MEMORY = 1024 * MEGABYTE
FILE_SIZE = 1024 * MEGABYTE
SMALLEST = 64 * MEGABYTE
# Stays free on the disk next to a swap file.
DISK_RESERVE = 1024 * MEGABYTE
DIRECTORY = Path("/var/lib/shoestring")
FILE = DIRECTORY / "swapfile"
# systemd gives a swap unit the name of its file (systemd.swap(5)).
FILE_UNIT = "var-lib-shoestring-swapfile.swap"
ZRAM_UNIT = "shoestring-zram.service"
# File systems that cannot hold swap (swapon(8), Files with holes, Copy-on-write files), as stat(1) names them.
_REFUSED = ("nfs", "overlayfs", "ramfs", "squashfs", "tmpfs", "zfs")
_BTRFS = "btrfs"
_TIMEOUT_SECONDS = 600.0
# A kernel that cannot swap does not have it.
_SWAPS = Path("/proc/swaps")
BY_HAND = "systemd does not run on this host, so it would be lost at a reboot; see swapon(8) and fstab(5)"


class SwapKind(StrEnum):
    """A kind of swap."""

    FILE = "file"
    ZRAM = "zram"


@dataclass(frozen=True)
class ActiveSwap:
    """One swap that the kernel uses."""

    place: Annotated[str, "path of the file or device"]
    size: Annotated[int, "bytes"]
    used: Annotated[int, "bytes"]

    def is_of(self, kind: SwapKind | None) -> bool:
        """Return whether it is the one that Shoestring added, which is of this kind."""
        return self.place == str(FILE) if kind is SwapKind.FILE else kind is SwapKind.ZRAM and "/zram" in self.place


@dataclass(frozen=True)
class SwapOffer:
    """Swap that could be added. If not, `size` is 0 and `why` has the reasons."""

    kind: SwapKind = SwapKind.FILE
    size: int = 0
    why: str = ""


@dataclass(frozen=True)
class SwapProblem:
    """Why swap cannot be added, and what to do about it; neither ends with a period."""

    reason: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.reason}. {self.advice}" if self.advice else self.reason


@dataclass(frozen=True)
class SwapHost:
    """The properties of a host that matter for swap. `own` is the kind that Shoestring added, if it did.

    `leftover`: there is a swap file without its unit, which the next `add` replaces; `free_disk` counts it as free.
    """

    memory: int
    available: int
    in_use: tuple[ActiveSwap, ...]
    own: SwapKind | None
    free_disk: int
    file_system: str
    has_systemd: bool
    has_zram: bool
    leftover: bool = False

    @property
    def removable(self) -> str:
        """Return what `remove` would remove, as the end of a sentence; empty for nothing."""
        return self.own or (f"{DIRECTORY}, left by an interrupted command" if self.leftover else "")


def observe(directory: Path = systemd.UNIT_DIRECTORY) -> SwapHost:
    """Return the properties of this host. Changes nothing."""
    sizes = meminfo.read()
    units = {SwapKind.FILE: FILE_UNIT, SwapKind.ZRAM: ZRAM_UNIT}
    leftover = DIRECTORY.exists() and not (directory / FILE_UNIT).is_file()
    return SwapHost(
        memory=sizes.total,
        available=sizes.available,
        in_use=parse_swaps(_SWAPS.read_text(encoding="utf-8") if _SWAPS.exists() else ""),
        own=next((kind for kind, unit in units.items() if (directory / unit).is_file()), None),
        free_disk=facts.free_disk(DIRECTORY) + (_allocated(FILE) if leftover else 0),
        file_system=_file_system(DIRECTORY),
        has_systemd=systemd.is_running(),
        has_zram=_has_zram(),
        leftover=leftover,
    )


def parse_swaps(text: str) -> tuple[ActiveSwap, ...]:
    """Return the active swap from /proc/swaps (proc(5)): its sizes are in kB, and a space in a name is \\040."""
    rows = (line.split() for line in text.splitlines()[1:])
    return tuple(
        ActiveSwap(row[0].replace("\\040", " "), int(row[2]) * 1024, int(row[3]) * 1024)
        for row in rows
        if len(row) > 3
    )


def suggestion(kind: SwapKind, memory: int) -> int:
    """Return a suggested size: 1 GB for a file; half of the memory for zram, which holds about three times that."""
    return FILE_SIZE if kind is SwapKind.FILE else memory // 2 // MEGABYTE * MEGABYTE


def place(kind: SwapKind) -> str:
    """Return the location of a kind of swap, as the end of a sentence."""
    return f"in {FILE}" if kind is SwapKind.FILE else "in compressed memory (zram)"


def offer(host: SwapHost) -> SwapOffer:
    """Return what setup offers on a host with little memory and no swap: a file, else zram."""
    if host.memory >= LITTLE_MEMORY:
        return SwapOffer(
            why=f"No swap is added: this host has {formats.size(host.memory)} of memory, and swap is added below "
            f"{formats.size(LITTLE_MEMORY)}. To add it anyway: shoestring swap add"
        )
    if host.in_use:
        place_in_use = host.in_use[0].place
        return SwapOffer(why=f"No swap is added: {place_in_use} is active. To show it: shoestring swap status")
    possible = (SwapOffer(kind, suggestion(kind, host.memory)) for kind in SwapKind)
    wrong = {each: problem(each.kind, each.size, host) for each in possible}
    # Each problem advises the other kind, which is not possible either.
    reasons = dict.fromkeys(each.reason for each in wrong.values() if each)
    why = f"No swap is added. {'. '.join(reasons)}. After correcting that: shoestring swap add"
    return next((each for each, found in wrong.items() if not found), SwapOffer(why=why))


def problem(kind: SwapKind, size: int, host: SwapHost) -> SwapProblem | None:
    """Return why swap cannot be added; None if it can."""
    if host.own:
        return SwapProblem(f"Shoestring's swap ({host.own}) already exists", "To change it: shoestring swap remove")
    if not host.has_systemd:
        return SwapProblem(f"Swap cannot be added: {BY_HAND}")
    if size < SMALLEST:
        return SwapProblem(
            f"{size // MEGABYTE} MB of swap is too little; give --size {SMALLEST // MEGABYTE} or more (in MB)"
        )
    if kind is SwapKind.ZRAM:
        if size > host.memory:
            memory = host.memory // MEGABYTE
            return SwapProblem(
                f"zram of {size // MEGABYTE} MB is more than the memory ({memory} MB) that it is in",
                f"Give --size {memory} or less (in MB)",
            )
        missing = SwapProblem("The kernel of this host has no zram", "Use a file: shoestring swap add")
        return None if host.has_zram else missing
    if host.file_system in _REFUSED:
        return SwapProblem(f"{DIRECTORY} is on {host.file_system}, which cannot hold swap", "Use memory: --kind zram")
    if size + DISK_RESERVE > host.free_disk:
        return SwapProblem(
            f"The disk has {host.free_disk // MEGABYTE} MB free; {size // MEGABYTE} MB of swap would leave less than "
            f"{DISK_RESERVE // MEGABYTE} MB",
            "Give a smaller --size (in MB), or use memory: --kind zram",
        )
    return None


def unit(kind: SwapKind, size: int) -> SystemdUnit:
    """Return the unit of a kind of swap."""
    template = "swapfile.swap" if kind is SwapKind.FILE else ZRAM_UNIT
    text = (TEMPLATES / "systemd" / template).read_text(encoding="utf-8")
    name = FILE_UNIT if kind is SwapKind.FILE else ZRAM_UNIT
    return SystemdUnit(name, text.replace("@FILE@", str(FILE)).replace("@SIZE@", str(size)))


def add(kind: SwapKind, size: int, host: SwapHost, directory: Path = systemd.UNIT_DIRECTORY) -> None:
    """Create and activate swap, now and at each boot. After a failure, what was created is removed.

    Raises ShoestringError for what `problem` returns, and for errors of the system.
    """
    found = problem(kind, size, host)
    if found:
        raise ShoestringError(f"{found}.")
    made = replace(unit(kind, size), directory=directory)
    try:
        if kind is SwapKind.FILE:
            _make_file(size, host.file_system)
        systemd.write((made,))
        systemd.enable(made.name)
        systemd.systemctl("start", made.name)
    except BaseException:
        # The first error is the one to report; `remove` finds what could not be removed.
        with contextlib.suppress(ShoestringError):
            _remove(made.name, directory)
        raise


def _make_file(size: int, file_system: str) -> None:
    files.make_directory(DIRECTORY)
    # A power cut may have left one.
    files.remove(FILE)
    if file_system == _BTRFS:
        # A file without copies on write, of one extent (btrfs-filesystem(8), mkswapfile).
        command.check(("btrfs", "filesystem", "mkswapfile", "--size", str(size), str(FILE)), timeout=_TIMEOUT_SECONDS)
        return
    files.write(FILE, b"", mode=0o600)
    command.check(("fallocate", "--length", str(size), str(FILE)), timeout=_TIMEOUT_SECONDS)
    command.check(("mkswap", str(FILE)), timeout=_TIMEOUT_SECONDS)


def remove(host: SwapHost, directory: Path = systemd.UNIT_DIRECTORY) -> None:
    """Deactivate and remove the swap that Shoestring added; nothing if there is none.

    Raises ShoestringError if its content does not fit into memory.
    """
    if not host.removable:
        return
    used = sum(each.used for each in host.in_use)
    if used > host.available:
        raise ShoestringError(
            f"{formats.size(used)} are in swap, and only {formats.size(host.available)} of memory are available. "
            "Stop an application first. To show the memory use: shoestring memory"
        )
    _remove(ZRAM_UNIT if host.own is SwapKind.ZRAM else FILE_UNIT, directory)


def _remove(name: str, directory: Path) -> None:
    """Remove swap and a leftover file; the unit last, because it shows that there is something to remove."""
    stop = ("systemctl", "stop", name)
    if (directory / name).is_file():
        command.check(stop)
    else:
        # It may be in use without its unit; otherwise systemctl does not know it.
        command.run(stop)
    files.remove_tree(DIRECTORY)
    systemd.remove((name,), directory)


def _allocated(file: Path) -> int:
    """Return the bytes that a file uses on its disk; 0 if there is none."""
    return file.stat().st_blocks * 512 if file.exists() else 0


def _file_system(directory: Path) -> str:
    """Return the file system that a directory is on, or would be on, as stat(1) names it."""
    existing = next(each for each in (directory, *directory.parents) if each.exists())
    return command.check(("stat", "--file-system", "--format=%T", str(existing))).out.strip()


def _has_zram() -> bool:
    if not all(command.exists(program) for program in ("modprobe", "zramctl")):
        return False
    return command.run(("modprobe", "--dry-run", "--quiet", "zram")).ok
