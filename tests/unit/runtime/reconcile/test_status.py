from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from runtime.alerting import checks
from runtime.base.paths import Side
from runtime.certificates.overview import CertificateOverview, CertificateStatus
from runtime.config import internal_address
from runtime.context.results import Blocked, Code
from runtime.docker.observed import Observed
from runtime.output.encoder import result_json
from runtime.output.json_status import StatusJson
from runtime.output.report import status_lines
from runtime.reconcile.desired import Desired, Sources, build
from runtime.reconcile.status import Status, assess
from tests.support.builders.runtime import (
    PATHS,
    RUN,
    application,
    broken,
    desired,
    make_settings,
    observed_of,
    running,
    web,
)

NOW = datetime(2026, 1, 10, 12, 0, 0, tzinfo=UTC)
TWO = web("a.com", "b.com", more="  worker:\n    image: w\n")


def assess_with(wanted: Desired, state: str = "running", health: str = "") -> Status:
    """Return the status with the second service of the first application in a state."""
    seen = observed_of(wanted)
    first, second = running(wanted.projects[0])
    first = replace(first, started="2026-01-07T11:00:00.123456789Z")
    second = replace(second, state=state, health=health)
    core = [each for each in seen.containers if each.application == "core"]
    return assess(wanted, Observed((*core, first, second), seen.networks))


@pytest.mark.parametrize(
    ("state", "health", "expected"),
    [
        ("running", "", "running"),
        ("running", "healthy", "healthy"),
        ("running", "starting", "starting"),
        ("running", "unhealthy", "unhealthy"),
        ("exited", "", "exited"),
        ("ended", "", "ended"),
        ("restarting", "", "restarting"),
        ("paused", "", "paused"),
    ],
)
def test_assess_state_is_worst_of_containers(state: str, health: str, expected: str) -> None:
    status = assess_with(desired(application("a", TWO)), state, health)
    assert status.applications[0].state == expected
    assert status.fine is (expected in ("running", "healthy"))


def test_status_lines_of_broken_file() -> None:
    wanted = desired(
        application("a", TWO),
        broken("api", "x-external-host-name: [x.com]\nservices: {application: {image: a}}\n"),
    )
    assert status_lines(assess_with(wanted), NOW) == [
        "a    public  running  a.com,b.com  web:1  3 days",
        "api  public  broken   -            -      -",
        f"      {wanted.broken[0].problems[0]}",
        "proxy  public  running  2 hosts",
        "proxy  internal  running  1 host",
        "TLS  0 certificates",
    ]


def test_status_json_has_all_fields() -> None:
    answer = json.loads(result_json(StatusJson.of(assess_with(desired(application("a", TWO))))))
    assert answer["version"] == 2
    assert answer["ok"] is True
    assert answer["applications"] == [
        {
            "name": "a",
            "side": "public",
            "state": "running",
            "host_names": ["a.com", "b.com"],
            "image": "web:1",
            "since": "2026-01-07T11:00:00.123456789Z",
            "problems": [],
            "notes": [],
        }
    ]
    assert [proxy["side"] for proxy in answer["proxies"]] == ["public", "internal"]


def test_status_not_fine_with_certificate_problem() -> None:
    good = assess_with(desired(application("a", TWO)))
    mine = CertificateStatus(
        "mine", Side.PUBLIC, ("a.com",), "Some CA", "user-provided", 1.8e9, expiring=True, managed=False
    )
    for certificates in (
        CertificateOverview((mine,), (), ()),
        CertificateOverview((), (), (Blocked(Code.CERTIFICATE_UNUSABLE, "mine", "mine.pem: it is none."),)),
    ):
        status = replace(good, certificates=certificates)
        assert not status.fine
        answer = json.loads(result_json(StatusJson.of(status)))
        assert answer["certificate_problems"] == [
            {"code": each.code, "subject": each.subject, "message": each.message, "advice": None}
            for each in certificates.problems
        ]
        assert [each["managed"] for each in answer["certificates"]] == [False] * len(certificates.certificates)


