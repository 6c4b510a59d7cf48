"""What goes into a build, and what is reported if an image cannot be built or pulled."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from installer.images import BuildError, PullError
from installer.images.build import context
from installer.images.debian import bootstrap_command
from installer.images.lookup import LocalImage
from installer.images.progress import ImageAction, Meter, Progress
from runtime.docker.images import BASE, CATALOGUE, HAPROXY, PinnedImage


@pytest.mark.parametrize("image", [BASE, *CATALOGUE], ids=lambda image: image.name)
def test_a_context_is_the_same_each_time(image: PinnedImage) -> None:
    assert context(image) == context(image)


def test_a_context_has_scripts_that_run_and_no_contract() -> None:
    with tarfile.open(fileobj=io.BytesIO(context(HAPROXY))) as archive:
        modes = {entry.name: entry.mode for entry in archive}
    assert modes == {"Dockerfile": 0o644, "docker-entrypoint.sh": 0o755}


def test_a_failed_pull_offers_the_local_build_where_there_is_one() -> None:
    text = str(PullError("docker.io/library/haproxy:3.2-alpine", "no such host"))
    assert "no such host" in text
    assert "shoestring images build" in text
    assert "images.source to local in conf/shoestring.yaml" in text
    assert "images build" not in str(PullError("ghost:5", "no such host"))


def test_a_failed_build_has_its_last_lines() -> None:
    text = str(BuildError(HAPROXY, "a step of it ended with exit code 7", ("one", "two")))
    assert text.splitlines()[1:] == ["  | one", "  | two"]
    assert "exit code 7" in text
    assert "shoestring images build" in text


def test_mmdebstrap_takes_security_updates_and_nothing_of_the_host() -> None:
    command = bootstrap_command(Path("/x/debian.tar"))
    assert command[command.index("trixie") + 1] == "/x/debian.tar"
    assert any("trixie-security" in word for word in command)
    assert any("etc/resolv.conf" in word for word in command)


def test_an_image_shares_the_base_if_it_has_all_its_layers() -> None:
    base = LocalImage(10, ("a", "b"))
    assert LocalImage(12, ("a", "b", "c")).shares_with(base) == 10
    assert LocalImage(12, ("a", "c")).shares_with(base) == 0
    assert base.shares_with(LocalImage(12, ("a", "b", "c"))) == 0
    assert base.shares_with(None) == 0


def test_a_meter_tells_the_time_since_it_began() -> None:
    told: list[Progress] = []
    meter = Meter("haproxy", ImageAction.BUILD, told.append, started=0.0)
    meter.report_line("Step 1/2")
    assert told[0].line == "Step 1/2"
    assert told[0].seconds > 0
