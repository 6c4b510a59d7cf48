"""What a broken application costs the others: the latency of a healthy one, alone and beside two broken ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.base.paths import Side
from runtime.docker import engine
from runtime.reconcile.watchdog import watch
from tests.support.clients.load import Load
from tests.support.engine import Instance, new_settings, plain, tools_image

SECONDS = 10.0
ROUNDS = 3


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """One healthy application."""
    made = Instance(tmp_path / "data-directory", new_settings())
    try:
        made.add(Side.PUBLIC, "healthy", plain(tools_image(engine.connect()), "healthy", "healthy.example.test"))
        assert made.start().ok
        yield made
    finally:
        made.close()


def p99(instance: Instance) -> float:
    """Return the 99th percentile of the healthy application's latency under a light load, in seconds."""
    assert instance.settings.public
    with Load(instance.settings.public.https_port, "healthy.example.test", rate=60.0, keep_alive=8) as load:
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            time.sleep(0.2)
            assert load.snapshot().failed == 0
    assert load.result.failed == 0, load.result
    return load.result.percentile(0.99)


def test_latency_beside_broken_applications(instance: Instance, capsys: pytest.CaptureFixture[str]) -> None:
    image = tools_image(instance.cluster.client)
    alone, beside = [], []
    for _ in range(ROUNDS):
        alone.append(p99(instance))
        # One without a container, and one that Docker restarts again and again.
        never = plain(image, "lost", "lost.example.test", more="    profiles: [never]\n")
        crash = plain(image, "crash", "crash.example.test", more="    restart: always\n    entrypoint: ['false']\n")
        files = [instance.add(Side.PUBLIC, "lost", never), instance.add(Side.PUBLIC, "crash", crash)]
        assert not watch(instance.cluster).ok
        assert instance.get("lost.example.test").status == 503
        beside.append(p99(instance))
        for file in files:
            file.unlink()
        watch(instance.cluster)
    best, worst = sorted(alone)[ROUNDS // 2], sorted(beside)[ROUNDS // 2]
    with capsys.disabled():
        print(f"\np99 alone {best * 1000:.1f} ms, beside two broken applications {worst * 1000:.1f} ms")
    assert worst <= 2 * best
