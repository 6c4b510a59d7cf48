from __future__ import annotations

import json
from dataclasses import replace

import pytest

from installer.cli_swap import Kind as Option
from installer.host.memory import MEGABYTE
from installer.host.swap import (
    FILE_UNIT,
    ZRAM_UNIT,
    Host,
    InUse,
    Kind,
    Offer,
    offer,
    parse_swaps,
    problem,
    remove,
    suggestion,
    unit,
)
from installer.report_host import swap_json, swap_lines
from runtime.errors import ShoestringError

GIGABYTE = 1024 * MEGABYTE
HOST = Host(
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


def test_swaps() -> None:
    assert parse_swaps(SWAPS) == (
        InUse("/var/lib/shoestring/swapfile", 1_048_572 * 1024, 256 * 1024),
        InUse("/dev/zram0", 524_284 * 1024, 0),
        InUse("/my swap", 4096, 0),
    )
    assert parse_swaps(SWAPS.splitlines()[0]) == ()


def test_a_file_is_offered_where_memory_is_little_and_there_is_no_swap() -> None:
    assert offer(HOST) == Offer(Kind.FILE, GIGABYTE)
    assert offer(replace(HOST, memory=GIGABYTE)).size == 0
    assert "1024 MB of memory" in offer(replace(HOST, memory=GIGABYTE)).why
    used = offer(replace(HOST, in_use=(InUse("/dev/vda2", GIGABYTE, 0),)))
    assert (used.size, "/dev/vda2" in used.why) == (0, True)


@pytest.mark.parametrize("host", [replace(HOST, file_system="zfs"), replace(HOST, free_disk=GIGABYTE)])
def test_compressed_memory_is_offered_where_no_file_can_be(host: Host) -> None:
    assert offer(host) == Offer(Kind.ZRAM, 478 * MEGABYTE)


def test_where_neither_can_be_it_is_said_why() -> None:
    neither = offer(replace(HOST, file_system="zfs", has_zram=False))
    assert neither.size == 0
    assert "is on zfs, which cannot hold swap" in neither.why
    assert "kernel of this host has no zram" in neither.why
    # Each of them would advise what the other one has just refused.
    assert "--kind" not in neither.why
    assert "Use a file" not in neither.why
    assert "systemd does not run" in offer(replace(HOST, has_systemd=False)).why


def test_sizes() -> None:
    assert suggestion(Kind.FILE, 463 * MEGABYTE) == GIGABYTE
    assert suggestion(Kind.ZRAM, 463 * MEGABYTE + 5) == 231 * MEGABYTE


@pytest.mark.parametrize("kind", Kind)
def test_nothing_speaks_against_it(kind: Kind) -> None:
    assert problem(kind, suggestion(kind, HOST.memory), HOST) == ""


@pytest.mark.parametrize(
    ("kind", "size", "host", "said"),
    [
        (Kind.FILE, GIGABYTE, replace(HOST, own=Kind.ZRAM), "there already"),
        (Kind.FILE, GIGABYTE, replace(HOST, has_systemd=False), "systemd does not run"),
        (Kind.FILE, MEGABYTE, HOST, "too little"),
        (Kind.FILE, GIGABYTE, replace(HOST, file_system="zfs"), "on zfs, which cannot hold swap"),
        (Kind.FILE, GIGABYTE, replace(HOST, free_disk=2 * GIGABYTE - 1), "2047 MB free"),
        (Kind.ZRAM, GIGABYTE, HOST, "more than the memory (957 MB)"),
        (Kind.ZRAM, GIGABYTE, HOST, "Give --size 957 or less (in MB)"),
        (Kind.ZRAM, 256 * MEGABYTE, replace(HOST, has_zram=False), "has no zram"),
    ],
)
def test_what_speaks_against_it(kind: Kind, size: int, host: Host, said: str) -> None:
    assert said in problem(kind, size, host)


def test_what_is_in_swap_must_have_room_in_memory() -> None:
    full = replace(HOST, own=Kind.FILE, in_use=(InUse("/var/lib/shoestring/swapfile", GIGABYTE, 400 * MEGABYTE),))
    with pytest.raises(ShoestringError, match="400 MB are in swap, and only 353 MB"):
        remove(full)


def test_units() -> None:
    assert unit(Kind.FILE, GIGABYTE).name == FILE_UNIT
    assert "What=/var/lib/shoestring/swapfile\n" in unit(Kind.FILE, GIGABYTE).content
    zram = unit(Kind.ZRAM, 231 * MEGABYTE)
    assert (zram.name, f"--size {231 * MEGABYTE} >" in zram.content) == (ZRAM_UNIT, True)


def test_the_option_has_all_kinds() -> None:
    assert [kind.value for kind in Option] == [kind.value for kind in Kind]


def test_lines() -> None:
    host = replace(HOST, in_use=parse_swaps(SWAPS)[:2], own=Kind.FILE)
    assert swap_lines(HOST) == ["  This host has no swap. Add it with: shoestring swap add"]
    assert swap_lines(host) == [
        "  SWAP                             SIZE  USED",
        "  /var/lib/shoestring/swapfile  1023 MB  0 MB  by Shoestring",
        "  /dev/zram0                     511 MB  0 MB",
    ]
    assert json.loads(swap_json(host))["own"] == "file"
