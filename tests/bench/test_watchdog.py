"""What an unchanged run of the watchdog takes, with 1, 10 and 50 applications, against loops of Compose."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime.base.paths import Side
from runtime.docker.images import BUSYBOX, local_name
from runtime.reconcile.desired import build, read
from tests.support.bench.measure import Usage, median_usages, usage
from tests.support.engine import Instance, new_settings

RUN_ROUNDS = 15
LOOP_ROUNDS = 3
MOST_MEMORY = 45e6
RUN = "a run of the watchdog"
LISTING = "`import docker, yaml` and one listing"
UP = "a loop of `docker compose up -d`"
RECREATE = "the same with `--force-recreate`"
LIST = (
    "import docker, yaml; docker.from_env().api.containers(all=True, filters={'label': ['shoestring.instance=%s']})"
)
# A web server that ends at once when it is stopped, which favors the loop that recreates all containers.
FILE = """\
x-external-host-names: [{name}.example.test]
services:
  application:
    image: {image}
    command: [httpd, -f, -p, "80"]
    restart: unless-stopped
    stop_grace_period: 0s
    networks: [main]
"""
Argvs = list[tuple[str, ...]]


@dataclass(frozen=True)
class Row:
    """What a way took with so many applications, and how many containers it restarted."""

    way: str
    count: int
    usage: Usage
    touched: int

    def __str__(self) -> str:
        return f"| {self.count} | {self.way} | {self.usage} | {self.touched} |"


class Bench:
    """An instance with a growing number of applications."""

    def __init__(self, root: Path) -> None:
        self.instance = Instance(root, new_settings())
        self.count = 0

    def grow(self, count: int) -> None:
        """Have so many applications run."""
        for number in range(self.count, count):
            name = f"app{number:02}"
            self.instance.add(Side.PUBLIC, name, FILE.format(name=name, image=local_name(BUSYBOX)))
        self.count = count
        report = self.instance.start()
        assert report.ok, report

    def watchdog(self) -> Argvs:
        return [(sys.executable, "-m", "runtime", "--data-directory", str(self.instance.paths.root), "watchdog")]

    def listing(self) -> Argvs:
        return [(sys.executable, "-c", LIST % self.instance.settings.instance)]

    def compose(self, *more: str) -> Argvs:
        """Return the commands of a loop over the applications, with the generated files as a start runs them."""
        cluster = self.instance.cluster
        desired = build(read(cluster.settings, cluster.paths), cluster.paths, cluster.run)
        return [
            (
                *("docker", "compose", "--project-name", each.name, "--env-file", "/dev/null"),
                *(part for file in each.files for part in ("--file", str(file))),
                *("up", "--detach", *more),
            )
            for each in desired.projects
        ]

    def written(self) -> dict[Path, tuple[int, int, int]]:
        """Return what would show that a file or a directory was written, made or removed."""
        roots = (self.instance.paths.root, self.instance.cluster.run.directory)
        every = (each for root in roots for each in (root, *root.rglob("*")))
        return {each: (seen.st_ino, seen.st_mtime_ns, seen.st_ctime_ns) for each in every if (seen := each.lstat())}


def changed(before: dict[str, str], after: dict[str, str]) -> int:
    """Return how many containers were started or removed since."""
    return len({name for name, _ in before.items() ^ after.items()})


@pytest.fixture
def benches(tmp_path: Path) -> Iterator[tuple[Bench, Bench]]:
    """Two instances: one keeps a single application, so that 1 and 50 are measured in the same minute."""
    made: list[Bench] = []
    try:
        for name in ("small", "large"):
            made.append(Bench(tmp_path / name))
        yield made[0], made[1]
    finally:
        for each in made:
            each.instance.close()


def idle(*benches: Bench) -> list[Row]:
    """Measure the ways that should change nothing, in turn. A run changes no container and writes no file."""
    for each in benches:
        # The snapshot for the fast path is written by the first run after a change.
        usage(each.watchdog())
    before = [(each.instance.containers(), each.written()) for each in benches]
    ways = [(each, {RUN: each.watchdog(), LISTING: each.listing(), UP: each.compose()}) for each in benches]
    commands = {f"{each.count} {way}": argvs for each, named in ways for way, argvs in named.items()}
    taken = median_usages(commands, RUN_ROUNDS, {f"{each.count} {UP}": LOOP_ROUNDS for each in benches})
    rows = []
    for each, (containers, files) in zip(benches, before, strict=True):
        touched = changed(containers, each.instance.containers())
        assert each.written() == files
        rows += [Row(way, each.count, taken[f"{each.count} {way}"], touched) for way in (RUN, LISTING, UP)]
    return rows


def recreated(bench: Bench) -> Row:
    """Measure the way that recreates all containers, once."""
    before = bench.instance.containers()
    taken = usage(bench.compose("--force-recreate"))
    return Row(RECREATE, bench.count, taken, changed(before, bench.instance.containers()))


def measure(small: Bench, large: Bench) -> list[Row]:
    """Return all rows; those of 1 and 50 applications are from the same minutes."""
    large.grow(10)
    rows = [*idle(large), recreated(large)]
    small.grow(1)
    large.grow(50)
    return [*rows, *idle(small, large), recreated(small), recreated(large)]


@pytest.mark.timeout(900)
def test_watchdog_unchanged_run_time(benches: tuple[Bench, Bench], capsys: pytest.CaptureFixture[str]) -> None:
    rows = sorted(measure(*benches), key=lambda row: row.count)
    with capsys.disabled():
        print("\n| applications | | wall | processor | peak memory | containers touched |")
        print("\n".join(["| --- | --- | --- | --- | --- | --- |", *map(str, rows)]))
    wall = {(row.way, row.count): row.usage.wall for row in rows}
    assert [str(row) for row in rows if row.touched and row.way != RECREATE] == []
    assert [str(row) for row in rows if row.usage.peak > MOST_MEMORY and row.way == RUN] == []
    ratios = {
        "the loop at 10, at least 8": (wall[UP, 10] / wall[RUN, 10], 8, math.inf),
        "the loop at 50, at least 40": (wall[UP, 50] / wall[RUN, 50], 40, math.inf),
        "50 applications to 1, at most 1.3": (wall[RUN, 50] / wall[RUN, 1], 0, 1.3),
        **{
            f"a listing with {count}, at most 1.5": (wall[RUN, count] / wall[LISTING, count], 0, 1.5)
            for count in (1, 10, 50)
        },
    }
    with capsys.disabled():
        print("\n".join(["", *(f"{name}: {ratio:.2f}" for name, (ratio, _, _) in ratios.items())]))
    assert {name: ratio for name, (ratio, least, most) in ratios.items() if not least <= ratio <= most} == {}
