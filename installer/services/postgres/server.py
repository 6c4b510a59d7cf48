"""The running Postgres, reached through its container: the superuser needs no password in there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from installer.applications import target as targets
from installer.applications.target import ApplicationService
from runtime.base import command, printed
from runtime.base.errors import ShoestringError, UsageError
from runtime.config.compose_file import ComposeService
from runtime.docker.observed import observe
from runtime.reconcile.snapshot import Snapshot

if TYPE_CHECKING:
    from docker import DockerClient

    from runtime.context.cluster import Cluster

APPLICATION = "postgres"
DEFAULT_USER = "postgres"
# Counting all rows of a large database takes long.
SQL_TIMEOUT_SECONDS = 24 * 3600.0
# Between the columns of an answer: no text in a database has it (ASCII unit separator).
SEPARATOR = "\x1f"
# A database's owner can create functions in `public` and set the path of the database; libpq's variable takes
# precedence. Source: PostgreSQL, "Schemas: Secure Usage Patterns" and "Setting Parameters".
SECURE_PATH = "PGOPTIONS=-c search_path=pg_catalog,pg_temp"


@dataclass(frozen=True)
class PostgresServer:
    """A running server: its container and its superuser."""

    container: str
    user: str

    def program(self, name: str, *arguments: str, terminal: bool = False) -> tuple[str, ...]:
        """Return the argv of a program of Postgres in the container, as the superuser, with standard input.

        Without a terminal nothing but Postgres's own functions is found unqualified.
        """
        options = ("--interactive", "--tty") if terminal else ("--interactive", "--env", SECURE_PATH)
        return ("docker", "exec", *options, self.container, name, "--username", self.user, *arguments)

    def psql(self, database: str, *arguments: str, terminal: bool = False) -> tuple[str, ...]:
        """Return the argv of psql. Without a terminal it ends at the first error, with an exit code."""
        strict = () if terminal else ("--set", "ON_ERROR_STOP=1")
        return self.program("psql", "--dbname", database, *strict, *arguments, terminal=terminal)

    def ask(
        self, sql: str, database: str = "template1", *, secrets: tuple[str, ...] = (), **variables: str
    ) -> list[list[str]]:
        """Return the rows of a query. `variables` are for `:'name'` and `:"name"` in it, which psql quotes.

        Raises ShoestringError with Postgres's message.
        """
        plain = ("--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--record-separator-zero")
        given = tuple(part for name, value in variables.items() for part in ("--set", f"{name}={value}"))
        argv = self.psql(database, *plain, f"--field-separator={SEPARATOR}", *given)
        result = command.run(argv, stdin=sql, secrets=secrets, timeout=SQL_TIMEOUT_SECONDS)
        if not result.ok:
            raise ShoestringError(
                f"Postgres refused, in the database {database}: {first_error(result)}. Correct that, then try again; "
                f"a prompt there: shoestring postgres psql {database}"
            )
        # Each row ends with a zero byte: a name may have any other character.
        return [row.split(SEPARATOR) for row in result.out.split("\0")[:-1]]


def first_error(result: command.Result) -> str:
    """Return the first error of Postgres; further ones follow from it."""
    lines = [line.strip() for line in result.err.splitlines() if line.strip()]
    # The server's message has more details than that of the client program.
    for mark in ("ERROR:", "FATAL:", "error:"):
        if found := next((line for line in lines if mark in line), ""):
            return found
    return lines[0] if lines else f"exit code {result.code}"


def find(cluster: Cluster) -> ApplicationService:
    """Return Postgres's service in its application file. Raises UsageError if it is not there."""
    desired = Snapshot(cluster).desired
    if APPLICATION not in {each.name for each in desired.applications} | {each.name for each in desired.broken}:
        raise UsageError("Postgres is not added. Add it: shoestring service add postgres")
    return targets.find(desired, APPLICATION)


def running(cluster: Cluster, service: ApplicationService) -> PostgresServer:
    """Return the server that runs. Raises ShoestringError if it does not."""
    containers = observe(cluster.client, cluster.settings.instance).of(APPLICATION)
    mine = next((each for each in containers if each.service == service.service and each.running), None)
    if mine is None:
        raise ShoestringError("Postgres does not run. See why: shoestring status, then: shoestring start")
    return PostgresServer(mine.name, superuser(definition(service)))


def definition(service: ApplicationService) -> ComposeService:
    """Return the service as it is in the file."""
    return next(each for each in service.application.services if each.name == service.service)


def superuser(service: ComposeService) -> str:
    """Return the superuser that the image creates."""
    return service.environment.get("POSTGRES_USER") or DEFAULT_USER


def end_of_log(client: DockerClient, container: str, lines: int = 6) -> str:
    """Return the last lines of a container's log."""
    return "\n".join(printed.lines(client.api.logs(container, tail=lines)))
