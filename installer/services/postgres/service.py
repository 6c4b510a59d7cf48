"""What adding Postgres needs besides its files: a free port before, the password and closed doors after."""

from __future__ import annotations

from installer.host import ports
from installer.services import catalogue
from installer.services.postgres import databases, scram
from installer.services.postgres import server as servers
from runtime.base import validators
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths
from runtime.config import secrets
from runtime.config.settings import Settings
from runtime.reconcile.operations import Cluster

PORT = 5432
PASSWORD_SECRET = "POSTGRES_PASSWORD"  # noqa: S105 - a secret's name
_KNOWN = "SELECT coalesce(rolpassword, '-') FROM pg_authid WHERE rolname = :'name';"


def prepare(paths: Paths, settings: Settings) -> None:
    """Raise ShoestringError if the port is taken: the internal proxy would not start again with it."""
    if catalogue.is_there(paths, servers.APPLICATION) or settings.internal is None:
        return
    address = settings.internal.address
    if not validators.is_auto(address) and not ports.can_bind(address, PORT):
        raise ShoestringError(
            f"Port {PORT} of {address} is taken, and Postgres would be there. See by whom (ss -ltnp sport = "
            f":{PORT}), and stop that or give it another port; then try again."
        )


def ready(cluster: Cluster) -> str | None:
    """Have the superuser's password be the one of the secrets, also with data from before. Raises ShoestringError."""
    service = servers.find(cluster)
    server = servers.running(cluster, service)
    server.ask(databases.CLOSE_SHARED)
    password = secrets.load(cluster.paths.secrets).get(PASSWORD_SECRET)
    if not password or not password.isascii():
        return None
    ((known,),) = server.ask(_KNOWN, name=server.user)
    if scram.fits(password, known):
        return None
    databases.set_password(server, server.user, password)
    return f"The superuser of Postgres has the password that secrets.yaml has as {PASSWORD_SECRET} now."
