"""Services of tests: small folders in the form of templates/services."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from installer.services import catalogue
from installer.services.catalogue import Catalogue
from installer.services.plan import ServicePlan, plan
from installer.services.service_files import TemplateHost
from runtime.base.paths import Paths
from runtime.config import settings
from tests.support.builders.data_directory import SETTINGS

APPLICATION = """\
x-external-host-names: [NAME.{{ settings.internal_domain }}]
x-container-port: 8080
services:
  application:
    image: busybox:1.37
    networks: [{{ settings.networks.internal }}]
    restart: unless-stopped
    environment: {GROUP: "{{ host.docker_group }}", PASSWORD: "${STORE_PASSWORD}"}
    volumes: ["${DATA_BASE_PATH}/NAME:/data", "../NAME/store.conf:/etc/store.conf:ro"]
"""
STORE = """\
title: Store
about: keeps things
memory: 60
suggested: 1
secrets: {STORE_PASSWORD: {kind: password}, STORE_READER: {kind: password}}
shown: [STORE_PASSWORD]
folders: [{path: store, owner: 1234, group: 1235, mode: "0750"}]
networks: [things]
log_in: "http {host}, user admin"
"""
FRONT = """\
title: Front
about: shows things
memory: 100
needs: [store]
"""
BESIDE = """\
title: Beside
about: fills the store
memory: 30
suggested: 2
needs: [store]
part_of: store
"""


def service(folder: Path, name: str, text: str, application: str = APPLICATION) -> Path:
    """Write one service into a folder of services."""
    made = folder / name
    made.mkdir(parents=True)
    (made / "service.yaml").write_text(text)
    (made / "application.yaml.j2").write_text(application.replace("NAME", name))
    return made


def known(folder: Path) -> Catalogue:
    """Return three services: front needs store, and beside is a part of store."""
    store = service(folder, "store", STORE)
    (store / "conf").mkdir()
    (store / "conf" / "store.conf.setup.j2").write_text("domain {{ settings.domain }}\n")
    service(folder, "front", FRONT)
    service(folder, "beside", BESIDE)
    return catalogue.load(folder)


HOST = TemplateHost(docker_group=77)


def wanted(paths: Paths, known: Catalogue, *names: str) -> ServicePlan:
    return plan(paths, settings.load(paths.settings), catalogue.complete(known, names), HOST)


# Of a cluster it uses no more than the name of the instance.
CLUSTER: Any = SimpleNamespace(settings=SETTINGS)
