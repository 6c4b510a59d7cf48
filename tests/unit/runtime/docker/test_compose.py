"""The command lines of Compose."""

from __future__ import annotations

from runtime.docker import compose
from tests.support.builders.rollout import project


def test_compose_commands() -> None:
    start = ("docker", "compose", "--project-name", "i_a")
    argv = compose.create_more(project(), "application", 2)
    assert argv[:4] == start
    assert argv[-4:] == ("--remove-orphans", "--scale", "application=2", "application")
    assert {"--no-start", "--no-deps", "--no-recreate"} <= set(argv)
    argv = compose.create(project(), ("data",))
    assert "--no-recreate" not in argv
    assert argv[-1] == "data"
    argv = compose.start_created(project(), "application", 2, ("data",))
    assert argv[-4:] == ("--scale", "application=2", "application", "data")
    # Dependencies start first, as the file says; no container is re-created.
    assert "--no-deps" not in argv
    assert "--no-recreate" in argv


def test_update_creates_changed_services_alone_and_keeps_others() -> None:
    create, keep = compose.update(project(), ("application", "data"))
    assert create[-2:] == ("application", "data")
    assert {"--no-deps", "--no-start"} <= set(create)
    assert "--no-recreate" not in create
    assert keep == (*compose.up(project()), "--no-recreate")


def test_update_without_changed_service_recreates_none() -> None:
    assert compose.update(project(), ()) == ((*compose.up(project()), "--no-recreate"),)