def test_assess_nothing_runs() -> None:
    status = assess(desired(application("a", web("a.com"))), Observed((), ()))
    assert [each.state for each in status.applications] == ["missing"]
    assert [each.state for each in status.proxies] == ["missing", "missing"]
    assert not status.fine


def test_assess_conflict_is_problem_of_application() -> None:
    wanted = desired(application("a", web("x.com")), application("b", web("x.com", "b.com")))
    status = assess(wanted, observed_of(wanted))
    assert [[each.code for each in every.problems] for every in status.applications] == [[], [Code.CONFLICT]]
    assert status.applications[1].problems[0].subject == "b"
    assert status.applications[1].host_names == ("b.com",)
    assert not status.fine


def test_assess_notes_port_blocked_by_firewall() -> None:
    closed = application("a", "services: {application: {image: a, ports: ['9999:80', '127.0.0.1:5000:80']}}\n")
    message = "9999/tcp is published but blocked by the firewall; list it in x-open-ports to allow it"
    with_firewall = desired(closed, settings_text="firewall: on\n")
    status = assess(with_firewall, observed_of(with_firewall), firewall_active=True)
    (note,) = status.applications[0].notes
    advice = "list it in x-open-ports to allow it"
    assert (note.code, note.subject, note.advice, str(note)) == (Code.PORT_BLOCKED, "a", advice, message)
    assert status.fine
    assert f"      {message}" in status_lines(status, NOW)
    # A firewall that is only in the settings blocks nothing yet.
    assert assess(with_firewall, observed_of(with_firewall)).applications[0].notes == ()


def test_assess_notes_network_that_bypasses_firewall() -> None:
    networks = "networks: {lan: {driver: macvlan}, own: {driver: bridge}, none: }\n"
    bypassing = application("a", f"{networks}services: {{application: {{image: a, networks: [lan]}}}}\n")
    message = "network lan (macvlan): its containers bypass this host's firewall"
    wanted = desired(bypassing, settings_text="firewall: on\n")
    (note,) = assess(wanted, observed_of(wanted), firewall_active=True).applications[0].notes
    assert (note.code, note.subject, str(note)) == (Code.FIREWALL_BYPASSED, "a", message)
    assert assess(wanted, observed_of(wanted)).applications[0].notes == ()


def test_assess_vpn_down_is_blocked() -> None:
    """Another interface may get its address late; the VPN has its address before anything starts."""
    on = make_settings("internal: {address: 10.12.0.1}\nwireguard: {enabled: on, interface: none0}\n")
    address = internal_address.observe(on)
    web_file = application("a", web("a.example.com"))
    wanted = build(Sources(on, {}, (web_file,), (), (), internal_address=address), PATHS, RUN)
    assert address.interface == "none0"
    assert [each.name for each in wanted.core.services] == ["haproxy-public"]
    assert wanted.warnings == ()
    sentence = (
        "The internal proxy does not run: the VPN's interface none0 does not exist, or lacks internal.address. "
        "Bring it up: shoestring vpn apply"
    )
    assert [(each.code, str(each)) for each in wanted.blocked] == [(Code.VPN_DOWN, sentence)]
    found = assess(wanted, observed_of(wanted))
    assert not found.fine
    assert found.problems == wanted.blocked
    (failed,) = checks.check_status(found, 0.0)
    assert (str(failed.subject), failed.message, failed.pending_seconds) == ("proxy internal", sentence, 300.0)


def test_status_access_to_the_host_is_in_json_only() -> None:
    wanted = desired(application("agent", "services: {agent: {image: 'agent:1', privileged: true}}\n"))
    found = assess(wanted, observed_of(wanted))
    assert [each.code for each in StatusJson.of(found).warnings] == [Code.HOST_ACCESS]
    assert found.warnings == ()
    assert found.fine
