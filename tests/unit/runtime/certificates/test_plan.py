"""The plan of certificates from an inventory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.base.errors import UsageError
from runtime.base.paths import Side
from runtime.certificates import plan
from runtime.certificates.changes import IssueCertificate
from runtime.certificates.inventory import CertificateInventory, SideCertificates
from runtime.certificates.plan import RenewalRequest
from runtime.certificates.policy.desired import DesiredCertificates
from runtime.certificates.policy.ledger import DAY, Ledger, set_key
from tests.support.builders.certificate_inventory import BLOG, INTERNAL, NOW, SHOP, failed, found, inventory
from tests.support.builders.runtime import make_settings


def kinds(due: plan.CertificatePlan) -> tuple[list[str], list[str]]:
    return [each.kind for each in due.local], [each.kind for each in due.remote]


def test_plan_requests_missing_and_signs_internal() -> None:
    due = plan.plan(inventory(BLOG, INTERNAL), NOW, RenewalRequest(missing_only=True))
    assert kinds(due) == (["issue-certificate"], ["issue-certificate"])
    assert due.remote[0].name == "certificate blog"
    assert due.remote[0].about == "blog.acme.org: there is no certificate"


def test_plan_of_valid_certificate_is_empty_until_due() -> None:
    due = plan.plan(inventory(BLOG, there=(found("blog", "blog.acme.org"),)), NOW)
    assert (due.local, due.remote, due.deferred) == ((), (), ())
    assert due.next_check == pytest.approx(NOW + 59 * DAY)


def test_plan_missing_only_leaves_due_certificates() -> None:
    old = inventory(BLOG, there=(found("blog", "blog.acme.org", age=70),))
    assert kinds(plan.plan(old, NOW)) == ([], ["issue-certificate"])
    due = plan.plan(old, NOW, RenewalRequest(missing_only=True))
    assert kinds(due) == ([], [])
    # An expired certificate counts as missing.
    assert due.next_check == pytest.approx(NOW + 20 * DAY)


def test_plan_additional_host_name_requests_certificate() -> None:
    more = replace(BLOG, host_names=("blog.acme.org", "www.acme.org"))
    due = plan.plan(inventory(more, there=(found("blog", "blog.acme.org"),)), NOW, RenewalRequest(missing_only=True))
    assert due.remote[0].about == "blog.acme.org, www.acme.org: the certificate lacks www.acme.org"


def test_plan_truncates_many_host_names() -> None:
    many = replace(BLOG, host_names=tuple(f"{number}.acme.org" for number in range(100)))
    (change,) = plan.plan(inventory(many), NOW).remote
    assert change.about == "0.acme.org, 1.acme.org, 2.acme.org and 97 more: there is no certificate"
    there = inventory(many, there=(found("blog", "0.acme.org"),))
    assert plan.plan(there, NOW).remote[0].about.endswith("lacks 1.acme.org, 2.acme.org, 3.acme.org and 96 more")


def test_plan_defers_after_failure_unless_requested_by_name() -> None:
    failed_before = inventory(BLOG, ledger=Ledger(attempts=(failed(BLOG, 20.0),)))
    due = plan.plan(failed_before, NOW, RenewalRequest(missing_only=True))
    assert due.remote == ()
    (deferred,) = due.deferred
    assert (deferred.certificate, deferred.until) == (BLOG, NOW + 40)
    assert str(deferred) == f"certificate blog: {deferred.message}"
    assert deferred.message.endswith("no luck (again in 40 s)")
    assert due.next_check == NOW + 40
    assert kinds(plan.plan(failed_before, NOW, RenewalRequest(names=("blog.acme.org",)))) == (
        [],
        ["issue-certificate"],
    )


def test_plan_force_keeps_limits() -> None:
    ledger = Ledger(attempts=tuple(failed(BLOG, 60.0 * number) for number in range(5)))
    due = plan.plan(inventory(BLOG, ledger=ledger), NOW, RenewalRequest(names=("blog.acme.org",), force=True))
    assert due.remote == ()
    assert "failed too often within an hour" in due.deferred[0].message


def test_plan_production_ignores_staging_failures() -> None:
    ledger = Ledger(attempts=(failed(BLOG, 20.0),), proven={set_key(BLOG.host_names): NOW})
    assert kinds(plan.plan(inventory(BLOG, ledger=ledger), NOW)) == ([], ["issue-certificate"])


def test_plan_other_authority_requests_certificate() -> None:
    ledger = Ledger(sources={"public/blog": "https://ca.example/dir"})
    due = plan.plan(inventory(BLOG, there=(found("blog", "blog.acme.org"),), ledger=ledger), NOW)
    assert "the settings name another authority" in due.remote[0].about


def test_plan_completes_interrupted_write() -> None:
    seen = inventory(BLOG, there=(found("blog", "blog.acme.org"),))
    cut = replace(seen, sides=tuple(replace(each, unfinished=True) for each in seen.sides))
    assert plan.plan(seen, NOW).local == ()
    (change,) = plan.plan(cut, NOW).local
    assert (change.kind, change.about) == ("load-certificates", "an interrupted write")


def test_plan_defers_if_private_ca_cannot_sign() -> None:
    due = plan.plan(inventory(INTERNAL, ca_problem="It is for another domain."), NOW)
    assert due.local == ()
    assert [(each.certificate, each.until) for each in due.deferred] == [(INTERNAL, float("inf"))]
    assert due.deferred[0].message == "It is for another domain."


def test_plan_signs_again_after_clock_was_ahead() -> None:
    ahead = found("internal", *INTERNAL.host_names, age=-30)
    side = SideCertificates(Side.INTERNAL, (ahead,), (), {ahead.file.name: ahead.serial})
    root = found("root", age=100, life=3652)
    seen = CertificateInventory(make_settings(), DesiredCertificates((INTERNAL,)), (side,), Ledger(), authority=root)
    (change,) = plan.plan(seen, NOW, RenewalRequest(missing_only=True)).local
    assert change.about == "i.acme.org, *.i.acme.org: it was signed while the clock of this host was ahead"
    # A root that is not valid yet either means that the clock is behind now: a new leaf would be no better.
    young = replace(seen, authority=found("root", age=-1, life=3652))
    assert plan.plan(young, NOW, RenewalRequest(missing_only=True)).local == ()
    # No other authority signs certificates that are not valid yet.
    blog = found("blog", "blog.acme.org", age=-30)
    assert (
        plan.plan(inventory(BLOG, there=(blog,), authority=root), NOW, RenewalRequest(missing_only=True)).remote == ()
    )


def test_plan_loads_changed_files_of_folder() -> None:
    there = (found("blog", "blog.acme.org", serial=8), found("mine", "a.acme.org", serial=9))
    due = plan.plan(inventory(BLOG, there=there, loaded={"blog.pem": 7, "old.pem": 5, "invalid.pem": 1}), NOW)
    assert [each.about for each in due.local] == ["changed blog.pem, new mine.pem, removed old.pem"]
    assert plan.plan(inventory(BLOG, there=there, loaded=None), NOW).local == ()


def test_plan_removes_unneeded_placeholder() -> None:
    there = (found("blog", "blog.acme.org"), found("invalid", "invalid", serial=1))
    assert [each.about for each in plan.plan(inventory(BLOG, there=there), NOW).local] == ["placeholder not needed"]


def test_plan_archives_only_expired_unused_managed_certificates() -> None:
    old = found("old", "old.acme.org", age=100)
    assert kinds(plan.plan(inventory(there=(old,)), NOW)) == (["archive-certificate"], [])
    assert kinds(plan.plan(inventory(there=(found("old", "old.acme.org"),)), NOW)) == ([], [])
    assert kinds(plan.plan(inventory(user_provided=(old,)), NOW)) == ([], [])


def test_plan_refuses_unknown_host_name() -> None:
    with pytest.raises(UsageError, match=r"No application uses the host name x\.org.*blog\.acme\.org"):
        plan.plan(inventory(BLOG), NOW, RenewalRequest(names=("x.org",)))
    assert kinds(plan.plan(inventory(SHOP), NOW, RenewalRequest(names=("a.shop.acme.org",)))) == (
        [],
        ["issue-certificate"],
    )


def test_plan_staging_request() -> None:
    there = inventory(BLOG, there=(found("blog", "blog.acme.org"),))
    due = plan.plan(there, NOW, RenewalRequest(staging=True))
    assert [each.staging_only for each in due.remote if isinstance(each, IssueCertificate)] == [True]
    settings = make_settings("acme: {server: 'https://ca.example/dir'}\n")
    with pytest.raises(UsageError, match="no staging"):
        plan.plan(replace(there, settings=settings), NOW, RenewalRequest(staging=True))
