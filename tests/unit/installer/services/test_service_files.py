"""The rendered files of a service."""

from __future__ import annotations

import pytest

from installer.services import service_files
from installer.services.catalogue import Catalogue
from runtime.base.paths import Paths
from tests.support.builders.data_directory import SETTINGS
from tests.support.builders.services import HOST

pytestmark = pytest.mark.processes


def test_load_renders_only_setup_templates(made: Paths, known: Catalogue) -> None:
    (known["store"].folder / "conf" / "plain.j2").write_text("{{ not_ours }}")
    (known["store"].folder / "conf" / "deep").mkdir()
    (known["store"].folder / "conf" / "deep" / "x.setup.j2").write_text("{{ host.docker_group }}")
    shipped = service_files.load(known["store"], SETTINGS, HOST)
    assert {str(each.path): each.content for each in shipped if not each.is_optional} == {
        "store/deep/x": b"77",
        "store/plain.j2": b"{{ not_ours }}",
        "store/store.conf": b"domain example.com\n",
    }
    assert service_files.images(shipped) == ("busybox:1.37",)
