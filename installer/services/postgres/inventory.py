"""The content of a server in names and numbers, so that two servers can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from installer.services.postgres.server import PostgresServer

# As the queries below name them.
ROLE, ROWS = "role", "rows of"


@dataclass(frozen=True)
class InventoryKey:
    """What is counted or compared: a `kind`, the name of one if there are many, and its database if it is in one."""

    kind: str
    name: str
    database: str = ""

    def __str__(self) -> str:
        what = f"{self.kind} {self.name}" if self.name else self.kind
        return f"{self.database}: {what}" if self.database else what


Inventory = Mapping[InventoryKey, str]
# Only template0 is meant to take no connections; pg_dump could not read another one.
DATABASES = "SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname <> 'template1', datname;"
CLOSED = "SELECT datname FROM pg_database WHERE NOT datallowconn AND datname <> 'template0' ORDER BY datname;"
# The digest covers the password's verifier, and does not reveal it.
_ROLES = """
SELECT 'role', rolname, md5(row(rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
       rolbypassrls, rolconnlimit, extract(epoch FROM rolvaliduntil), rolpassword)::text)
       FROM pg_authid WHERE rolname !~ '^pg_';
SELECT 'member of', roleid::regrole || ': ' || member::regrole, admin_option FROM pg_auth_members
       WHERE member::regrole::text !~ '^pg_';
SELECT 'database', datname, pg_get_userbyid(datdba) || ' ' || pg_encoding_to_char(encoding) || ' ' || datcollate
       || ' ' || datctype FROM pg_database WHERE datname <> 'template0';
"""
# Objects that are not a part of an extension: its versions may have others. Not-null constraints have names of their
# own since version 18.
_OBJECTS = """
CREATE TEMPORARY VIEW own_schemas AS SELECT oid, nspname FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema';
CREATE TEMPORARY VIEW of_extensions AS SELECT classid, objid FROM pg_depend WHERE deptype = 'e';
SELECT 'number of relations of kind', relkind::text, count(*)
  FROM pg_class c JOIN own_schemas n ON n.oid = relnamespace
  WHERE ('pg_class'::regclass, c.oid) NOT IN (SELECT classid, objid FROM of_extensions) GROUP BY relkind;
SELECT 'number of functions', '', count(*) FROM pg_proc p JOIN own_schemas n ON n.oid = pronamespace
  WHERE ('pg_proc'::regclass, p.oid) NOT IN (SELECT classid, objid FROM of_extensions);
SELECT 'number of triggers', '', count(*) FROM pg_trigger WHERE NOT tgisinternal;
SELECT 'number of constraints', '', count(*) FROM pg_constraint c JOIN own_schemas n ON n.oid = connamespace
  WHERE contype <> 'n' AND ('pg_constraint'::regclass, c.oid) NOT IN (SELECT classid, objid FROM of_extensions);
SELECT 'extension', extname, 'there' FROM pg_extension;
SELECT 'number of large objects', '', count(*) FROM pg_largeobject_metadata;
SELECT 'bytes in large objects', '', coalesce(sum(octet_length(data)), 0) FROM pg_largeobject;
"""
# Each row is itself a question, which psql then asks (its documentation, "\\gexec").
_ROWS = """
SELECT format('SELECT %L, %L, count(*) FROM ONLY %I.%I', 'rows of', nspname || '.' || relname, nspname, relname)
  FROM pg_class c JOIN own_schemas n ON n.oid = relnamespace
  WHERE relkind IN ('r', 'm') AND relpersistence <> 't' AND relispopulated ORDER BY nspname, relname \\gexec
SELECT format('SELECT %L, %L, last_value || '' '' || is_called FROM %I.%I', 'sequence', nspname || '.' || relname,
              nspname, relname)
  FROM pg_class c JOIN own_schemas n ON n.oid = relnamespace
  WHERE relkind = 'S' AND relpersistence <> 't' ORDER BY nspname, relname \\gexec
"""


def databases(server: PostgresServer) -> tuple[str, ...]:
    """Return the databases that accept connections, template1 first."""
    return tuple(name for (name,) in server.ask(DATABASES))


def collect(server: PostgresServer) -> Inventory:
    """Count everything: roles, databases, and in each the rows of every table, sequences, large objects, extensions.

    Reads each table once. Raises ShoestringError.
    """
    found = {InventoryKey(kind, name): value for kind, name, value in server.ask(_ROLES)}
    for database in databases(server):
        for kind, name, value in server.ask(_OBJECTS + _ROWS, database):
            found[InventoryKey(kind, name, database)] = value
    return found


def rows(inventory: Inventory) -> tuple[int, int]:
    """Return the number of tables, and of rows in all of them."""
    counts = [int(value) for key, value in inventory.items() if key.kind == ROWS]
    return len(counts), sum(counts)


def differences(old: Inventory, new: Inventory) -> tuple[str, ...]:
    """Return a sentence for each difference, in the order of names. Pure."""
    return tuple(_differences(old, new))


def _differences(old: Inventory, new: Inventory) -> Iterator[str]:
    for key in sorted({*old, *new}, key=str):
        before, after = old.get(key), new.get(key)
        if before != after and key.kind == ROLE:
            yield f"{key} is another one" if before and after else f"{key} is {'missing' if before else 'new'}"
        elif before != after:
            yield f"{key}: {before or 'none'} before, {after or 'none'} now"
