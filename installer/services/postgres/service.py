"""Postgres as a service: a free port before it starts, its password and closed databases after."""

from __future__ import annotations

from installer.host import ports
from installer.services import catalogue
from installer.services.postgres import databases, scram
from installer.services.postgres import server as servers
from installer.services.service import Service
from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths
from runtime.config import internal_address, secrets
from runtime.config.settings import Settings
from runtime.context.cluster import Cluster

PORT = 5432
PASSWORD_SECRET = "POSTGRES_PASSWORD"  # noqa: S105 - a secret's name
_KNOWN = "SELECT coalesce(rolpassword, '-') FROM pg_authid WHERE rolname = :'name';"


class Postgres(Service):
    """Postgres."""

    def prepare(self, paths: Paths, settings: Settings) -> None:
        """Raise ShoestringError if the port is taken: the internal proxy would not start again with it."""
        if catalogue.is_present(paths, self.name) or settings.internal is None:
            return
        address = internal_address.follow(settings).address
        if address and not ports.can_bind(address, PORT):
            raise ShoestringError(
                f"Port {PORT} of {address} is in use, and Postgres needs it. Find the program "
                f"(ss -ltnp sport = :{PORT}), stop it or give it another port, then try again."
            )

    def ready(self, cluster: Cluster) -> str:
        """Set the superuser's password to the one of conf/secrets.yaml, also in data from before."""
        server = servers.running(cluster, servers.find(cluster))
        server.ask(databases.CLOSE_SHARED)
        password = secrets.load(cluster.paths.secrets).get(PASSWORD_SECRET)
        if not password or not password.isascii():
            return ""
        ((known,),) = server.ask(_KNOWN, name=server.user)
        if scram.matches(password, known):
            return ""
        databases.set_password(server, server.user, password)
        return f"The password of the Postgres superuser was set to {PASSWORD_SECRET} of conf/secrets.yaml."


SERVICE = Postgres
