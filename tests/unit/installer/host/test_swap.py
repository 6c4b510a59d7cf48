from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from installer.host import swap
from installer.host.swap import (
    FILE_UNIT,
    ZRAM_UNIT,
    ActiveSwap,
    SwapHost,
    SwapKind,
    SwapOffer,
    add,
    observe,
    offer,
    parse_swaps,
    problem,
    remove,
    suggestion,
    unit,
)
from runtime.base.constants import MEGABYTE
from runtime.base.errors import ShoestringError
from tests.support.builders.host_swap import GIGABYTE, SWAP_HOST, SWAPS
from tests.support.faked_systemd import FakedSystemd
from tests.support.interrupt import Interrupt


def test_parse_swaps() -> None:
    assert parse_swaps(SWAPS) == (
        ActiveSwap("/var/lib/shoestring/swapfile", 1_048_572 * 1024, 256 * 1024),
        ActiveSwap("/dev/zram0", 524_284 * 1024, 0),
        ActiveSwap("/my swap", 4096, 0),
    )
    assert parse_swaps(SWAPS.splitlines()[0]) == ()


def test_offer_file_for_little_memory_without_swap() -> None:
    assert offer(SWAP_HOST) == SwapOffer(SwapKind.FILE, GIGABYTE)
    assert offer(replace(SWAP_HOST, memory=GIGABYTE)).size == 0
    assert "1.0 GB of memory" in offer(replace(SWAP_HOST, memory=GIGABYTE)).why
    used = offer(replace(SWAP_HOST, in_use=(ActiveSwap("/dev/vda2", GIGABYTE, 0),)))
    assert (used.size, "/dev/vda2" in used.why) == (0, True)


@pytest.mark.parametrize("host", [replace(SWAP_HOST, file_system="zfs"), replace(SWAP_HOST, free_disk=GIGABYTE)])
def test_offer_zram_where_file_is_impossible(host: SwapHost) -> None:
    assert offer(host) == SwapOffer(SwapKind.ZRAM, 478 * MEGABYTE)


def test_offer_explains_if_neither_is_possible() -> None:
    neither = offer(replace(SWAP_HOST, file_system="zfs", has_zram=False))
    assert neither.size == 0
    assert "is on zfs, which cannot hold swap" in neither.why
    assert "kernel of this host has no zram" in neither.why
    # Neither reason may advise the other kind, which is impossible too.
    assert "--kind" not in neither.why
    assert "Use a file" not in neither.why
    assert "systemd does not run" in offer(replace(SWAP_HOST, has_systemd=False)).why


def test_suggestion_of_sizes() -> None:
    assert suggestion(SwapKind.FILE, 463 * MEGABYTE) == GIGABYTE
    assert suggestion(SwapKind.ZRAM, 463 * MEGABYTE + 5) == 231 * MEGABYTE


@pytest.mark.parametrize("kind", SwapKind)
def test_problem_is_empty_for_suggested_size(kind: SwapKind) -> None:
    assert problem(kind, suggestion(kind, SWAP_HOST.memory), SWAP_HOST) is None


@pytest.mark.parametrize(
    ("kind", "size", "host", "reason"),
    [
        (SwapKind.FILE, GIGABYTE, replace(SWAP_HOST, own=SwapKind.ZRAM), "already exists"),
        (SwapKind.FILE, GIGABYTE, replace(SWAP_HOST, has_systemd=False), "systemd does not run"),
        (SwapKind.FILE, MEGABYTE, SWAP_HOST, "too little"),
        (SwapKind.FILE, GIGABYTE, replace(SWAP_HOST, file_system="zfs"), "on zfs, which cannot hold swap"),
        (SwapKind.FILE, GIGABYTE, replace(SWAP_HOST, free_disk=2 * GIGABYTE - 1), "2047 MB free"),
        (SwapKind.ZRAM, GIGABYTE, SWAP_HOST, "more than the memory (957 MB)"),
        (SwapKind.ZRAM, GIGABYTE, SWAP_HOST, "Give --size 957 or less (in MB)"),
        (SwapKind.ZRAM, 256 * MEGABYTE, replace(SWAP_HOST, has_zram=False), "has no zram"),
    ],
)
def test_problem_of_impossible_swap(kind: SwapKind, size: int, host: SwapHost, reason: str) -> None:
    assert reason in str(problem(kind, size, host))


