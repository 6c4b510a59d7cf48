"""Certificates that are desired and found, and their inventory, at one moment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from runtime.base.paths import Side
from runtime.certificates.inventory import CertificateInventory, SideCertificates
from runtime.certificates.model import DesiredCertificate, InstalledCertificate, Issuer
from runtime.certificates.policy.desired import DesiredCertificates
from runtime.certificates.policy.ledger import DAY, Attempt, AttemptResult, Ledger
from tests.support.builders.runtime import make_settings

NOW = 1_800_000_000.0
FOLDER = Path("/srv/test/data/haproxy-public-ssl")
BLOG = DesiredCertificate("blog", Side.PUBLIC, ("blog.acme.org",), Issuer.HTTP_01)
SHOP = DesiredCertificate("shop", Side.PUBLIC, ("shop.acme.org", "*.shop.acme.org"), Issuer.DNS_01)
INTERNAL = DesiredCertificate("internal", Side.INTERNAL, ("i.acme.org", "*.i.acme.org"), Issuer.PRIVATE_CA)


def found(name: str, *host_names: str, age: float = 1.0, life: float = 90.0, serial: int = 7) -> InstalledCertificate:
    begun = NOW - age * DAY
    return InstalledCertificate(
        FOLDER / f"{name}.pem", host_names, serial, f"f{serial}", begun, begun + life * DAY, "Some CA", f"k.{serial}"
    )


def inventory(
    *wanted: DesiredCertificate,
    there: tuple[InstalledCertificate, ...] = (),
    user_provided: tuple[InstalledCertificate, ...] = (),
    **more: object,
) -> CertificateInventory:
    loaded = more.pop("loaded", {each.file.name: each.serial for each in (*there, *user_provided)})
    sides = (SideCertificates(Side.PUBLIC, (*there, *user_provided), user_provided, loaded),)  # type: ignore[arg-type]
    made = CertificateInventory(make_settings(), DesiredCertificates(wanted), sides, Ledger())
    return replace(made, **more)  # type: ignore[arg-type]


def failed(wanted: DesiredCertificate, ago: float, result: AttemptResult = AttemptResult.REFUSED) -> Attempt:
    server = make_settings().acme.staging_directory
    return Attempt(wanted.name, server, wanted.host_names, NOW - ago, result, "no luck", wanted.host_names)
