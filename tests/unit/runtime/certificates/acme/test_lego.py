"""lego's command line and providers, and its output recorded from lego 4.35."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runtime.base.command import Result as Finished
from runtime.base.errors import UsageError
from runtime.base.paths import Paths, Side
from runtime.certificates.acme import lego
from runtime.certificates.model import DesiredCertificate, Issuer
from runtime.certificates.policy.ledger import AttemptResult
from runtime.config import dns_resolver
from runtime.config.sections import AcmeSettings, DnsSettings
from runtime.config.settings import Settings

RECORDED = Path(__file__).parents[1] / "recorded"
NOW = 1_800_000_000.0
WANTED = DesiredCertificate(
    "internal", Side.INTERNAL, ("internal.example.test", "*.internal.example.test"), Issuer.DNS_01
)
SETTINGS = Settings(domain="example.test", email="ops@example.test")
HEAD = "2026/11/22 16:40:05 [INFO] [x] acme: Obtaining bundled SAN certificate\n2026/11/22 16:40:20 "


def provider(name: str) -> lego.Provider:
    return lego.parse_provider(name, (RECORDED / f"lego-{name}.txt").read_text())


def test_parse_provider_credentials_and_options() -> None:
    found = provider("hetzner")
    assert found.credentials == {"HETZNER_API_TOKEN": "API token"}
    assert set(found.options) >= {"HETZNER_TTL", "HETZNER_PROPAGATION_TIMEOUT"}
    assert found.page == "https://go-acme.github.io/lego/dns/hetzner/"


def test_variables_of_provider_only() -> None:
    secrets = {"HETZNER_API_TOKEN": "t", "HETZNER_TTL": "60", "POSTGRES_PASSWORD": "p"}
    assert provider("hetzner").variables(secrets) == {"HETZNER_API_TOKEN": "t", "HETZNER_TTL": "60"}
    # Its credentials are alternatives: one is enough.
    assert provider("route53").variables({"AWS_PROFILE": "x"}) == {"AWS_PROFILE": "x"}


def test_variables_without_credentials_raises() -> None:
    with pytest.raises(UsageError, match=r"provider hetzner\. It accepts: HETZNER_API_TOKEN \(API token\)"):
        provider("hetzner").variables({"HETZNER_TTL": "60"})


def test_unknown_provider_suggests_nearest() -> None:
    known = lego.parse_list((RECORDED / "lego-dnshelp.txt").read_text())
    assert {"hetzner", "rfc2136", "active24", "zonomi"} <= set(known)
    assert "did you mean hetzner?" in str(lego.unknown("hetzer", known))
    assert lego.parse_list("") == ()


def test_run_arguments_have_no_values_of_variables() -> None:
    task = lego.run(Paths(Path("/d")), SETTINGS, "https://ca/dir", {"TOKEN": "s3cret"}, WANTED, trial=True)
    assert "s3cret" not in " ".join(task.arguments)
    assert task.secrets == {"TOKEN": "s3cret"}
    assert task.mounts[0].source == Path("/d/data/lego/staging")
    assert task.arguments[-1] == "run"


@pytest.mark.parametrize(
    ("resolvers", "words"),
    [
        (("1.1.1.1", "9.9.9.9"), ("--dns.resolvers", "1.1.1.1:53", "--dns.resolvers", "9.9.9.9:53")),
        (
            ("::1", "[::2]:54", "192.0.2.1:5353"),
            (
                *("--dns.resolvers", "[::1]:53", "--dns.resolvers", "[::2]:54", "--dns.resolvers", "192.0.2.1:5353"),
                *("--dns.propagation-disable-ans", "--dns.propagation-rns"),
            ),
        ),
    ],
)
def test_run_user_provided_resolvers(resolvers: tuple[str, ...], words: tuple[str, ...]) -> None:
    settings = replace(
        SETTINGS,
        acme=AcmeSettings(dns=DnsSettings(provider="hetzner", resolvers=tuple(map(dns_resolver.parse, resolvers)))),
    )
    arguments = lego.run(Paths(Path("/d")), settings, "https://ca/dir", {}, WANTED, trial=False).arguments
    assert tuple(word for word in arguments if word.startswith("--dns.") or word[-1].isdigit())[1:] == words


@pytest.mark.parametrize(
    ("printed", "result", "names", "error"),
    [
        (
            "hetzner: some credentials information are missing: HETZNER_API_TOKEN\n",
            AttemptResult.NOT_REQUESTED,
            (),
            "secrets.yaml lacks HETZNER_API_TOKEN",
        ),
        (
            "Could not obtain certificates:\n\terror: one or more domains had a problem:\n[*.a.test] [*.a.test] "
            "acme: error presenting token: hetzner: could not find zone\n",
            AttemptResult.UNAVAILABLE,
            (),
            "could not find zone",
        ),
        (
            "Could not obtain certificates:\n\terror: one or more domains had a problem:\n[a.test] invalid "
            "authorization: acme: error: 403 :: urn:ietf:params:acme:error:unauthorized :: Correct value not found\n",
            AttemptResult.REFUSED,
            ("a.test",),
            "Correct value not found",
        ),
        (
            'Could not obtain certificates:\n\tPost "https://ca/order-plz": POST https://ca/order-plz giving up '
            "after 6 attempt(s): acme: error: 0 :: urn:ietf:params:acme:error:rateLimited :: too many, retry after "
            "2027-01-15 09:00:00 UTC: see https://example.test\n",
            AttemptResult.UNAVAILABLE,
            (),
            "its rate limit is reached",
        ),
    ],
)
def test_outcome_of_failure(printed: str, result: AttemptResult, names: tuple[str, ...], error: str) -> None:
    outcome = lego.outcome(Finished(("lego",), 1, "", HEAD + printed), NOW)
    assert (outcome.result, outcome.failed_names) == (result, names)
    assert error in outcome.error
    assert outcome.not_before == (1_800_003_600.0 if "retry after" in printed else 0.0)


def test_too_slow_reports_rate_limit() -> None:
    retrying = HEAD + "[WARN] retry: acme: error: 0 :: urn:ietf:params:acme:error:rateLimited :: too many\n"
    assert lego.too_slow("lego was stopped.", retrying).error.startswith("its rate limit is reached: retry: acme")
    assert lego.too_slow("lego was stopped.", HEAD).error == "lego was stopped."
