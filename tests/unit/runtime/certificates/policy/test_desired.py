"""The desired certificates by application files and settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.base.paths import Side
from runtime.certificates.model import DesiredCertificate, InstalledCertificate, Issuer
from runtime.certificates.policy.desired import DesiredCertificates, desired_certificates, subtract
from runtime.context.results import Code, Remark
from tests.support.builders.runtime import application, desired, web

PEBBLE = "acme: {server: 'https://127.0.0.1:14000/dir'}\n"
DNS = "acme: {dns: {provider: hetzner}}\n"


def certificates_of(*files: tuple[str, str, Side], settings: str = "") -> DesiredCertificates:
    loaded = [application(name, text, side) for name, text, side in files]
    made = desired(*loaded, settings_text=settings)
    return desired_certificates(made.settings, made.proxies)


def public(name: str, *host_names: str) -> tuple[str, str, Side]:
    return name, web(*host_names), Side.PUBLIC


def internal(name: str, *host_names: str) -> tuple[str, str, Side]:
    return name, web(*host_names).replace("main", "internal"), Side.INTERNAL


def test_desired_one_certificate_per_public_application() -> None:
    found = certificates_of(public("blog", "blog.acme.org", "www.acme.org"), public("shop", "shop.acme.org"))
    assert [each for each in found.certificates if each.side is Side.PUBLIC] == [
        DesiredCertificate("blog", Side.PUBLIC, ("blog.acme.org", "www.acme.org"), Issuer.HTTP_01),
        DesiredCertificate("shop", Side.PUBLIC, ("shop.acme.org",), Issuer.HTTP_01),
    ]
    assert found.unprovable == ()


def test_desired_none_for_application_not_proxied() -> None:
    found = certificates_of(("tool", "services:\n  application:\n    image: web:1\n", Side.PUBLIC))
    assert [each.name for each in found.certificates] == ["internal"]


def test_desired_wildcard_by_dns_provider() -> None:
    found = certificates_of(public("blog", "acme.org", "*.acme.org"), settings=DNS)
    assert found.certificates[0] == DesiredCertificate("blog", Side.PUBLIC, ("acme.org", "*.acme.org"), Issuer.DNS_01)


def test_desired_wildcard_without_provider_is_unprovable() -> None:
    found = certificates_of(public("blog", "acme.org", "*.acme.org"))
    assert found.certificates[0] == DesiredCertificate("blog", Side.PUBLIC, ("acme.org",), Issuer.HTTP_01)
    (remark,) = found.unprovable
    assert (remark.code, remark.subject) == (Code.CERTIFICATE_IMPOSSIBLE, "blog")
    assert remark.message == "blog: *.acme.org can be validated by DNS records only"
    assert remark.advice.startswith("set acme.dns.provider")


@pytest.mark.parametrize("name", ["a.test", "a.example", "printer.local", "nas.home.arpa", "a.internal", "host"])
def test_desired_reserved_names_are_unprovable(name: str) -> None:
    found = certificates_of(public("blog", name), settings="internal: off\n")
    assert found.certificates == ()
    assert [each.subject for each in found.unprovable] == ["blog"]
    assert name in found.unprovable[0].message


def test_desired_reserved_name_with_user_provided_authority() -> None:
    assert certificates_of(public("blog", "a.test"), settings=PEBBLE + "internal: off\n").certificates[
        0
    ].host_names == ("a.test",)


def test_desired_internal_side_by_private_ca() -> None:
    found = certificates_of(
        internal("docs", "docs.internal.example.com"), internal("deep", "a.b.internal.example.com", "c.example.com")
    )
    names = ("internal.example.com", "*.internal.example.com", "a.b.internal.example.com")
    assert found.certificates == (DesiredCertificate("internal", Side.INTERNAL, names, Issuer.PRIVATE_CA),)
    assert found.unprovable == (
        Remark(
            Code.CERTIFICATE_IMPOSSIBLE,
            "deep",
            "deep: c.example.com is not below internal.example.com, and the private CA signs for that domain only",
            "give it another host name",
        ),
    )


def test_desired_internal_side_by_dns_and_other_domain() -> None:
    settings = DNS + "internal: {tls: dns-01}\n"
    found = certificates_of(internal("docs", "docs.internal.example.com", "docs.acme.org"), settings=settings)
    assert found.certificates == (
        DesiredCertificate(
            "internal", Side.INTERNAL, ("internal.example.com", "*.internal.example.com"), Issuer.DNS_01
        ),
        DesiredCertificate("docs", Side.INTERNAL, ("docs.acme.org",), Issuer.DNS_01),
    )


def test_desired_internal_side_without_tls() -> None:
    assert (
        certificates_of(
            internal("docs", "docs.internal.example.com"), settings="internal: {tls: none}\n"
        ).certificates
        == ()
    )


@pytest.mark.parametrize("name", ["internal", "invalid"])
def test_desired_avoids_reserved_file_names(name: str) -> None:
    assert certificates_of(public(name, "a.acme.org")).certificates[0].name == f"{name}.application"


def test_subtract_host_names_of_user_provided_certificates() -> None:
    wanted = DesiredCertificate("blog", Side.PUBLIC, ("acme.org", "www.acme.org", "a.b.acme.org"), Issuer.HTTP_01)
    wild = InstalledCertificate(Path("mine.pem"), host_names=("*.acme.org",))
    own = InstalledCertificate(Path("own.pem"), host_names=("acme.org", "a.b.acme.org"))
    left = subtract(wanted, [wild])
    assert left
    assert left.host_names == ("acme.org", "a.b.acme.org")
    assert subtract(wanted, [wild, own]) is None
