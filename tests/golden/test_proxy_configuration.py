"""Template and model -> exactly the file that is kept in tests/golden/proxy/.

After a change that is meant: SHOESTRING_WRITE_GOLDEN=1 tests/run.sh golden, and read the difference in git.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime.docker import images
from runtime.proxy.configuration import build
from runtime.proxy.render import render
from tests.support.builders.proxy_models import MODELS

KEPT = Path(__file__).parent / "proxy"


@pytest.mark.parametrize("name", MODELS)
def test_a_configuration_is_the_kept_one(name: str) -> None:
    model = MODELS[name]
    template = (images.TEMPLATES / "conf" / f"haproxy-{model.side}" / "haproxy.cfg.j2").read_text(encoding="utf-8")
    made = build(render(template, model), template, model).text
    kept = KEPT / f"{name}.cfg"
    if os.environ.get("SHOESTRING_WRITE_GOLDEN"):
        kept.write_text(made, encoding="utf-8")
    assert made == kept.read_text(encoding="utf-8")


def test_no_kept_file_is_left_over() -> None:
    assert {file.stem for file in KEPT.iterdir()} == set(MODELS)
