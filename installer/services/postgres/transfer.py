"""All that one server holds, into another and empty one: roles first, then one database after the other."""

from __future__ import annotations

from collections.abc import Callable

from installer.services.postgres.server import Server, first_error
from runtime.base import command
from runtime.base.errors import ShoestringError

# Every server has these from its first start, so they are made again.
FROM_THE_START = ("postgres", "template1")
DUMP_SECONDS = 600.0
Copied = Callable[[int], None]

_FILES = "SELECT name || '=' || coalesce(setting, '') FROM pg_file_settings WHERE applied OR error IS NULL;"
_RULES = (
    "SELECT concat_ws(' ', type, database, user_name, address, netmask, auth_method, options) FROM pg_hba_file_rules;"
)


def globals_(old: Server, new: Server) -> None:
    """Take roles with their passwords, memberships and settings over. Raises ShoestringError."""
    dumped = command.run(old.program("pg_dumpall", "--globals-only"), timeout=DUMP_SECONDS)
    if not dumped.ok:
        raise ShoestringError(f"The roles could not be read: {first_error(dumped)}")
    # The superuser is there; what follows sets its password and all else.
    there = (f"CREATE ROLE {old.user};", f'CREATE ROLE "{old.user}";')
    script = "\n".join(line for line in dumped.out.splitlines() if line not in there)
    result = command.run(new.psql("template1", "--no-psqlrc", "--quiet"), stdin=script, timeout=DUMP_SECONDS)
    if not result.ok:
        raise ShoestringError(f"The roles could not be taken over: {first_error(result)}")


def database(old: Server, new: Server, name: str, copied: Copied) -> None:
    """Take a database over; `copied` hears the bytes of its dump so far.

    Source: pg_dump(1), and what pg_dumpall does with the two databases that are always there.
    Raises ShoestringError with what either side says.
    """
    again = ("--clean", "--if-exists") if name in FROM_THE_START else ()
    through = "template1" if name == "postgres" else "postgres"
    dump = old.program("pg_dump", "--create", *again, "--dbname", name)
    dumped, restored = command.pipe(dump, new.psql(through, "--no-psqlrc", "--quiet"), copied)
    # A restore that ends early ends the dump too: the reason is the restore's then.
    if not restored.ok:
        raise ShoestringError(f"The database {name} could not be restored: {first_error(restored)}")
    if not dumped.ok:
        raise ShoestringError(f"The database {name} could not be read: {first_error(dumped)}")


def analyze(new: Server) -> None:
    """Gather the statistics that no dump has; without them queries are slow at first. Raises ShoestringError."""
    result = command.run(new.program("vacuumdb", "--all", "--analyze-only", "--quiet"), timeout=24 * 3600.0)
    if not result.ok:
        raise ShoestringError(f"The new version cannot analyze its data: {first_error(result)}")


def left_behind(old: Server, new: Server) -> tuple[str, ...]:
    """Sentences about what stands in files of the old data, and so is not taken over."""
    settings = {each for (each,) in old.ask(_FILES)} - {each for (each,) in new.ask(_FILES)}
    rules = {each for (each,) in old.ask(_RULES)} - {each for (each,) in new.ask(_RULES)}
    found = []
    if settings:
        found.append(f"Not taken over: settings of postgresql.conf or ALTER SYSTEM: {', '.join(sorted(settings))}.")
    if rules:
        found.append(f"Not taken over: rules of pg_hba.conf: {'; '.join(sorted(rules))}.")
    return tuple(found)
