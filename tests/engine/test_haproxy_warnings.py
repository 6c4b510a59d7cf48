"""No configuration of HAProxy that Shoestring writes has a warning: `-dW` makes one an error."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime.base import files
from runtime.base.paths import RunPaths, Side
from runtime.certificates.store import placeholder
from runtime.config.request_limits import RequestLimits
from runtime.core import ipv6_proxy
from runtime.docker.images import HAPROXY, TEMPLATES, local_name
from runtime.proxy.container import CERTIFICATES_MOUNT, HTTPS_PORT, PROXY_GID, PROXY_UID, SOCKETS_MOUNT

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = pytest.mark.engine

GOLDEN = Path(__file__).parents[1] / "golden" / "proxy"
FILTER = TEMPLATES / "services" / "telegraf" / "conf" / "filter.cfg"
CONFIGURATIONS = "/configurations"
# HAProxy refuses a socket file in a directory that does not exist.
CHECK = f"""
mkdir -p {SOCKETS_MOUNT}
for each in {CONFIGURATIONS}/*.cfg; do haproxy -c -q -dW -f "$each" || echo "refused: $each"; done
"""


def ipv6_configuration() -> str:
    user = (PROXY_UID, PROXY_GID)
    service = ipv6_proxy.service(
        Side.PUBLIC, ("::1",), "haproxy", [(443, HTTPS_PORT)], user, RunPaths("test", Path("/")), RequestLimits()
    )
    configuration: str = service["environment"]["CONFIGURATION"]
    return configuration.replace("$$", "$")


def test_configurations_have_no_warning(client: DockerClient, tmp_path: Path) -> None:
    configurations, certificates = tmp_path / "configurations", tmp_path / "certificates"
    configurations.mkdir()
    files.make_directory(certificates, 0o755)
    placeholder.ensure(certificates, PROXY_GID, time.time())
    for file in (*GOLDEN.glob("*.cfg"), FILTER):
        shutil.copy(file, configurations)
    (configurations / "ipv6.cfg").write_text(ipv6_configuration())
    printed = client.containers.run(
        local_name(HAPROXY),
        entrypoint=["sh", "-c", CHECK],
        user="0:0",
        network_mode="none",
        volumes={
            str(configurations): {"bind": CONFIGURATIONS, "mode": "ro"},
            str(certificates): {"bind": CERTIFICATES_MOUNT, "mode": "ro"},
        },
        stderr=True,
        remove=True,
    )
    assert printed.decode() == ""
