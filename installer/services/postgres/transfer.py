"""Copy everything from one server to an empty one: roles first, then one database after the other."""

from __future__ import annotations

from collections.abc import Callable

from installer.services.postgres.server import PostgresServer, first_error
from runtime.base import command
from runtime.base.errors import ShoestringError

# Every server has these from its first start, so they are dropped and re-created.
FROM_THE_START = ("postgres", "template1")
DUMP_SECONDS = 600.0
Copied = Callable[[int], None]

_FILES = "SELECT name || '=' || coalesce(setting, '') FROM pg_file_settings WHERE applied OR error IS NULL;"
_RULES = (
    "SELECT concat_ws(' ', type, database, user_name, address, netmask, auth_method, options) FROM pg_hba_file_rules;"
)


def copy_roles(old: PostgresServer, new: PostgresServer) -> None:
    """Copy roles with their passwords, memberships and settings. Raises ShoestringError."""
    dumped = command.run(old.program("pg_dumpall", "--globals-only"), timeout=DUMP_SECONDS)
    if not dumped.ok:
        raise ShoestringError(f"The roles could not be read: {first_error(dumped)}")
    # The superuser exists already; the rest of the script sets its password and settings.
    there = (f"CREATE ROLE {old.user};", f'CREATE ROLE "{old.user}";')
    script = "\n".join(line for line in dumped.out.splitlines() if line not in there)
    result = command.run(new.psql("template1", "--no-psqlrc", "--quiet"), stdin=script, timeout=DUMP_SECONDS)
    if not result.ok:
        raise ShoestringError(f"The roles could not be restored: {first_error(result)}")


def copy_database(old: PostgresServer, new: PostgresServer, name: str, copied: Copied) -> None:
    """Copy a database; `copied` is called with the bytes of its dump so far.

    Source: pg_dump(1), and how pg_dumpall treats the two databases that always exist. Raises ShoestringError with the
    message of either side.
    """
    again = ("--clean", "--if-exists") if name in FROM_THE_START else ()
    through = "template1" if name == "postgres" else "postgres"
    dump = old.program("pg_dump", "--create", *again, "--dbname", name)
    dumped, restored = command.pipe(dump, new.psql(through, "--no-psqlrc", "--quiet"), copied)
    # A restore that fails ends the dump too; the reason is that of the restore.
    if not restored.ok:
        raise ShoestringError(f"The database {name} could not be restored: {first_error(restored)}")
    if not dumped.ok:
        raise ShoestringError(f"The database {name} could not be read: {first_error(dumped)}")


def analyze(new: PostgresServer) -> None:
    """Collect the statistics that a dump lacks; without them queries are slow at first. Raises ShoestringError."""
    result = command.run(new.program("vacuumdb", "--all", "--analyze-only", "--quiet"), timeout=24 * 3600.0)
    if not result.ok:
        raise ShoestringError(f"The new version cannot analyze its data: {first_error(result)}")


def not_copied(old: PostgresServer, new: PostgresServer) -> tuple[str, ...]:
    """Return sentences about settings in files of the old data, which are not copied."""
    settings = {each for (each,) in old.ask(_FILES)} - {each for (each,) in new.ask(_FILES)}
    rules = {each for (each,) in old.ask(_RULES)} - {each for (each,) in new.ask(_RULES)}
    found = []
    if settings:
        found.append(f"Not copied: settings of postgresql.conf or ALTER SYSTEM: {', '.join(sorted(settings))}.")
    if rules:
        found.append(f"Not copied: rules of pg_hba.conf: {'; '.join(sorted(rules))}.")
    return tuple(found)
