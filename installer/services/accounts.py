"""What `registry user` and `npm user` share: a new user's password, and what is said about users."""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass

from installer.report_host import as_json
from installer.services import htpasswd, passwords
from installer.services.htpasswd import Users
from runtime.errors import UsageError


@dataclass(frozen=True)
class Account:
    """A user that was made. `password` is empty if a person chose it: then they know it."""

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


def put(users: Users, name: str, chosen: str = "") -> Account:
    """Add a user, or give one another password: the chosen one, else a generated one. Raises UsageError."""
    htpasswd.checked_name(name)
    password = htpasswd.checked_password(chosen) if chosen else passwords.new()
    new = name not in users.names
    users.put(name, htpasswd.hashed(password))
    return Account(name, "" if chosen else password, new)


def known(users: Users, name: str) -> str:
    """The name of a user that is there. Raises UsageError."""
    if name not in users.names:
        raise UsageError(f"There is no user {name}. There are: {', '.join(users.names) or 'none'}.")
    return name


def put_lines(account: Account, log_in: str) -> list[str]:
    """What is said about a user that was made; the password is told this once."""
    lines = [f"  ✓ {account.name} {'is a user now' if account.new else 'has another password now'}"]
    if account.password:
        lines.append(f"    password  {account.password}   (told only now)")
    return [*lines, f"    log in    {log_in}"]


def put_json(account: Account, log_in: str) -> str:
    """The same for a script."""
    return as_json(name=account.name, new=account.new, password=account.password or None, log_in=log_in)


def list_lines(users: Users, add: str) -> list[str]:
    """The users, one a line."""
    return [f"  {name}" for name in users.names] or [f"  There are no users yet. Add one: {add}"]


def list_json(users: Users) -> str:
    """The same for a script."""
    return as_json(users=list(users.names))
