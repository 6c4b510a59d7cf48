"""The defaults of questions for a host, and their checks with earlier answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installer.data_directory.flat_settings import OFF, FlatSettings
from installer.host.facts import Facts
from installer.host.ports import ListeningSocket
from installer.setup.question import Question, QuestionContext
from installer.setup.questions import QUESTIONS, is_domain
from runtime.config.listen_address import FixedAddress
from runtime.config.sections import InternalSettings, PublicSettings
from runtime.config.settings import Settings

PRESENT = Settings(
    domain="old.example",
    email="me@old.example",
    public=PublicSettings(address="203.0.113.7", http_port=8080),
    internal=InternalSettings(address=FixedAddress("10.0.0.9"), domain="intra.old.example"),
)


def question(*key: str) -> Question:
    return next(each for each in QUESTIONS if each.key == key)


def offered(
    facts: Facts, key: tuple[str, ...], answers: FlatSettings | None = None, present: Settings | None = None
) -> object:
    return question(*key).offered(QuestionContext(facts, present, answers or {}))


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("web.example.com", True),
        ("vm", False),
        ("ip-10-0-0-5.eu-west-1.compute.internal", False),
        ("nas.local", False),
        ("localhost.localdomain", False),
        ("", False),
        ("bad_name.example.com", False),
    ],
)
def test_offered_domain_of_host_name(facts: Facts, name: str, fits: bool) -> None:
    assert is_domain(name) is fits
    assert offered(replace(facts, host_name=name), ("domain",)) == (name if fits else None)


def test_offered_defaults_of_host_and_answers(facts: Facts) -> None:
    answers: FlatSettings = {("domain",): "example.com", ("public", "address"): "203.0.113.7"}
    assert offered(facts, ("email",), answers) == "hostmaster@example.com"
    assert offered(facts, ("email",)) is None
    assert offered(facts, ("public", "address")) == "203.0.113.7"
    assert offered(replace(facts, default_address=""), ("public", "address")) == "0.0.0.0"
    assert offered(facts, ("internal", "domain"), answers) == "internal.example.com"


@pytest.mark.parametrize(
    ("public", "internal", "listeners", "port"),
    [
        ("203.0.113.7", "127.0.0.1", (), 8081),
        ("203.0.113.7", "127.0.0.1", (ListeningSocket("0.0.0.0", 8081),), 8082),
        ("203.0.113.7", "10.0.0.5", (), 80),
        ("0.0.0.0", "10.0.0.5", (), 8081),
        ("203.0.113.7", "10.0.0.5", (ListeningSocket("::", 80),), 8081),
    ],
)
def test_offered_internal_http_port_is_free(
    facts: Facts, public: str, internal: str, listeners: tuple[ListeningSocket, ...], port: int
) -> None:
    answers: FlatSettings = {
        ("public", "address"): public,
        ("public", "http_port"): 80,
        ("public", "https_port"): 443,
        ("internal", "address"): internal,
    }
    assert offered(replace(facts, listeners=listeners), ("internal", "http_port"), answers) == port


@pytest.mark.parametrize(
    ("public", "internal", "listeners", "port"),
    [
        ("203.0.113.7", "127.0.0.1", (), 8444),
        ("203.0.113.7", "127.0.0.1", (ListeningSocket("127.0.0.1", 8444),), 8445),
        ("203.0.113.7", "10.0.0.5", (), 443),
        ("0.0.0.0", "10.0.0.5", (), 8444),
    ],
)
def test_offered_internal_https_port_is_free(
    facts: Facts, public: str, internal: str, listeners: tuple[ListeningSocket, ...], port: int
) -> None:
    answers: FlatSettings = {
        ("public", "address"): public,
        ("public", "http_port"): 80,
        ("public", "https_port"): 443,
        ("internal", "address"): internal,
        ("internal", "http_port"): 8081,
    }
    context = QuestionContext(replace(facts, listeners=listeners), None, answers)
    https = question("internal", "https_port")
    assert https.offered(context) == port
    with pytest.raises(ValueError, match=r"8081 is internal\.http_port already"):
        https.check(context, 8081)


def test_applies_acme_server_only_if_it_signs(facts: Facts) -> None:
    def asks(answers: FlatSettings) -> bool:
        return question("acme", "server").applies(QuestionContext(facts, None, answers))

    assert asks({("public", "address"): "0.0.0.0", ("internal", "tls"): "none"})
    assert asks({("public",): OFF, ("internal", "tls"): "dns-01"})
    assert not asks({("public",): OFF, ("internal", "tls"): "private-ca"})
    assert not question("internal", "tls").applies(QuestionContext(facts, None, {("internal",): OFF}))


def test_check_and_parse_port(facts: Facts) -> None:
    answers: FlatSettings = {("public", "address"): "0.0.0.0", ("public", "http_port"): 80}
    busy = replace(facts, listeners=(ListeningSocket("::", 443, "nginx", 812, "nginx"),))
    https = question("public", "https_port")
    with pytest.raises(ValueError, match=r"443 is used by nginx \(process 812\)"):
        https.check(QuestionContext(busy, None, answers), https.parse("443"))
    with pytest.raises(ValueError, match=r"80 is public\.http_port already"):
        https.check(QuestionContext(facts, None, answers), https.parse("80"))
    for wrong in ("0", "70000", "http", ""):
        with pytest.raises(ValueError, match=r"is not a port \(1 to 65535\)"):
            https.parse(wrong)
    https.check(QuestionContext(facts, None, answers), https.parse("443"))


def test_offered_present_settings(facts: Facts) -> None:
    answers: FlatSettings = {("domain",): "old.example", ("public", "address"): "203.0.113.7"}
    assert offered(facts, ("domain",), present=PRESENT) == "old.example"
    assert offered(facts, ("public", "http_port"), answers, PRESENT) == 8080
    assert offered(facts, ("internal", "address"), answers, PRESENT) == "10.0.0.9"
    assert offered(facts, ("internal", "domain"), answers, PRESENT) == "intra.old.example"


def test_offered_internal_domain_follows_domain(facts: Facts) -> None:
    answers: FlatSettings = {("domain",): "new.example"}
    for domain in ("", "internal.old.example"):
        present = replace(PRESENT, internal=InternalSettings(domain=domain))
        assert offered(facts, ("internal", "domain"), answers, present) == "internal.new.example"


def test_offered_side_off_skips_ports(facts: Facts) -> None:
    present = replace(PRESENT, public=None)
    assert offered(facts, ("public", "address"), present=present) is OFF
    assert not question("public", "http_port").applies(QuestionContext(facts, present, {("public",): OFF}))


def texts(facts: Facts, key: tuple[str, ...], answers: FlatSettings, present: Settings | None = None) -> list[object]:
    asked = question(*key)
    assert asked.choices
    return [choice.value for choice in asked.choices(QuestionContext(facts, present, answers))]


def test_choices_of_addresses(facts: Facts) -> None:
    assert texts(facts, ("public", "address"), {}) == ["203.0.113.7", "10.0.0.5", "0.0.0.0", "::", OFF]
    assert texts(facts, ("internal", "address"), {}, PRESENT) == [
        "10.12.0.1",
        "127.0.0.1",
        "203.0.113.7",
        "10.0.0.5",
        "10.0.0.9",
        OFF,
    ]
    assert OFF not in texts(facts, ("internal", "address"), {("public",): OFF})


def test_choices_leave_out_public_internal_address(facts: Facts) -> None:
    routed = replace(facts, addresses=(*facts.addresses, replace(facts.addresses[2], address="8.8.8.8")))
    assert "8.8.8.8" in texts(routed, ("public", "address"), {})
    assert "8.8.8.8" not in texts(routed, ("internal", "address"), {})


def test_questions_have_existing_settings() -> None:
    settings = Settings(domain="a.example", email="a@a.example")
    for each in QUESTIONS:
        value: object = settings
        for part in each.key:
            assert hasattr(value, str(part)), each.key
            value = getattr(value, str(part))
