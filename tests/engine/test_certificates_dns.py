"""Automatic HTTPS by DNS-01, with a real authoritative server that takes the updates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.base.paths import Side
from runtime.config import dns_resolver
from runtime.config.sections import DnsSettings, InternalTls
from tests.support.acme.knot import knot
from tests.support.acme.stand import PebbleOptions, pebble
from tests.support.certificates.site import settings_for, site
from tests.support.engine import plain

if TYPE_CHECKING:
    from docker import DockerClient

WIKI = "wiki.internal.example.test"


def test_dns_01_internal_names_and_public_wildcard(tmp_path: Path, client: DockerClient, tools: str) -> None:
    with (
        knot(client, tmp_path / "knot", "example.test") as server,
        pebble(client, tmp_path / "pebble", PebbleOptions(dns=server.address)) as made,
    ):
        settings = settings_for(
            made, dns=DnsSettings(provider="rfc2136", resolvers=(dns_resolver.parse(server.address),))
        )
        assert settings.internal
        settings = replace(settings, internal=replace(settings.internal, tls=InternalTls.DNS_01))
        with site(tmp_path / "data", made, settings) as place:
            secrets = place.instance.paths.secrets
            secrets.write_text("".join(f'{name}: "{value}"\n' for name, value in server.variables().items()))
            place.instance.add(Side.INTERNAL, "wiki", plain(tools, "wiki", WIKI).replace("main", "internal"))
            shop = plain(tools, "shop", "shop.example.test", '"*.shop.example.test"')
            place.instance.add(Side.PUBLIC, "shop", shop)
            assert place.instance.start().ok
            place.run_watchdog()
            assert place.get(WIKI, made.roots(), side=Side.INTERNAL).body == "wiki\n"
            assert place.get("shop.example.test", made.roots()).body == "shop\n"
            assert place.get("any.shop.example.test", made.roots()).body == "shop\n"
            # The challenge records are removed.
            assert server.records("_acme-challenge.internal", "TXT") == []
