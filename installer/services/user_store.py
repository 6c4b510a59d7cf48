"""What `registry user` and `npm user` share: a new user's password, and what is said about users."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from installer.data_directory import secrets_file
from installer.services import htpasswd
from installer.services.htpasswd import Users
from runtime.base.errors import UsageError
from runtime.base.failpoints import failpoint
from runtime.output.encoder import as_json

UNCHANGED = "  Nothing was changed."


def _nothing(gone: bool) -> None:
    del gone


@dataclass(frozen=True)
class Door:
    """The users of one registry, and what is said of them.

    `command` adds a user and `log_in` logs one in, with {name} for the name; `more` is told beside it. `own` is the
    user of this host, whom `refusal` keeps from being changed here. `forget` has the registry forget who is out of
    the file; it hears whether one has just gone from it. `lock` is the lock of the instance.
    """

    users: Users
    lock: Path
    command: str
    log_in: str
    more: str = ""
    own: str = ""
    refusal: str = ""
    forget: Callable[[bool], None] = _nothing


@dataclass(frozen=True)
class Account:
    """A user. `password` is empty if a person chose it: then they know it; and if there is none yet."""

    name: str
    password: str = ""
    new: bool = True


def read_password() -> str:
    """A password from standard input: asked for twice at a terminal, else its first line. Raises UsageError."""
    if not sys.stdin.isatty():
        return htpasswd.checked_password(sys.stdin.readline().rstrip("\r\n"))
    given = htpasswd.checked_password(getpass.getpass("Password: "))
    if getpass.getpass("Again: ") != given:
        raise UsageError("The two are not the same; nothing was changed.")
    return given


def planned(door: Door, name: str) -> Account:
    """The user as `put` would make them, without a password. Raises UsageError as `put`."""
    if htpasswd.checked_name(name) == door.own:
        raise UsageError(door.refusal)
    return Account(name, new=name not in door.users.names)


def put(door: Door, name: str, chosen: str = "") -> Account:
    """Add a user, or give one another password: the chosen one, else a generated one. Raises UsageError."""
    account = planned(door, name)
    password = htpasswd.checked_password(chosen) if chosen else secrets_file.new()
    door.users.put(name, htpasswd.hashed(password))
    return replace(account, password="" if chosen else password)


def known(door: Door, name: str) -> None:
    """Raise UsageError if there is no user of that name, or it is not one to remove."""
    if name not in door.users.names:
        raise UsageError(f"There is no user {name}. There are: {', '.join(door.users.names) or 'none'}.")
    if name == door.own:
        raise UsageError(door.refusal)


def remove(door: Door, name: str) -> None:
    """Remove a user; done again, what a run that was killed has left is done first. Raises UsageError as `known`."""
    if name not in door.users.names:
        door.forget(False)
    known(door, name)
    door.users.remove(name)
    failpoint("user-removed")
    door.forget(True)


def put_lines(door: Door, account: Account, *, dry_run: bool = False) -> list[str]:
    """What is said about a user that was made, or would be; the password is told this once."""
    if dry_run:
        about = "" if account.new else "  gets another password"
        return [f"  {'+' if account.new else '~'} {account.name}{about}", UNCHANGED]
    lines = [f"  ✓ {account.name} {'is a user now' if account.new else 'has another password now'}"]
    if account.password:
        lines.append(f"    password  {account.password}   (told only now)")
    lines.append(f"    log in    {_log_in(door, account)}")
    return [*lines, f"    {door.more}"] if door.more else lines


def put_json(door: Door, account: Account) -> str:
    """The same for a script."""
    return as_json(
        name=account.name, new=account.new, password=account.password or None, log_in=_log_in(door, account)
    )


def _log_in(door: Door, account: Account) -> str:
    return door.log_in.replace("{name}", account.name)


def list_lines(door: Door) -> list[str]:
    """The users, one a line."""
    return [f"  {name}" for name in door.users.names] or [f"  There are no users yet. Add one: {door.command}"]


def list_json(door: Door) -> str:
    """The same for a script."""
    return as_json(users=list(door.users.names))


def removed_lines(name: str, *, dry_run: bool = False) -> list[str]:
    """What is said about a user that was removed, or would be."""
    return [f"  - {name}", UNCHANGED] if dry_run else [f"  ✓ {name} gets in no more"]


def removed_json(name: str, *, removed: bool) -> str:
    """The same for a script."""
    return as_json(name=name, removed=removed)
