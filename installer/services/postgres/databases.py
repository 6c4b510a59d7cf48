"""A database for an application, with a role that owns this database and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from installer.data_directory import secrets_file
from installer.services.postgres import scram
from installer.services.postgres import server as servers
from installer.services.postgres.server import PostgresServer
from runtime.base import files
from runtime.base.errors import ShoestringError, UsageError
from runtime.config import secrets
from runtime.context.cluster import Cluster

# The name on the network `postgres`, and Postgres's own port.
ADDRESS = "postgres:5432"
# PostgreSQL cuts longer names (its documentation, "Identifiers and Key Words").
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_TAKEN = ("postgres", "public", "none", "template0", "template1")
_STATE = """
SELECT coalesce((SELECT coalesce(rolpassword, '-') FROM pg_authid WHERE rolname = :'name'), ''),
       coalesce((SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = :'name'), '');
"""
_MAKE_ROLE = """
CREATE ROLE :"name" LOGIN;
"""
_SET_VERIFIER = """
ALTER ROLE :"name" LOGIN PASSWORD :'verifier';
"""
_MAKE_DATABASE = """
CREATE DATABASE :"name" OWNER :"name";
"""
# By default anyone may connect to any database, and make temporary tables there.
_CLOSE = """
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
"""
CLOSE_SHARED = """
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', datname)
  FROM pg_database WHERE datname IN ('postgres', 'template1') \\gexec
"""


@dataclass(frozen=True)
class DatabaseAccess:
    """The access of an application to its database: URL and password, and the names of their secrets."""

    name: str
    password: str

    @property
    def url(self) -> str:
        """Return the connection URI (libpq's documentation, "Connection URIs")."""
        return f"postgres://{self.name}:{quote(self.password, safe='')}@{ADDRESS}/{self.name}"

    @property
    def url_secret(self) -> str:
        """Return the name of the URL in `conf/secrets.yaml`."""
        return f"{_variable(self.name)}_DATABASE_URL"

    @property
    def password_secret(self) -> str:
        """Return the name of the password in `conf/secrets.yaml`."""
        return f"{_variable(self.name)}_DATABASE_PASSWORD"

    @property
    def values(self) -> dict[str, str]:
        """Return both for `conf/secrets.yaml`."""
        return {self.url_secret: self.url, self.password_secret: self.password}


@dataclass(frozen=True)
class CreatedDatabase:
    """A database that exists now. `done` is what was created or corrected, in words; empty if nothing was."""

    access: DatabaseAccess
    done: tuple[str, ...]


def check_name(name: str) -> None:
    """Raise UsageError for a name that a database and its role cannot have."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name} is not a database name: lower-case letters, digits, _ and -, a letter first, at most 63."
        )
    if name in _TAKEN or name.startswith("pg_"):
        raise UsageError(f"Postgres itself uses the name {name}; choose another one.")


def create(cluster: Cluster, name: str, timeout: float = 0.0, *, dry_run: bool = False) -> CreatedDatabase:
    """Create a role, its database and its secrets as far as they are missing, and correct what differs.

    `timeout` is how long to wait for the lock, in seconds. Raises UsageError, or ShoestringError if Postgres does not
    run or the name is already used by another role or owner.
    """
    check_name(name)
    service = servers.find(cluster)
    with files.lock(cluster.run.lock, timeout):
        server = servers.running(cluster, service)
        given = secrets.load(cluster.paths.secrets)
        access, known = _access(name, given)
        missing = {key: value for key, value in access.values.items() if key not in given}
        ((role, owner),) = server.ask(_STATE, name=name)
        if role and not known:
            raise ShoestringError(
                f"The role {name} already exists, and its password is not in {cluster.paths.secrets}. Add it "
                f"there as {access.password_secret} (it is then set), or choose another name."
            )
        if owner not in ("", name):
            raise ShoestringError(f"The database {name} already exists; its owner is {owner}. Choose another name.")
        created = CreatedDatabase(access, tuple(_steps(role, owner, access, missing)))
        if not dry_run:
            # The secret first: a run after one that was killed continues with the same password.
            secrets_file.add(cluster.paths, missing)
            _make(server, role, owner, access)
        return created


def _steps(role: str, owner: str, access: DatabaseAccess, missing: Mapping[str, str]) -> list[str]:
    steps = ["secrets " + " and ".join(missing)] if missing else []
    if not role:
        steps.append(f"role {access.name}")
    elif not scram.matches(access.password, role):
        steps.append(f"password of the role {access.name}")
    return steps if owner else [*steps, f"database {access.name}"]


def _make(server: PostgresServer, role: str, owner: str, access: DatabaseAccess) -> None:
    if not role:
        server.ask(_MAKE_ROLE, name=access.name)
    if not scram.matches(access.password, role):
        set_password(server, access.name, access.password)
    if not owner:
        server.ask(_MAKE_DATABASE, name=access.name)
    server.ask(_CLOSE + CLOSE_SHARED, name=access.name)


def set_password(server: PostgresServer, name: str, password: str) -> None:
    """Set the password of a role; Postgres gets only the verifier."""
    known = scram.verifier(password)
    server.ask(f"\\set verifier '{known}'\n{_SET_VERIFIER}", secrets=(known,), name=name)


def _access(name: str, given: Mapping[str, str]) -> tuple[DatabaseAccess, bool]:
    """Return the access with the password in the secrets, else a new one; and whether it was in them."""
    made = DatabaseAccess(name, secrets_file.new_password())
    url, password = given.get(made.url_secret), given.get(made.password_secret)
    if url is not None:
        parts = urlsplit(url)
        if parts.username != name or parts.password is None:
            raise ShoestringError(
                f"{made.url_secret} in secrets.yaml is not a URL of the user {name}; remove or correct it."
            )
        in_url = unquote(parts.password)
        if password not in (None, in_url):
            both = f"{made.url_secret} and {made.password_secret}"
            raise ShoestringError(f"{both} in secrets.yaml have different passwords; remove one of the lines.")
        password = in_url
    if password is None:
        return made, False
    if not password or not password.isascii() or not password.isprintable():
        raise ShoestringError(f"{made.password_secret} in secrets.yaml must have printable ASCII characters only.")
    return DatabaseAccess(name, password), True


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def created_lines(created: CreatedDatabase, network: str, *, dry_run: bool = False) -> list[str]:
    """Return the lines for the user, the URL included."""
    access = created.access
    if dry_run:
        return [f"  + {each}" for each in created.done] or ["  Nothing to do."]
    variable = f"${{{access.url_secret}}}"
    about = f"created: {', '.join(created.done)}" if created.done else "already exists"
    return [
        f"  ✓ {access.name}  {about}",
        f"    {access.url}",
        f"    An application uses it as {variable} and joins the network: networks: [{network}, postgres]",
    ]
