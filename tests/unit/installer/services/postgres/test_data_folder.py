"""The data folder in an application file, and the same file with another version."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.applications.image_edit import CannotEditError
from installer.applications.target import ApplicationService
from installer.services import catalogue, service_files
from installer.services.postgres import data_folder
from installer.services.service_files import TemplateHost
from runtime.base import yaml_documents
from runtime.base.errors import UsageError
from runtime.base.paths import Side
from runtime.config import application_files
from runtime.config.applications import Application
from runtime.config.settings import Settings

VARIABLES = {"DATA_BASE_PATH": "/srv/data"}
LINE = "      - ${DATA_BASE_PATH}/postgres/15:/var/lib/postgresql/data  # here\n"
FILE = f"""\
# mine
services:
  application:
    image: "postgres:15-bookworm"   # old
    volumes:
      - ../other:/etc/other:ro
{LINE}"""


def target(text: str) -> ApplicationService:
    application = application_files.parse(yaml_documents.parse(Path("postgres.yaml"), text), Side.INTERNAL)
    assert isinstance(application, Application)
    return ApplicationService(application, "application", application.services[0].image)


def edited(text: str) -> str:
    return data_folder.edited(data_folder.find(target(text), VARIABLES, 15), "postgres:17-trixie", "17")


def test_edited_changes_only_image_and_folder() -> None:
    wanted = FILE.replace("postgres:15-bookworm", "postgres:17-trixie").replace("postgres/15", "postgres/17")
    assert edited(FILE) == wanted
    assert edited(FILE.replace("\n", "\r\n")) == wanted.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "line",
    [
        "      - '${DATA_BASE_PATH}/postgres/15:/var/lib/postgresql/data:z'\n",
        "      - $DATA_BASE_PATH/postgres/15:/var/lib/postgresql/data\n",
        "      - ${DATA_BASE_PATH:-/nowhere}/postgres/15:/var/lib/postgresql/data/\n",
        "      - /srv/data/postgres/15:/var/lib/postgresql/data\n",
        '      - {type: bind, source: "/srv/data/postgres/15", target: /var/lib/postgresql/data}\n',
    ],
)
def test_find_all_forms_of_mounts(line: str) -> None:
    text = FILE.replace(LINE, line)
    found = data_folder.find(target(text), VARIABLES, 15)
    assert found.folder == Path("/srv/data/postgres/15")
    assert found.folder_of("17") == Path("/srv/data/postgres/17")
    assert edited(text) == text.replace("15-bookworm", "17-trixie").replace("postgres/15", "postgres/17")


def test_find_refuses_variable_without_value() -> None:
    with pytest.raises(UsageError, match="not named after the version"):
        data_folder.find(target(FILE.replace("DATA_BASE_PATH", "UNKNOWN")), VARIABLES, 15)


def test_find_folder_of_pgdata() -> None:
    text = FILE.replace("/var/lib/postgresql/data", "/data").replace(
        "    volumes:", "    environment: [PGDATA=/data]\n    volumes:"
    )
    assert data_folder.find(target(text), VARIABLES, 15).folder == Path("/srv/data/postgres/15")


def test_find_refuses_path_without_version() -> None:
    with pytest.raises(UsageError, match=r"move them to \$\{DATA_BASE_PATH\}/postgres/15, change postgres.yaml"):
        data_folder.find(target(FILE.replace("postgres/15:", "postgres:")), VARIABLES, 15)
    with pytest.raises(UsageError, match="mounts no folder at /var/lib/postgresql/data"):
        data_folder.find(target(FILE.replace(LINE, "")), VARIABLES, 15)


def test_edited_refuses_anchor() -> None:
    shared = "&data ${DATA_BASE_PATH}/postgres/15:/var/lib/postgresql/data"
    text = FILE.replace(LINE, f"      - {shared}\n") + "x-note: *data\n"
    with pytest.raises(CannotEditError, match=r"postgres.yaml:7 the folder .* has an anchor"):
        edited(text)


def test_edited_template_of_service() -> None:
    settings = Settings(domain="example.com", email="ops@example.com")
    service = catalogue.load()["postgres"]
    text = next(
        each.content.decode()
        for each in service_files.load(service, settings, TemplateHost())
        if each.path.parts[0].startswith("applications-")
    )
    found = data_folder.find(target(text), VARIABLES, 17)
    assert found.folder == Path("/srv/data/postgres/17")
    assert f"{found.folder.parent.name}/{found.folder.name}" in {str(each.path) for each in service.folders}
    after = data_folder.edited(found, "postgres:18-trixie", "18")
    assert after == text.replace("image: postgres:17-trixie", "image: postgres:18-trixie").replace(
        "postgres/17:", "postgres/18:"
    )
