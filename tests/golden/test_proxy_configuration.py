"""Template and model -> the configuration file, compared with tests/golden/proxy/.

After a change that is meant: tests/run.sh golden -- --regenerate, and read the difference in git.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.docker import images
from runtime.proxy.configuration import build
from runtime.proxy.render import render
from tests.support.builders.proxy_models import MODELS
from tests.support.golden import Golden

KEPT = Path(__file__).parent / "proxy"


@pytest.mark.parametrize("name", MODELS)
def test_configuration_is_as_recorded(golden: Golden, name: str) -> None:
    model = MODELS[name]
    template = (images.TEMPLATES / "conf" / f"haproxy-{model.side}" / "haproxy.cfg.j2").read_text(encoding="utf-8")
    made = build(render(template, model), template, model).text
    golden.check(KEPT / f"{name}.cfg", made)


def test_no_recorded_file_is_left_over(golden: Golden) -> None:
    golden.check_folder(KEPT, {f"{name}.cfg" for name in MODELS})
