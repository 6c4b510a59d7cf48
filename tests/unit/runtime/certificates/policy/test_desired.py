"""Which certificates should be there, from application files and settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.base.paths import Side
from runtime.certificates.model import DesiredCertificate, InstalledCertificate, Issuer
from runtime.certificates.policy.desired import DesiredCertificates, desired_certificates, subtract
from tests.support.builders.runtime import application, desired, web

PEBBLE = "acme: {server: 'https://127.0.0.1:14000/dir'}\n"
DNS = "acme: {dns: {provider: hetzner}}\n"


def wished(*files: tuple[str, str, Side], settings: str = "") -> DesiredCertificates:
    loaded = [application(name, text, side) for name, text, side in files]
    made = desired(*loaded, settings_text=settings)
    return desired_certificates(made.settings, made.proxies)


def public(name: str, *host_names: str) -> tuple[str, str, Side]:
    return name, web(*host_names), Side.PUBLIC


def internal(name: str, *host_names: str) -> tuple[str, str, Side]:
    return name, web(*host_names).replace("main", "internal"), Side.INTERNAL


def test_each_public_application_has_one_certificate_with_all_its_names() -> None:
    found = wished(public("blog", "blog.acme.org", "www.acme.org"), public("shop", "shop.acme.org"))
    assert [each for each in found.certificates if each.side is Side.PUBLIC] == [
        DesiredCertificate("blog", Side.PUBLIC, ("blog.acme.org", "www.acme.org"), Issuer.HTTP_01),
        DesiredCertificate("shop", Side.PUBLIC, ("shop.acme.org",), Issuer.HTTP_01),
    ]
    assert found.unprovable == ()


def test_an_application_that_is_not_proxied_has_none() -> None:
    found = wished(("tool", "services:\n  application:\n    image: web:1\n", Side.PUBLIC))
    assert [each.name for each in found.certificates] == ["internal"]


def test_a_wildcard_is_proven_by_dns_where_there_is_a_provider() -> None:
    found = wished(public("blog", "acme.org", "*.acme.org"), settings=DNS)
    assert found.certificates[0] == DesiredCertificate("blog", Side.PUBLIC, ("acme.org", "*.acme.org"), Issuer.DNS_01)


def test_wildcard_without_a_provider_is_reported_and_other_names_get_a_certificate() -> None:
    found = wished(public("blog", "acme.org", "*.acme.org"))
    assert found.certificates[0] == DesiredCertificate("blog", Side.PUBLIC, ("acme.org",), Issuer.HTTP_01)
    assert len(found.unprovable) == 1
    assert "blog: *.acme.org can be validated by DNS records only; set acme.dns.provider" in found.unprovable[0]


@pytest.mark.parametrize("name", ["a.test", "a.example", "printer.local", "nas.home.arpa", "a.internal", "host"])
def test_reserved_names_are_never_asked_for(name: str) -> None:
    found = wished(public("blog", name), settings="internal: off\n")
    assert found.certificates == ()
    assert name in found.unprovable[0]


def test_an_authority_of_ones_own_may_sign_reserved_names() -> None:
    assert wished(public("blog", "a.test"), settings=PEBBLE + "internal: off\n").certificates[0].host_names == (
        "a.test",
    )


def test_the_internal_side_has_one_certificate_by_the_private_ca() -> None:
    found = wished(
        internal("docs", "docs.internal.example.com"), internal("deep", "a.b.internal.example.com", "c.example.com")
    )
    names = ("internal.example.com", "*.internal.example.com", "a.b.internal.example.com")
    assert found.certificates == (DesiredCertificate("internal", Side.INTERNAL, names, Issuer.PRIVATE_CA),)
    assert found.unprovable == (
        "deep: c.example.com is not below internal.example.com, and the private CA signs for that domain only; "
        "give it another host name",
    )


def test_by_dns_a_name_outside_the_internal_domain_has_a_certificate_of_its_own() -> None:
    settings = DNS + "internal: {tls: dns-01}\n"
    found = wished(internal("docs", "docs.internal.example.com", "docs.acme.org"), settings=settings)
    assert found.certificates == (
        DesiredCertificate(
            "internal", Side.INTERNAL, ("internal.example.com", "*.internal.example.com"), Issuer.DNS_01
        ),
        DesiredCertificate("docs", Side.INTERNAL, ("docs.acme.org",), Issuer.DNS_01),
    )


def test_without_tls_the_internal_side_has_none() -> None:
    assert (
        wished(internal("docs", "docs.internal.example.com"), settings="internal: {tls: none}\n").certificates == ()
    )


@pytest.mark.parametrize("name", ["internal", "invalid"])
def test_an_application_never_takes_a_file_name_of_ours(name: str) -> None:
    assert wished(public(name, "a.acme.org")).certificates[0].name == f"{name}.application"


def test_subtract_names_of_user_provided_certificates() -> None:
    wanted = DesiredCertificate("blog", Side.PUBLIC, ("acme.org", "www.acme.org", "a.b.acme.org"), Issuer.HTTP_01)
    wild = InstalledCertificate(Path("mine.pem"), host_names=("*.acme.org",))
    own = InstalledCertificate(Path("own.pem"), host_names=("acme.org", "a.b.acme.org"))
    left = subtract(wanted, [wild])
    assert left
    assert left.host_names == ("acme.org", "a.b.acme.org")
    assert subtract(wanted, [wild, own]) is None
