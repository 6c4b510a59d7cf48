"""`shoestring npm`: the users that may publish packages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from installer.cli.frame import opened
from installer.cli.users import users_app

if TYPE_CHECKING:
    from installer.services.user_store import UserStore


def _user_store(data_directory: Path | None) -> UserStore:
    from installer.services.registry_npm import service

    return service.user_store(opened(data_directory))


app = typer.Typer(help="The npm registry: users.", no_args_is_help=True)
app.add_typer(
    users_app(_user_store, may="publish", removal="The registry is restarted for that; published packages stay."),
    name="user",
)
