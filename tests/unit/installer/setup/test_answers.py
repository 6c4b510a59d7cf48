"""Settings from answers: given ones, defaults, and those of a setup that runs again."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from installer.data_directory.flat_settings import OFF, SettingsValue
from installer.host.facts import Facts
from installer.host.networks import HostNetwork
from installer.setup import answers
from installer.setup.answers import Ask, GivenAnswers
from installer.setup.question import Question, QuestionContext
from runtime.base.errors import ExitCode, SettingsError, UsageError
from runtime.config.dns_resolver import Resolver
from runtime.config.listen_address import FixedAddress
from runtime.config.sections import AcmeSettings, DnsSettings, InternalSettings, InternalTls, NetworkSettings
from runtime.config.settings import Settings
from runtime.network.addresses import HostAddress

PRESENT = Settings(
    domain="old.example",
    email="me@old.example",
    instance="mine",
    networks=NetworkSettings(additional=("postgres",)),
    internal=InternalSettings(address=FixedAddress("10.0.0.5"), domain="intra.example"),
)


def given(tmp_path: Path, text: str) -> GivenAnswers:
    file = tmp_path / "answers.yaml"
    file.write_text(text)
    return answers.load(file)


def test_collect_defaults_fit_host(facts: Facts, tmp_path: Path) -> None:
    settings = answers.collect(facts, None, given(tmp_path, "domain: example.com\n"))
    assert settings.domain == "example.com"
    assert settings.email == "hostmaster@example.com"
    assert settings.public is not None
    assert settings.public.address == "203.0.113.7"
    assert settings.internal == InternalSettings()
    assert settings.internal_domain == "internal.example.com"


def test_collect_without_domain_raises(facts: Facts) -> None:
    assert answers.collect(facts, None, GivenAnswers()).domain == "web.example.com"
    with pytest.raises(UsageError, match="have no default: domain, email") as error:
        answers.collect(replace(facts, host_name="vm"), None, GivenAnswers())
    assert error.value.exit_code is ExitCode.USAGE


def test_collect_missing_answer_names_file(facts: Facts, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"domain\. Add them to .*answers\.yaml"):
        answers.collect(replace(facts, host_name="vm"), None, given(tmp_path, "email: a@b.example\n"))


def test_collect_reports_all_problems_of_file(facts: Facts, tmp_path: Path) -> None:
    text = "domain: localhost\nemail: nobody\npublic: {http_port: 70000}\ninternal: 5\nacme: {sever: staging}\n"
    with pytest.raises(SettingsError) as error:
        answers.collect(facts, None, given(tmp_path, text))
    assert {problem.key: problem.line for problem in error.value.problems} == {
        "domain": 1,
        "email": 2,
        "public.http_port": 3,
        "internal": 4,
        "acme.sever": 5,
    }
    assert str(error.value).startswith(f"settings: 5 problems in {tmp_path / 'answers.yaml'}")


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", "domain: a.example\ndomain: b.example\n"])
def test_load_refuses_invalid_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError):
        given(tmp_path, text)


def test_collect_side_off(facts: Facts, tmp_path: Path) -> None:
    settings = answers.collect(facts, None, given(tmp_path, "domain: example.com\ninternal: off\n"))
    assert settings.internal is None


def test_collect_again_changes_only_given_answers(facts: Facts, tmp_path: Path) -> None:
    assert answers.collect(facts, PRESENT, GivenAnswers()) == PRESENT
    changed = answers.collect(facts, PRESENT, given(tmp_path, "email: new@old.example\n"))
    assert changed == replace(PRESENT, email="new@old.example")


def test_collect_setting_without_question(facts: Facts, tmp_path: Path) -> None:
    changed = answers.collect(facts, PRESENT, given(tmp_path, "networks: {additional: [mysql]}\n"))
    assert changed.networks.additional == ("mysql",)
    assert changed.instance == "mine"


def test_collect_side_stays_off_until_given(facts: Facts, tmp_path: Path) -> None:
    off = replace(PRESENT, public=None)
    assert answers.collect(facts, off, GivenAnswers()) == off
    on = answers.collect(facts, off, given(tmp_path, "public: {address: 203.0.113.7}\n"))
    assert on.public is not None
    assert (on.public.address, on.public.https_port) == ("203.0.113.7", 443)


def test_collect_internal_domain_follows_domain(facts: Facts, tmp_path: Path) -> None:
    new = given(tmp_path, "domain: new.example\n")
    following = replace(PRESENT, internal=InternalSettings(address=FixedAddress("10.0.0.5")))
    written_out = replace(
        PRESENT, internal=InternalSettings(address=FixedAddress("10.0.0.5"), domain="internal.old.example")
    )
    assert answers.collect(facts, following, new).internal_domain == "internal.new.example"
    assert answers.collect(facts, written_out, new).internal_domain == "internal.new.example"
    assert answers.collect(facts, PRESENT, new).internal_domain == "intra.example"
    assert answers.collect(facts, written_out, GivenAnswers()) == written_out


def test_collect_asks_only_applicable_questions(facts: Facts, tmp_path: Path) -> None:
    asked = []

    def ask(question: Question, context: QuestionContext) -> SettingsValue:
        asked.append(".".join(map(str, question.key)))
        return OFF if question.key == ("public", "address") else answers.use_default(question, context)

    settings = answers.collect(facts, None, given(tmp_path, "email: a@example.com\n"), ask)
    assert settings.public is None
    assert asked == [
        "domain",
        "public.address",
        "internal.address",
        "internal.http_port",
        "internal.domain",
        "internal.tls",
        "internal.https_port",
        "images.source",
    ]


@pytest.mark.parametrize(
    ("tls", "needed"),
    [
        ("private-ca", ["internal.https_port", "acme.server"]),
        ("none", ["acme.server"]),
        ("dns-01", ["internal.https_port", "acme.dns.provider", "acme.server"]),
    ],
)
def test_collect_questions_by_internal_tls(facts: Facts, tmp_path: Path, tls: str, needed: list[str]) -> None:
    asked = []

    def ask(question: Question, context: QuestionContext) -> SettingsValue:
        asked.append(".".join(map(str, question.key)))
        return "cloudflare" if question.key[-1] == "provider" else answers.use_default(question, context)

    text = f"domain: example.com\ninternal: {{tls: {tls}}}\n"
    settings = answers.collect(facts, None, given(tmp_path, text), ask)
    assert [key for key in asked if key.startswith("acme") or key.endswith("internal.https_port")] == needed
    assert settings.internal_tls == tls
    assert settings.acme.dns.provider == ("cloudflare" if tls == "dns-01" else "")


VPN = "domain: example.com\nwireguard: {enabled: on}\n"


def test_collect_vpn_chooses_address_and_networks(facts: Facts, tmp_path: Path) -> None:
    settings = answers.collect(facts, None, given(tmp_path, VPN))
    assert settings.wireguard.enabled
    assert settings.internal
    assert (settings.internal.address, settings.internal.http_port) == (FixedAddress("10.12.0.1"), 80)
    assert settings.wireguard.network6.startswith("fd")
    other = answers.collect(facts, None, given(tmp_path, VPN))
    assert other.wireguard.network6 != settings.wireguard.network6
    # Another run changes none of it.
    assert answers.collect(facts, settings, GivenAnswers()) == settings
    assert answers.collect(facts, settings, given(tmp_path, VPN)) == settings


def test_collect_keeps_given_vpn_networks(facts: Facts, tmp_path: Path) -> None:
    vpn = "wireguard: {enabled: on, network: 10.99.0.0/16, network6: ''}\n"
    text = f"domain: a.com\ninternal: {{address: 10.99.0.7}}\n{vpn}"
    settings = answers.collect(facts, None, given(tmp_path, text))
    assert (settings.wireguard.network, settings.wireguard.network6) == ("10.99.0.0/16", "")
    assert settings.internal
    assert settings.internal.address == FixedAddress("10.99.0.7")
    assert answers.collect(facts, settings, GivenAnswers()) == settings


def test_collect_vpn_avoids_network_of_host(facts: Facts, tmp_path: Path) -> None:
    at_home = replace(
        facts,
        addresses=(*facts.addresses, HostAddress("10.12.0.1", "eth2")),
        networks=(HostNetwork(ip_network("10.12.0.0/24"), "eth2"),),
    )
    settings = answers.collect(at_home, None, given(tmp_path, VPN))
    assert settings.wireguard.network == "10.13.0.0/24"
    # A host address that looks like that of a VPN does not switch the VPN on.
    plain = answers.collect(at_home, None, given(tmp_path, "domain: a.com\ninternal: {address: 10.12.0.1}\n"))
    assert not plain.wireguard.enabled


@pytest.mark.parametrize(
    ("reached", "network"),
    [("10.12.0.0/15", "10.14.0.0/24"), ("10.0.0.0/8", "172.29.12.0/24"), ("fd12::/64", "10.12.0.0/24")],
)
def test_collect_vpn_avoids_reachable_network(facts: Facts, tmp_path: Path, reached: str, network: str) -> None:
    """The host needs no address in it: the network may be behind a router."""
    inside = replace(facts, networks=(HostNetwork(ip_network(reached), "eth1"),))
    settings = answers.collect(inside, None, given(tmp_path, VPN))
    assert settings.internal
    assert settings.wireguard.network == network
    assert settings.internal.address == FixedAddress(str(ip_network(network)[1]))


def test_collect_vpn_without_ipv6(facts: Facts, tmp_path: Path) -> None:
    settings = answers.collect(replace(facts, has_ipv6=False), None, given(tmp_path, VPN))
    assert settings.wireguard.enabled
    assert settings.wireguard.network6 == ""


def test_collect_address_switches_vpn_on_and_off(facts: Facts, tmp_path: Path) -> None:
    def choose(address: str) -> Ask:
        def ask(question: Question, context: QuestionContext) -> SettingsValue:
            chosen = question.key == ("internal", "address")
            return address if chosen else answers.use_default(question, context)

        return ask

    on = answers.collect(facts, None, given(tmp_path, "domain: a.com\n"), choose("10.12.0.1"))
    assert on.wireguard.enabled
    off = answers.collect(facts, on, GivenAnswers(), choose("127.0.0.1"))
    assert not off.wireguard.enabled
    assert off.wireguard.network6 == on.wireguard.network6


def test_collect_missing_dns_provider(facts: Facts, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"acme\.dns\.provider\. Add them to"):
        answers.collect(facts, None, given(tmp_path, "domain: a.example\ninternal: {tls: dns-01}\n"))


def test_collect_keeps_settings_that_are_not_asked(facts: Facts, tmp_path: Path) -> None:
    internal = InternalSettings(address=FixedAddress("10.0.0.5"), https_port=9443, tls=InternalTls.NONE)
    present = replace(
        PRESENT,
        internal=internal,
        acme=AcmeSettings(dns=DnsSettings(provider="cloudflare", resolvers=(Resolver("9.9.9.9"),))),
    )
    assert answers.collect(facts, present, GivenAnswers()) == present
    switched = answers.collect(facts, present, given(tmp_path, "internal: {tls: dns-01}\n"))
    assert switched == replace(present, internal=replace(internal, tls=InternalTls.DNS_01))


def test_collect_side_switched_on_has_defaults(facts: Facts, tmp_path: Path) -> None:
    off = replace(PRESENT, internal=None)
    on = answers.collect(facts, off, given(tmp_path, "internal: {tls: none}\n"))
    assert on.internal == InternalSettings(tls=InternalTls.NONE)


@pytest.mark.parametrize(
    ("root", "instance"),
    [
        ("/srv/shoestring", "shoestring"),
        ("/srv/shop", "shop"),
        ("/srv/My Shop", "shoestring"),
        ("/srv/my_shop", "shoestring"),
        ("/", "shoestring"),
    ],
)
def test_instance_for_directory(root: str, instance: str) -> None:
    assert answers.instance_for(Path(root)) == instance


def test_collect_given_or_present_instance_name(facts: Facts, tmp_path: Path) -> None:
    named = answers.collect(facts, None, given(tmp_path, "instance: mine\n"), instance="other")
    assert named.instance == "mine"
    assert answers.collect(facts, None, GivenAnswers(), instance="other").instance == "other"
    assert answers.collect(facts, PRESENT, GivenAnswers(), instance="other").instance == "mine"
