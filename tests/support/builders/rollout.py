"""A rollout of one application: its file and its project."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from runtime.base.paths import Side
from runtime.base.yaml_documents import Document
from runtime.config.applications import Application, Backend, Order, Rollout, TcpPort
from runtime.config.compose_file import ComposeService
from runtime.docker.projects import GeneratedFile, Project, ProjectService

FILE = Path("/srv/a.yaml")
BACKEND = Backend("a", "a", "application", "a", 8080, ("a.example.com",))


def application(*backends: Backend, order: Order = Order.START_FIRST) -> Application:
    tcp = () if backends else (TcpPort("a", "a", 5432, 5432),)
    services = (ComposeService("application", {}),)
    return Application("a", Side.PUBLIC, FILE, empty_document(), services, backends, tcp, Rollout(order))


def project(replicas: int = 1) -> Project:
    services = (ProjectService("application", "image", "new", replicas), ProjectService("data", "image", "data"))
    return Project("i_a", "a", Side.PUBLIC, (FILE,), GeneratedFile(FILE, "", {}), services)


def empty_document(**value: object) -> Document:
    return cast("Document", type("Stub", (), {"value": value})())
