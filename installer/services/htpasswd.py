"""Users of a registry: lines of a htpasswd file, with bcrypt (htpasswd(1), -B). Passwords never get into it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from installer.data_directory import secrets_file
from runtime.base import files
from runtime.base.errors import ShoestringError, UsageError

MODE = 0o640
# What a URL and a line of the file take as it is.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# bcrypt looks at no more than 72 bytes.
SHORTEST, LONGEST_BYTES = 8, 72
# The logarithm of the work. Registries check a password at each request. A generated one cannot be guessed, whatever
# a guess costs, so what htpasswd(1) takes by itself will do.
COST_OF_GENERATED, COST = 5, 10


@dataclass(frozen=True)
class HtpasswdFile:
    """The users of one registry: `group` is the number of the group that its container reads the file as."""

    file: Path
    group: int

    @property
    def names(self) -> tuple[str, ...]:
        """Who there is, in the order of the file."""
        return tuple(name for name, _ in parse(self._read()))

    def knows(self, name: str, password: str) -> bool:
        """Whether it is the user's password."""
        import bcrypt

        hashed = dict(parse(self._read())).get(name, "")
        try:
            return bool(hashed) and bcrypt.checkpw(password.encode(), hashed.encode())
        except ValueError:
            return False

    def put(self, name: str, hashed: str) -> None:
        """Add a user, or give them another password."""
        self._write(with_user(self._read(), name, hashed))

    def remove(self, name: str) -> bool:
        """Remove a user. Returns whether there was one."""
        if name not in self.names:
            return False
        self._write(without(self._read(), name))
        return True

    def ensure(self) -> None:
        """Make the file if there is none, and give it to its group."""
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
    """A user's name. Raises UsageError."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a user: letters, digits, and . _ - after the first, at most 64.")
    return name


def checked_password(password: str) -> str:
    """A password that a person chose. Raises UsageError."""
    if len(password) < SHORTEST or len(password.encode()) > LONGEST_BYTES or not password.isprintable():
        raise UsageError(
            f"That is no password to use: {SHORTEST} characters at least, {LONGEST_BYTES} bytes at most, on one line."
        )
    return password


def hashed(password: str) -> str:
    """The bcrypt hash of a password."""
    import bcrypt

    cost = COST_OF_GENERATED if is_generated(password) else COST
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def is_generated(password: str) -> bool:
    """Whether a password has the form of those that passwords.new makes; a person's is hardly ever like that."""
    return len(password) == secrets_file.LENGTH and set(password) <= set(secrets_file.ALPHABET)


def parse(text: str) -> tuple[tuple[str, str], ...]:
    """Names and hashes, without comments and what is no line of a user."""
    lines = (line.strip().split(":") for line in text.splitlines() if not line.startswith("#"))
    return tuple((parts[0], parts[1]) for parts in lines if len(parts) > 1 and parts[0])


def with_user(text: str, name: str, hash_: str) -> str:
    """The file with a user's new line at the old one's place, or at the end."""
    line = f"{name}:{hash_}\n"
    lines = [line if each.startswith(f"{name}:") else f"{each}\n" for each in text.splitlines()]
    return "".join(lines if line in lines else [*lines, line])


def without(text: str, name: str) -> str:
    """The file without a user."""
    return "".join(f"{each}\n" for each in text.splitlines() if not each.startswith(f"{name}:"))
