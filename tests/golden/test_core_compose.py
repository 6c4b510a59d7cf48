"""Settings -> the Compose file of the core, compared with tests/golden/core/.

A container is made again where its definition differs: what is not meant to restart on a running host must not differ
here. After a change that is meant: tests/run.sh golden -- --regenerate, and read the difference in git.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.builders.runtime import desired
from tests.support.golden import Golden

KEPT = Path(__file__).parent / "core"
SETTINGS = {
    "public-ipv4": "public: {address: 0.0.0.0}\n",
    "public-ipv6": "public: {address: '::'}\n",
    "vpn": (
        "public: {address: 203.0.113.7, http_port: 8080, https_port: 8443}\n"
        "wireguard: {enabled: on, network6: 'fd12::/64'}\ninternal: {address: 10.12.0.1}\n"
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_compose_file_is_as_recorded(golden: Golden, name: str) -> None:
    generated = desired(settings_text=SETTINGS[name]).core.generated
    golden.check(KEPT / f"{name}.yaml", generated.content)


def test_no_recorded_file_is_left_over(golden: Golden) -> None:
    golden.check_folder(KEPT, {f"{name}.yaml" for name in SETTINGS})
