"""The JSON answers of the user commands of a registry: docs/json.md is made from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from installer.services.user_store import RegistryUser, UserStore


@dataclass(frozen=True)
class UserJson:
    """A user that was added or changed, or would be."""

    name: str
    new: Annotated[bool, "false: an existing user got another password"]
    password: Annotated[
        str | None, "the generated password; null if it came from standard input, and with `--dry-run`"
    ]
    log_in: Annotated[str, "the command that logs the user in"]

    @classmethod
    def of(cls, store: UserStore, user: RegistryUser) -> UserJson:
        """Return the result of `user add`."""
        return cls(user.name, user.new, user.password or None, store.log_in_command(user.name))


@dataclass(frozen=True)
class UsersJson:
    """The users of a registry."""

    users: Annotated[tuple[str, ...], "their names"]


@dataclass(frozen=True)
class UserRemovalJson:
    """A user that was removed, or would be."""

    name: str
    removed: Annotated[bool, "false with `--dry-run`"]
