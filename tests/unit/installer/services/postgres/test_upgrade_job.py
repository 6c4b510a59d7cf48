"""The checks, images and commands of a Postgres upgrade."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from installer.applications.target import ApplicationService
from installer.services.postgres import upgrade_job
from installer.services.postgres.data_folder import DataFolder
from installer.services.postgres.upgrade_job import UpgradeJob
from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.docker.images import POSTGRES
from tests.support.builders.runtime import application, web


def test_require_room_on_full_disk() -> None:
    found = application("postgres", web("a.example.com"), Side.INTERNAL)
    data_place = DataFolder(ApplicationService(found, "application", "postgres:15"), (), "", "", Path("/data/15"))
    with pytest.raises(ShoestringError, match=r"Nothing was changed\. .*docker system df"):
        upgrade_job.require_room(UpgradeJob(data_place, 15, 17, "postgres:17", (), 10**9, 10**8))


def test_official_image_of_version() -> None:
    assert upgrade_job.official(17) == POSTGRES.reference
    assert upgrade_job.official(18) == "postgres:18-trixie"


def test_commands_have_data_directory_option() -> None:
    found = application("postgres", web("a.example.com"), Side.INTERNAL)
    data_place = DataFolder(ApplicationService(found, "application", "postgres:15"), (), "", "", Path("/data/15"))
    upgrade = upgrade_job.UpgradeJob(
        data_place, 15, 18, "postgres:18-trixie", (), 0, 0, " --data-directory /srv/demo"
    )
    assert upgrade.again == "shoestring postgres upgrade 18 --data-directory /srv/demo"
    assert upgrade.prune_command("15") == "shoestring postgres prune 15 --data-directory /srv/demo"
    another = replace(upgrade, image="other:18", option="")
    assert another.again == "shoestring postgres upgrade 18 --image other:18"