def test_remove_refuses_without_free_memory() -> None:
    full = replace(
        SWAP_HOST, own=SwapKind.FILE, in_use=(ActiveSwap("/var/lib/shoestring/swapfile", GIGABYTE, 400 * MEGABYTE),)
    )
    with pytest.raises(ShoestringError, match="400 MB are in swap, and only 353 MB"):
        remove(full)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of the swap file; no swap is activated."""
    directory = tmp_path / "swap"
    monkeypatch.setattr(swap, "DIRECTORY", directory)
    monkeypatch.setattr(swap, "FILE", directory / "swapfile")
    monkeypatch.setattr(swap, "_SWAPS", tmp_path / "swaps")
    return directory


@pytest.mark.processes
def test_add_and_remove_file(place: Path, faked_systemd: FakedSystemd) -> None:
    add(SwapKind.FILE, swap.SMALLEST, SWAP_HOST, faked_systemd.units)
    assert (place / "swapfile").stat().st_size == swap.SMALLEST
    assert (place / "swapfile").stat().st_mode & 0o777 == 0o600
    # A power cut right after this must not lose the unit that activates it at boot.
    assert faked_systemd.calls == [
        *("daemon-reload", f"enable {FILE_UNIT}"),
        *("sync --file-system /etc/systemd/system", f"start {FILE_UNIT}"),
    ]
    assert observe(faked_systemd.units).own is SwapKind.FILE

    remove(replace(SWAP_HOST, own=SwapKind.FILE), faked_systemd.units)
    assert faked_systemd.calls[4:6] == [f"stop {FILE_UNIT}", f"disable {FILE_UNIT}"]
    assert (place.exists(), list(faked_systemd.units.iterdir())) == (False, [])
    assert observe(faked_systemd.units).removable == ""


@pytest.mark.processes
@pytest.mark.parametrize("program", ["fallocate", "mkswap"])
def test_add_reports_failing_program_and_cleans_up(place: Path, faked_systemd: FakedSystemd, program: str) -> None:
    faked_systemd.program(program, "#!/bin/sh\necho 'Operation not supported' >&2\nexit 1\n")
    with pytest.raises(ShoestringError, match=rf"{program}(?s:.*)Operation not supported"):
        add(SwapKind.FILE, swap.SMALLEST, SWAP_HOST, faked_systemd.units)
    assert (place.exists(), list(faked_systemd.units.iterdir())) == (False, [])


@pytest.mark.processes
@pytest.mark.parametrize("kind", SwapKind)
@pytest.mark.parametrize("verb", ["daemon-reload", "enable", "start"])
def test_add_reports_failing_systemctl_and_cleans_up(
    place: Path, faked_systemd: FakedSystemd, kind: SwapKind, verb: str
) -> None:
    faked_systemd.refuse(verb)
    with pytest.raises(ShoestringError, match=rf"systemctl {verb}(?s:.*)Refused, for the test"):
        add(kind, swap.SMALLEST, SWAP_HOST, faked_systemd.units)
    assert not place.exists()
    assert list(faked_systemd.units.iterdir()) == []


@pytest.mark.processes
def test_add_reports_first_error_when_cleanup_fails(place: Path, faked_systemd: FakedSystemd) -> None:
    faked_systemd.program("systemctl", '#!/bin/sh\necho "no $1" >&2\nexit 1\n')
    with pytest.raises(ShoestringError, match="no daemon-reload"):
        add(SwapKind.ZRAM, swap.SMALLEST, SWAP_HOST, faked_systemd.units)


@pytest.mark.processes
def test_remove_file_without_unit(place: Path, faked_systemd: FakedSystemd) -> None:
    """A power cut between writing the file and its unit leaves this state."""
    place.mkdir()
    (place / "swapfile").write_bytes(b"x" * MEGABYTE)
    host = observe(faked_systemd.units)
    assert (host.own, host.removable) == (None, f"{place}, left by an interrupted command")
    roomy = replace(
        host, memory=SWAP_HOST.memory, free_disk=SWAP_HOST.free_disk, file_system="ext2/ext3", has_systemd=True
    )
    assert problem(SwapKind.FILE, swap.SMALLEST, roomy) is None
    remove(host, faked_systemd.units)
    assert not place.exists()


@pytest.mark.processes
def test_add_replaces_file_without_unit(place: Path, faked_systemd: FakedSystemd) -> None:
    place.mkdir()
    (place / "swapfile").write_bytes(b"x" * MEGABYTE)
    old = (place / "swapfile").stat().st_ino
    (place / "held").hardlink_to(place / "swapfile")
    add(SwapKind.FILE, swap.SMALLEST, SWAP_HOST, faked_systemd.units)
    assert (place / "swapfile").stat().st_ino != old
    assert (place / "swapfile").stat().st_size == swap.SMALLEST


@pytest.mark.processes
@pytest.mark.parametrize("work", [add, remove])
def test_remove_after_kill_at_any_step(
    place: Path, faked_systemd: FakedSystemd, interrupted: Interrupt, work: Callable[..., None]
) -> None:
    units = faked_systemd.units
    step, cut_off = 0, True
    while cut_off:
        step += 1
        if work is add:
            cut_off = interrupted(lambda: add(SwapKind.FILE, swap.SMALLEST, SWAP_HOST, units), step, True)
        else:
            add(SwapKind.FILE, swap.SMALLEST, SWAP_HOST, units)
            cut_off = interrupted(lambda: remove(observe(units), units), step, True)
        remove(observe(units), units)
        assert (place.exists(), (units / FILE_UNIT).exists(), observe(units).removable) == (False, False, "")
    assert step > 5


def test_observe_counts_leftover_file_as_free_disk(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leftover file is removed before a new one is created."""
    monkeypatch.setattr("installer.host.facts.free_disk", lambda near: GIGABYTE)
    monkeypatch.setattr(swap, "_file_system", lambda directory: "ext2/ext3")
    monkeypatch.setattr(swap, "_has_zram", lambda: False)
    place.mkdir()
    assert observe(tmp_path).free_disk == GIGABYTE
    (place / "swapfile").write_bytes(b"x" * MEGABYTE)
    assert observe(tmp_path).free_disk == GIGABYTE + (place / "swapfile").stat().st_blocks * 512
    (tmp_path / FILE_UNIT).touch()
    assert observe(tmp_path).free_disk == GIGABYTE


def test_unit_of_each_kind() -> None:
    assert unit(SwapKind.FILE, GIGABYTE).name == FILE_UNIT
    assert "What=/var/lib/shoestring/swapfile\n" in unit(SwapKind.FILE, GIGABYTE).content
    zram = unit(SwapKind.ZRAM, 231 * MEGABYTE)
    assert (zram.name, f"--size {231 * MEGABYTE} >" in zram.content) == (ZRAM_UNIT, True)
