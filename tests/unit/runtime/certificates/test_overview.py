"""The overview of certificates."""

from __future__ import annotations

from dataclasses import replace

from runtime.base.paths import Side
from runtime.certificates import overview
from runtime.certificates.inventory import CertificateInventory, SideCertificates
from runtime.certificates.policy.desired import DesiredCertificates
from runtime.certificates.policy.ledger import Ledger
from runtime.context.results import Code
from tests.support.builders.certificate_inventory import BLOG, FOLDER, INTERNAL, NOW, SHOP, failed, found, inventory
from tests.support.builders.runtime import make_settings


def test_overview_expiring_root() -> None:
    seen = inventory(INTERNAL, settings=make_settings("internal: {domain: i.acme.org}\n"))
    for left, names in ((31.0, []), (29.5, ["private-ca"]), (-1.0, ["private-ca"])):
        root = found("root", age=3652 - left, life=3652)
        shown = overview.assess(replace(seen, authority=root), NOW)
        assert [each.name for each in shown.expiring] == names
    (status,) = overview.assess(replace(seen, authority=found("root", age=3622.5, life=3652)), NOW).expiring
    assert (status.state, status.managed) == ("root", False)
    assert overview.expiry_sentence(status, NOW) == (
        "certificate private-ca (i.acme.org) expires in 29 days. Create a new one and trust it: "
        "shoestring ssl ca --new."
    )


def test_overview_private_ca_that_cannot_sign() -> None:
    there = replace(found("internal", *INTERNAL.host_names), file=FOLDER.with_name("haproxy-internal-ssl"))
    side = SideCertificates(Side.INTERNAL, (replace(there, file=there.file / "internal.pem"),), (), {})
    seen = CertificateInventory(
        make_settings(), DesiredCertificates((INTERNAL,)), (side,), Ledger(), "Its key is missing."
    )
    (status,) = overview.assess(seen, NOW).certificates
    assert (status.state, status.blocked, status.by_private_ca) == ("valid", "Its key is missing.", True)


def test_overview_unusable_file() -> None:
    broken = replace(found("mine"), problem="It has no key.")
    shown = overview.assess(inventory(user_provided=(broken,)), NOW)
    (problem,) = shown.problems
    assert (problem.code, problem.subject) == (Code.CERTIFICATE_UNUSABLE, "mine")
    assert str(problem) == f"{broken.file}: It has no key."
    assert shown.certificates == ()


def test_overview_states() -> None:
    there = (found("blog", "blog.acme.org", age=80), found("old", "old.acme.org"), found("invalid", "invalid"))
    mine = found("mine", "mine.acme.org", age=360, life=365)
    seen = inventory(BLOG, SHOP, there=there, user_provided=(mine,), ledger=Ledger(attempts=(failed(SHOP, 20.0),)))
    states = {each.name: each for each in overview.assess(seen, NOW).certificates}
    assert {name: each.state for name, each in states.items()} == {
        "blog": "due",
        "shop": "missing",
        "old": "unused",
        "invalid": "placeholder",
        "mine": "user-provided",
    }
    assert [name for name, each in states.items() if each.expiring] == ["blog", "mine"]
    assert not any(each.by_private_ca for each in states.values())
    assert "no luck" in states["shop"].blocked
    assert "expires in 5 days" in overview.expiry_sentence(states["mine"], NOW)
