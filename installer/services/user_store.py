"""The users of a registry: what `registry user` and `npm user` share."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from installer.data_directory import secrets_file
from installer.services import htpasswd
from installer.services.htpasswd import HtpasswdFile
from runtime.base.errors import UsageError
from runtime.base.failpoints import failpoint


@dataclass(frozen=True)
class RegistryUser:
    """A user that was added or updated, or would be.

    `password` is the generated one, empty if the user chose it. `new` is whether the user did not exist before.
    """

    name: str
    password: str = ""
    new: bool = True


def _nothing(removed: bool) -> None:
    del removed


@dataclass(frozen=True)
class UserStore:
    """The users of one registry, and the sentences about them that differ between registries.

    `add_command` adds a user. `log_in` is the command that logs one in, with {name} for the name, and `hint` an
    additional sentence. `host_user` is the user that this host itself logs in as; it cannot be changed here, as
    `host_user_advice` explains. `revoke` makes the registry refuse users that are no longer in the file; its argument
    is whether one was removed just now. `lock` is the lock of the instance.
    """

    file: HtpasswdFile
    lock: Path
    add_command: str
    log_in: str
    hint: str = ""
    host_user: str = ""
    host_user_advice: str = ""
    revoke: Callable[[bool], None] = _nothing

    def log_in_command(self, name: str) -> str:
        """Return the command that logs a user in."""
        return self.log_in.replace("{name}", name)

    def plan_put(self, name: str) -> RegistryUser:
        """Return the user as `put` would make it, without a password. Raises UsageError as `put`."""
        if htpasswd.checked_name(name) == self.host_user:
            raise UsageError(self.host_user_advice)
        return RegistryUser(name, new=name not in self.file.names)

    def put(self, name: str, chosen: str = "") -> RegistryUser:
        """Add a user, or set another password: the chosen one, else a generated one. Raises UsageError."""
        planned = self.plan_put(name)
        password = htpasswd.checked_password(chosen) if chosen else secrets_file.new_password()
        self.file.put(name, htpasswd.hashed(password))
        return RegistryUser(name, "" if chosen else password, planned.new)

    def require_removable(self, name: str) -> None:
        """Raise UsageError if there is no user of that name, or if it is the user of this host."""
        if name not in self.file.names:
            raise UsageError(f"There is no user {name}. Users: {', '.join(self.file.names) or 'none'}.")
        if name == self.host_user:
            raise UsageError(self.host_user_advice)

    def remove(self, name: str) -> None:
        """Remove a user. A removal that was killed before is finished first. Raises UsageError or ShoestringError."""
        if name not in self.file.names:
            self.revoke(False)
        self.require_removable(name)
        self.file.remove(name)
        failpoint("user-removed")
        self.revoke(True)


def read_password() -> str:
    """Read a password from standard input: twice at a terminal, else its first line. Raises UsageError."""
    if not sys.stdin.isatty():
        return htpasswd.checked_password(sys.stdin.readline().rstrip("\r\n"))
    given = htpasswd.checked_password(getpass.getpass("Password: "))
    if getpass.getpass("Again: ") != given:
        raise UsageError("The two passwords differ; nothing was changed.")
    return given
