"""Certificates that live for seconds, so that several renewals happen in one test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runtime.certificates.policy import limits
from tests.support.acme.stand import PebbleOptions, pebble
from tests.support.certificates.site import begin, public_only, renew, site
from tests.support.engine import until

if TYPE_CHECKING:
    from docker import DockerClient

A = "a.example.test"
SHORT_SECONDS = 12


def test_renew_short_lived_certificates_within_limits(tmp_path: Path, client: DockerClient, tools: str) -> None:
    options = PebbleOptions(validity_seconds=SHORT_SECONDS)
    with (
        pebble(client, tmp_path / "pebble", options) as made,
        site(tmp_path / "data", made, public_only(made, made.directory)) as place,
    ):
        begin(place, A, tools)
        serials = [place.serial("blog")]
        while len(serials) < limits.CERTIFICATES_A_WEEK:
            # Not before half its lifetime is over; from then on each run would ask.
            assert until(lambda: place.serial("blog") if renew(place).outcomes else 0, bool)
            assert place.serial("blog") not in serials
            assert place.served(A) == place.serial("blog")
            serials.append(place.serial("blog"))
        asked = made.requests()["new-order"]
        assert asked == limits.CERTIFICATES_A_WEEK
        blocked = until(lambda: renew(place), lambda report: bool(report.blocked))
        assert "was requested 5 times within a week" in blocked.blocked[0].message
        assert made.requests()["new-order"] == asked
