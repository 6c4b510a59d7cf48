"""Swap for a host with little memory: a file, or compressed memory (zram); as a unit of systemd. Sizes in bytes."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from installer.host import facts, systemd
from installer.host.systemd import Unit
from runtime.base import command, files, meminfo
from runtime.base.constants import MEGABYTE
from runtime.base.errors import ShoestringError
from runtime.docker.images import TEMPLATES

# Where there is less memory than this and no swap, it is offered.
LITTLE_MEMORY = 1024 * MEGABYTE
FILE_SIZE = 1024 * MEGABYTE
SMALLEST = 64 * MEGABYTE
# What the disk keeps free beside a swap file.
DISK_RESERVE = 1024 * MEGABYTE
DIRECTORY = Path("/var/lib/shoestring")
FILE = DIRECTORY / "swapfile"
# systemd gives a swap unit the name of its file (systemd.swap(5)).
FILE_UNIT = "var-lib-shoestring-swapfile.swap"
ZRAM_UNIT = "shoestring-zram.service"
# What the kernel cannot swap to (swapon(8), Files with holes, Copy-on-write files), by the names of stat(1).
_REFUSED = ("nfs", "overlayfs", "ramfs", "squashfs", "tmpfs", "zfs")
_BTRFS = "btrfs"
_TIMEOUT_SECONDS = 600.0
# A kernel that cannot swap does not have it.
_SWAPS = Path("/proc/swaps")
BY_HAND = "systemd does not run on this host, so it would be gone after a reboot; see swapon(8) and fstab(5)"


class Kind(StrEnum):
    """What swap is made of."""

    FILE = "file"
    ZRAM = "zram"


@dataclass(frozen=True)
class InUse:
    """One swap that the kernel uses."""

    place: str
    size: int
    used: int

    def is_of(self, kind: Kind | None) -> bool:
        """Whether it is the one that Shoestring made, which is of this kind."""
        return self.place == str(FILE) if kind is Kind.FILE else kind is Kind.ZRAM and "/zram" in self.place


@dataclass(frozen=True)
class Offer:
    """Swap that could be added. `size` is 0 where it is not, and then `why` is sentences that say why."""

    kind: Kind = Kind.FILE
    size: int = 0
    why: str = ""


@dataclass(frozen=True)
class Host:
    """What matters for swap on this host. `own` is the one that Shoestring made, if it did.

    `leftover`: there is a swap file without its unit, which the next `add` replaces; `free_disk` counts it as free.
    """

    memory: int
    available: int
    in_use: tuple[InUse, ...]
    own: Kind | None
    free_disk: int
    file_system: str
    has_systemd: bool
    has_zram: bool
    leftover: bool = False

    @property
    def removable(self) -> str:
        """What `remove` would take away, as the end of a sentence; empty if there is nothing."""
        return self.own or (f"{DIRECTORY}, which a command left that was cut off" if self.leftover else "")


def look(directory: Path = systemd.UNIT_DIRECTORY) -> Host:
    """Look at this host. Changes nothing."""
    sizes = meminfo.read()
    units = {Kind.FILE: FILE_UNIT, Kind.ZRAM: ZRAM_UNIT}
    leftover = DIRECTORY.exists() and not (directory / FILE_UNIT).is_file()
    return Host(
        memory=sizes.total,
        available=sizes.available,
        in_use=parse_swaps(_SWAPS.read_text(encoding="utf-8") if _SWAPS.exists() else ""),
        own=next((kind for kind, unit in units.items() if (directory / unit).is_file()), None),
        free_disk=facts.free_disk(DIRECTORY) + (_taken(FILE) if leftover else 0),
        file_system=_file_system(DIRECTORY),
        has_systemd=systemd.is_running(),
        has_zram=_has_zram(),
        leftover=leftover,
    )


def parse_swaps(text: str) -> tuple[InUse, ...]:
    """What the kernel swaps to, from /proc/swaps (proc(5)): its sizes are in kB, and a space in a name is \\040."""
    rows = (line.split() for line in text.splitlines()[1:])
    return tuple(
        InUse(row[0].replace("\\040", " "), int(row[2]) * 1024, int(row[3]) * 1024) for row in rows if len(row) > 3
    )


def suggestion(kind: Kind, memory: int) -> int:
    """How large it should be: a file 1 GB; zram half of the memory, which holds about three times that."""
    return FILE_SIZE if kind is Kind.FILE else memory // 2 // MEGABYTE * MEGABYTE


def place(kind: Kind) -> str:
    """Where swap of a kind is, as the end of a sentence."""
    return f"in {FILE}" if kind is Kind.FILE else "in compressed memory (zram)"


def offer(host: Host) -> Offer:
    """What setup offers where memory is little and no swap is there: a file, or zram where no file can be."""
    if host.memory >= LITTLE_MEMORY:
        return Offer(
            why=f"No swap is added: this host has {host.memory // MEGABYTE} MB of memory, and it is for less than "
            f"{LITTLE_MEMORY // MEGABYTE} MB. To add it all the same: shoestring swap add"
        )
    if host.in_use:
        return Offer(why=f"No swap is added: there is {host.in_use[0].place}. To see it: shoestring swap status")
    possible = (Offer(kind, suggestion(kind, host.memory)) for kind in Kind)
    wrong = {each: problem(each.kind, each.size, host) for each in possible}
    # Each advises the other kind, which cannot be either.
    reasons = dict.fromkeys(sentence.partition(". ")[0] for sentence in wrong.values())
    why = f"No swap is added. {'. '.join(reasons)}. When that is mended: shoestring swap add"
    return next((each for each, sentence in wrong.items() if not sentence), Offer(why=why))


def problem(kind: Kind, size: int, host: Host) -> str:
    """Why swap cannot be added, a sentence without its end; empty if it can."""
    if host.own:
        return f"Shoestring's swap ({host.own}) is there already. To change it: shoestring swap remove"
    if not host.has_systemd:
        return f"Swap cannot be added: {BY_HAND}"
    if size < SMALLEST:
        return f"{size // MEGABYTE} MB of swap is too little; give --size {SMALLEST // MEGABYTE} or more (in MB)"
    if kind is Kind.ZRAM:
        if size > host.memory:
            memory = host.memory // MEGABYTE
            return (
                f"zram of {size // MEGABYTE} MB is more than the memory ({memory} MB) that it is in. "
                f"Give --size {memory} or less (in MB)"
            )
        return "" if host.has_zram else "The kernel of this host has no zram. Use a file: shoestring swap add"
    if host.file_system in _REFUSED:
        return f"{DIRECTORY} is on {host.file_system}, which cannot hold swap. Use memory: --kind zram"
    if size + DISK_RESERVE > host.free_disk:
        return (
            f"The disk has {host.free_disk // MEGABYTE} MB free; {size // MEGABYTE} MB of swap would leave less than "
            f"{DISK_RESERVE // MEGABYTE} MB. Give a smaller --size (in MB), or use memory: --kind zram"
        )
    return ""


def unit(kind: Kind, size: int) -> Unit:
    """The unit of one kind."""
    template = "swapfile.swap" if kind is Kind.FILE else ZRAM_UNIT
    text = (TEMPLATES / "systemd" / template).read_text(encoding="utf-8")
    name = FILE_UNIT if kind is Kind.FILE else ZRAM_UNIT
    return Unit(name, text.replace("@FILE@", str(FILE)).replace("@SIZE@", str(size)))


def add(kind: Kind, size: int, host: Host, directory: Path = systemd.UNIT_DIRECTORY) -> None:
    """Make swap and use it, now and after each boot. What failed half-way is taken away again.

    Raises ShoestringError for what `problem` tells, and for what the system refuses.
    """
    found = problem(kind, size, host)
    if found:
        raise ShoestringError(f"{found}.")
    made = replace(unit(kind, size), directory=directory)
    try:
        if kind is Kind.FILE:
            _make_file(size, host.file_system)
        systemd.write((made,))
        systemd.enable(made.name)
        systemd.systemctl("start", made.name)
    except BaseException:
        # Why it failed is what has to be told; what could not be taken away, `remove` finds.
        with contextlib.suppress(ShoestringError):
            _take_away(made.name, directory)
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


def remove(host: Host, directory: Path = systemd.UNIT_DIRECTORY) -> None:
    """Stop using Shoestring's swap, and remove it. Does nothing where there is none.

    Raises ShoestringError if what is in it has no room in memory.
    """
    if not host.removable:
        return
    used = sum(each.used for each in host.in_use)
    if used > host.available:
        raise ShoestringError(
            f"{used // MEGABYTE} MB are in swap, and only {host.available // MEGABYTE} MB of memory are available. "
            "Stop something first; shoestring memory shows what."
        )
    _take_away(ZRAM_UNIT if host.own is Kind.ZRAM else FILE_UNIT, directory)


def _take_away(name: str, directory: Path) -> None:
    """Take swap and a leftover file away. The unit goes last: it is what says that there is something."""
    stop = ("systemctl", "stop", name)
    if (directory / name).is_file():
        command.check(stop)
    else:
        # It may be in use without its unit; if it is not, systemctl does not know it.
        command.run(stop)
    files.remove_tree(DIRECTORY)
    systemd.remove((name,), directory)


def _taken(file: Path) -> int:
    """The bytes that a file takes on its disk; 0 if there is none."""
    return file.stat().st_blocks * 512 if file.exists() else 0


def _file_system(directory: Path) -> str:
    """What stat(1) calls the file system that a directory is on, or would be on."""
    existing = next(each for each in (directory, *directory.parents) if each.exists())
    return command.check(("stat", "--file-system", "--format=%T", str(existing))).out.strip()


def _has_zram() -> bool:
    if not all(command.exists(program) for program in ("modprobe", "zramctl")):
        return False
    return command.run(("modprobe", "--dry-run", "--quiet", "zram")).ok
