"""The Docker registry without HTTPS: the printed line for daemon.json works."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from installer.services.registry_docker import login, registry
from runtime.config.sections import InternalTls
from tests.support.deploy.stand import shoestring
from tests.support.services.registry_stand import engine, open_site

if TYPE_CHECKING:
    from docker import DockerClient


def test_registry_without_https_prints_daemon_json(tmp_path: Path, client: DockerClient) -> None:
    with open_site(tmp_path / "data-directory", client, registry.NAME, tls=InternalTls.NONE) as site:
        added = site.command("service", "add", registry.NAME, "--yes").out
        assert "Without HTTPS, Docker on this host accepts the registry only with" in added
        refused = shoestring(site.instance, "registry", "login")
        assert (refused.code, "insecure-registries" in refused.out) == (1, True)
        refused = shoestring(site.instance, "registry", "login", "--json")
        assert (refused.code, json.loads(refused.out)["ok"]) == (1, False)
        # Nothing on the host is changed until it can work.
        assert site.host("docker") not in login.HOST_FILES.hosts.read_text()

        made = site.command("registry", "user", "add", "anna").out
        key = re.search(r"daemon\.json: (\{.*?\})", made)
        assert key
        (tmp_path / "daemon.json").write_text(key[1])
        password = re.search(r"password  (\w{32})", made)
        assert password
        log_in = ("docker", "login", "-u", "anna", "--password-stdin", site.host("docker"))
        with engine(site, client) as machine:
            assert machine.run(*log_in, stdin=password[1]).returncode != 0
        with engine(site, client, f"--volume={tmp_path / 'daemon.json'}:/etc/docker/daemon.json:ro") as machine:
            assert machine.run(*log_in, stdin="wrong").returncode != 0
            result = machine.run(*log_in, stdin=password[1])
            assert result.returncode == 0, result.stderr
