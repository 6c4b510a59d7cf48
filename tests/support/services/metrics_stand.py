"""An instance with InfluxDB, Telegraf and its filter, as `shoestring service add` leaves them."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.parse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from installer import images
from installer.services import add, catalogue, plan, service_files
from runtime.base.paths import Side
from runtime.config import secrets
from runtime.config.listen_address import FixedAddress
from runtime.config.sections import InternalSettings, InternalTls
from runtime.context.cluster import open_cluster
from runtime.docker.images import HAPROXY, INFLUXDB, TELEGRAF
from runtime.metrics.measured_watchdog import watch
from tests.support.engine import LOOPBACK, Instance, free_port, new_settings, no_trust
from tests.support.services.telegraf_image import telegraf_image

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

Rows = list[dict[str, Any]]
TIMEOUT_SECONDS = 20.0


class Metrics:
    """The instance, and requests to its InfluxDB."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    @property
    def passwords(self) -> dict[str, str]:
        return secrets.load(self.instance.paths.secrets)

    def container(self, application: str, service: str) -> Container:
        """Return the container of a service."""
        client = self.instance.cluster.client
        labels = [
            f"shoestring.instance={self.instance.settings.instance}",
            f"shoestring.application={application}",
            f"com.docker.compose.service={service}",
        ]
        return client.containers.list(all=True, filters={"label": labels})[0]

    def ask(self, path: str, body: str, user: str = "", password: str | None = None) -> tuple[int, str]:
        """Post to InfluxDB through the internal proxy, as a user with the password of secrets.yaml or another."""
        internal = self.instance.settings.internal
        assert internal
        headers = {"Host": f"influxdb.{self.instance.settings.internal_domain}"}
        if user:
            given = self.passwords[f"INFLUXDB_{user.upper()}_PASSWORD"] if password is None else password
            headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{given}".encode()).decode()
        connection = http.client.HTTPSConnection(
            LOOPBACK, internal.https_port, timeout=TIMEOUT_SECONDS, context=no_trust()
        )
        with closing(connection):
            connection.request("POST", path, body.encode(), headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def query(self, query: str, user: str = "", password: str | None = None) -> tuple[int, str]:
        """Send a query; return status and answer."""
        return self.ask("/query?" + urllib.parse.urlencode({"db": "telegraf", "q": query}), "", user, password)

    def write(self, line: str, user: str = "", password: str | None = None) -> int:
        """Write a point; return the status."""
        return self.ask("/write?db=telegraf", line, user, password)[0]

    def rows(self, query: str, user: str = "reader") -> Rows:
        """Return what a query finds: a dict of columns and tags for each row."""
        status, text = self.query(query, user)
        assert status == 200, text
        result = json.loads(text)["results"][0]
        assert "error" not in result, result["error"]
        return [
            {**series.get("tags", {}), **dict(zip(series["columns"], row, strict=True))}
            for series in result.get("series", [])
            for row in series["values"]
        ]


def use_test_telegraf(instance: Instance, name: str) -> None:
    """Replace Telegraf's image, which no registry here has, and measure every two seconds."""
    file = instance.file(Side.INTERNAL, "telegraf")
    file.write_text(file.read_text().replace(TELEGRAF.reference, name))
    configuration = instance.paths.conf / "telegraf" / "telegraf.conf"
    configuration.write_text(configuration.read_text().replace('interval = "30s"', 'interval = "2s"'))


@contextmanager
def open_metrics(root: Path, client: DockerClient, *, service: str = "telegraf") -> Iterator[Metrics]:
    """Yield a service with all that it needs, started."""
    images.build(client, (HAPROXY, INFLUXDB))
    telegraf = telegraf_image(client) if service == "telegraf" else ""
    internal = InternalSettings(
        address=FixedAddress(LOOPBACK), http_port=free_port(), https_port=free_port(), tls=InternalTls.PRIVATE_CA
    )
    instance = Instance(root, replace(new_settings(), internal=internal))
    try:
        wanted = plan.plan(
            instance.paths,
            instance.settings,
            catalogue.complete(catalogue.load(), [service]),
            service_files.template_host(),
        )
        add.write(instance.paths, wanted, commit=False)
        if telegraf:
            use_test_telegraf(instance, telegraf)
        instance.cluster = replace(open_cluster(instance.paths), client=instance.cluster.client)
        report = instance.start()
        assert report.ok, report
        # As its timer does each minute: a start exports no metrics.
        assert watch(instance.cluster).ok
        yield Metrics(instance)
    finally:
        instance.close()
