"""The sample outputs in docs/*.md are what the program prints, made by the real renderers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from installer.cli import tables
from installer.host.memory import HostMemory
from installer.host.wireguard import BootState, WireGuardLink
from installer.services import catalogue
from installer.services import report as services_report
from installer.services.status import ServiceStatus
from installer.vpn import report as vpn_report
from installer.vpn import ssh_tunnel
from installer.vpn.clients import VpnClient
from installer.vpn.configuration import client_text
from installer.vpn.drift import ObservedVpn
from installer.vpn.operations import VpnOverview
from installer.vpn.peers import parse_dump
from installer.vpn.ssh_tunnel import SshTunnel
from runtime.base.paths import Side
from runtime.certificates.overview import CertificateOverview, CertificateStatus
from tests.support.builders.runtime import make_settings
from tests.support.screens.screen import DAY, NOW, moment, printed

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MB = 1024 * 1024
VPN = make_settings(
    "public: {address: 203.0.113.7}\ninternal: {address: 10.12.0.1}\n"
    "wireguard: {enabled: on, network6: 'fd12:3456:789a::/64'}\n"
)
SERVER_KEY = "71i4gVj30wDauzgx33DKG63Afi+J0vTZ88J/nrFuwg4="
PHONE = VpnClient(
    name="phone",
    made="2026-01-02T03:04:05Z",
    addresses=("10.12.0.2", "fd12:3456:789a::2"),
    public_key="p",
    preshared_key="(a key shared with the server)",
    private_key="(the client's private key)",
)
NAMES = ("internal.example.com", "wiki.internal.example.com")
TUNNEL = SshTunnel("127.0.0.1", (8081, 8444), NAMES, (), "you@example.com", 22)


def certificates() -> list[str]:
    blog = CertificateStatus(
        name="blog",
        side=Side.PUBLIC,
        host_names=("blog.example.com", "www.example.com"),
        issuer="Let's Encrypt R11",
        state="valid",
        not_after=moment(-89.5 * DAY),
        renew_at=moment(-59.5 * DAY),
    )
    shop = CertificateStatus(
        name="shop",
        side=Side.PUBLIC,
        host_names=("shop.example.com",),
        issuer="http-01",
        state="missing",
        blocked="the last attempt failed: shop.example.com points to 198.51.100.9, this host is 203.0.113.7; "
        "correct its DNS record",
    )
    internal = replace(
        blog,
        name="internal",
        side=Side.INTERNAL,
        host_names=("internal.example.com", "wiki.internal.example.com"),
        issuer="Shoestring CA for internal.example.com (made 2026-01-02)",
        by_private_ca=True,
    )
    overview = CertificateOverview((blog, shop, internal), (), ())
    return printed(lambda: tables.print_certificates(overview, NOW.timestamp()))


def client_file() -> list[str]:
    return client_text(VPN, SERVER_KEY, PHONE).splitlines()


def clients() -> list[str]:
    numbers = f"{moment(12):.0f}\t{48 * 1024}\t{92 * 1024}"
    dump = f"k\t{SERVER_KEY}\t51820\toff\np\ts\t198.51.100.23:41641\t10.12.0.2/32\t{numbers}\toff\n"
    link = WireGuardLink(frozenset({"10.12.0.1/24"}), 1420, is_up=True)
    live = ObservedVpn(parse_dump(dump), link, BootState(is_written=True))
    return vpn_report.list_lines(VpnOverview(VPN, SERVER_KEY, (PHONE,), live, ""), NOW)


def services() -> list[str]:
    known = catalogue.load()
    docker = "https://docker.internal.example.com:8444"
    listed = (
        ServiceStatus(known["grafana"]),
        ServiceStatus(known["postgres"], "healthy", 38 * MB, ("127.0.0.1:5432",)),
        ServiceStatus(known["registry-docker"], "running", 7 * MB, (docker,)),
    )
    return services_report.list_lines(listed, HostMemory(957 * MB, 353 * MB), "")[:4]


SAMPLES: dict[tuple[str, str], Callable[[], Iterable[str]]] = {
    ("certificates", "ssl status"): certificates,
    ("services", "service list"): services,
    ("vpn", "vpn add"): client_file,
    ("vpn", "vpn list"): clients,
    ("vpn", "vpn tunnel"): lambda: ssh_tunnel.tunnel_lines(TUNNEL),
    ("vpn", "vpn hosts"): lambda: ssh_tunnel.hosts_lines(replace(TUNNEL, address="100.101.102.103")),
}


def stripped(lines: Iterable[str]) -> str:
    """Return lines without their margins, which a page may indent."""
    return "\n".join(line.strip() for line in lines)


@pytest.mark.parametrize(("page", "command"), SAMPLES)
def test_sample_in_page_is_what_is_printed(monkeypatch: pytest.MonkeyPatch, page: str, command: str) -> None:
    monkeypatch.setenv("COLUMNS", "118")
    monkeypatch.setenv("NO_COLOR", "1")
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    assert f"shoestring {command}" in text
    assert stripped(SAMPLES[page, command]()) in stripped(text.splitlines())


def test_refused_template_in_page_names_its_line() -> None:
    template = (ROOT / "templates/conf/haproxy-public/haproxy.cfg.j2").read_text(encoding="utf-8").splitlines()
    line = template.index("    maxconn 1000") + 1
    assert f"conf/haproxy-public/haproxy.cfg.j2:{line}: unknown keyword" in (DOCS / "proxy.md").read_text("utf-8")


def test_notification_in_page_has_the_keys_of_one_that_is_sent() -> None:
    text = (DOCS / "notifications.md").read_text(encoding="utf-8")
    sample = json.loads(text.partition("```json\n")[2].partition("```")[0])
    screen = (Path(__file__).parent / "screens/notifications.txt").read_text(encoding="utf-8")
    sent = json.loads(screen.partition("--- watchdog ---\n")[2])
    assert (list(sample), sample["version"]) == (list(sent), sent["version"])
