"""Users of a registry: lines of a htpasswd file, with bcrypt (htpasswd(1), -B). It has no passwords, only hashes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from installer.data_directory import secrets_file
from runtime.base import files
from runtime.base.errors import ShoestringError, UsageError

MODE = 0o640
# Characters that need no escaping in a URL and in a line of the file.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# bcrypt uses at most 72 bytes.
SHORTEST, LONGEST_BYTES = 8, 72
# The logarithm of the work. Registries check a password at each request. A generated one cannot be guessed, whatever
# a guess costs, so the default of htpasswd(1) is enough.
COST_OF_GENERATED, COST = 5, 10


@dataclass(frozen=True)
class HtpasswdFile:
    """The file of the users of one registry. `group` is the number of the group that its container reads it as."""

    file: Path
    group: int

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the users, in the order of the file."""
        return tuple(name for name, _ in parse(self._read()))

    def knows(self, name: str, password: str) -> bool:
        """Return whether it is the user's password."""
        import bcrypt

        hashed = dict(parse(self._read())).get(name, "")
        try:
            return bool(hashed) and bcrypt.checkpw(password.encode(), hashed.encode())
        except ValueError:
            return False

    def put(self, name: str, hashed: str) -> None:
        """Add a user, or set another password."""
        self._write(with_user(self._read(), name, hashed))

    def remove(self, name: str) -> bool:
        """Remove a user. Return whether it existed."""
        if name not in self.names:
            return False
        self._write(without(self._read(), name))
        return True

    def ensure(self) -> None:
        """Create the file if there is none, and set its group and mode."""
        self._write(self._read())

    def _read(self) -> str:
        try:
            return self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise ShoestringError(f"{self.file} cannot be read: {error.strerror}.") from error

    def _write(self, text: str) -> None:
        files.write(self.file, text, MODE, self.group)


def checked_name(name: str) -> str:
    """Return a valid user name. Raises UsageError."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is not a user name: letters, digits, and after the first also . _ -, at most 64.")
    return name


def checked_password(password: str) -> str:
    """Return a valid chosen password. Raises UsageError."""
    if len(password) < SHORTEST or len(password.encode()) > LONGEST_BYTES or not password.isprintable():
        raise UsageError(
            f"The password is not valid: at least {SHORTEST} characters, at most {LONGEST_BYTES} bytes, on one line."
        )
    return password


def hashed(password: str) -> str:
    """Return the bcrypt hash of a password."""
    import bcrypt

    cost = COST_OF_GENERATED if is_generated(password) else COST
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def is_generated(password: str) -> bool:
    """Return whether a password has the form of a generated one; a chosen one hardly ever has."""
    return len(password) == secrets_file.LENGTH and set(password) <= set(secrets_file.ALPHABET)


def parse(text: str) -> tuple[tuple[str, str], ...]:
    """Return names and hashes, without comments and lines that are not of a user."""
    lines = (line.strip().split(":") for line in text.splitlines() if not line.startswith("#"))
    return tuple((parts[0], parts[1]) for parts in lines if len(parts) > 1 and parts[0])


def with_user(text: str, name: str, hash_: str) -> str:
    """Return the text with a user's new line in place of the old one, or at the end."""
    line = f"{name}:{hash_}\n"
    lines = [line if each.startswith(f"{name}:") else f"{each}\n" for each in text.splitlines()]
    return "".join(lines if line in lines else [*lines, line])


def without(text: str, name: str) -> str:
    """Return the text without a user."""
    return "".join(f"{each}\n" for each in text.splitlines() if not each.startswith(f"{name}:"))
