"""The lines that Telegraf reads. The dump has the format of wg(8), with invented keys."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from runtime.docker.observed import Observed
from runtime.metrics import export
from runtime.reconcile.status import assess
from tests.support.builders.runtime import application, broken, desired, running, web

NOW = 1_700_000_000.0
KEY = "aPnKHIRGMBhMXXhJvQxNQm0AvnHJcSqNBtoFCSSYdUw="
OTHER_KEY = "bPnKHIRGMBhMXXhJvQxNQm0AvnHJcSqNBtoFCSSYdUw="
SHARED_KEY = "cPnKHIRGMBhMXXhJvQxNQm0AvnHJcSqNBtoFCSSYdUw="
FACTS: dict[str, Any] = {
    "problems": 2,
    "applications": [["blog", "public", "healthy", 1, 1], ["api", "internal", "broken", 0, 0]],
    "proxies": [["public", "running", 1]],
    "certificates": [["blog.example.com", "public", NOW + 10.5 * 86_400]],
    "interface": "wg0",
    "clients": {KEY: "laptop", OTHER_KEY: "my phone"},
}
INTERFACE_LINE = f"private\t{KEY}\t51820\toff\n"


def peer(key: str, handshake: int, received: int = 0, sent: int = 0) -> str:
    """Return a line of the dump."""
    return f"{key}\t{SHARED_KEY}\t198.51.100.7:4242\t10.12.0.2/32\t{handshake}\t{received}\t{sent}\toff\n"


def lines(facts: dict[str, Any] = FACTS, dump: str = "") -> list[str]:
    return list(export.lines(facts, dump, NOW))


def test_lines_of_run_applications_proxies_and_certificates() -> None:
    assert lines() == [
        "shoestring_watchdog last_pass=1700000000i,problems=2i",
        'shoestring_application,application=blog,side=public up=1i,running=1i,state="healthy"',
        'shoestring_application,application=api,side=internal up=0i,running=0i,state="broken"',
        'shoestring_proxy,side=public up=1i,state="running"',
        "shoestring_certificate,name=blog.example.com,side=public days_left=10.5,expires=1700907200i",
    ]


@pytest.mark.parametrize(
    ("state", "health", "up"),
    [
        ("running", "", 1),
        ("running", "healthy", 1),
        ("running", "unhealthy", 0),
        ("exited", "", 0),
        ("paused", "", 0),
    ],
)
def test_of_applications_up_if_running_and_not_unhealthy(state: str, health: str, up: int) -> None:
    wanted = desired(application("a", web("a.com")))
    seen = Observed(running(wanted.projects[0], state, health), ())
    number = int(state == "running")
    assert export.application_lines(assess(wanted, seen), seen) == [["a", "public", health or state, up, number]]


@pytest.mark.parametrize(("state", "up"), [("running", 1), ("exited", 0)])
def test_of_applications_up_with_broken_file(state: str, up: int) -> None:
    """The run reports the file, and its containers keep running: an alert that they are down would be wrong."""
    valid = desired(application("a", web("a.com")))
    wanted = desired(broken("a", "x-external-host-name: [a.com]\nservices: {application: {image: a}}\n"))
    seen = Observed(running(valid.projects[0], state), ())
    assert export.application_lines(assess(wanted, seen), seen) == [["a", "public", "broken", up, up]]


def test_lines_of_vpn_clients_have_names_and_no_keys() -> None:
    dump = INTERFACE_LINE + peer(KEY, int(NOW) - 30, 1234, 5678) + peer(OTHER_KEY, 0)
    peers = lines(dump=dump)[-2:]
    assert peers == [
        "shoestring_peer,client=laptop rx_bytes=1234i,tx_bytes=5678i,handshake_age=30i,connected=1i",
        "shoestring_peer,client=my\\ phone rx_bytes=0i,tx_bytes=0i,handshake_age=-1i,connected=0i",
    ]
    assert not re.search(r"[A-Za-z0-9+/]{43}=", "\n".join(lines(dump=dump)))


def test_lines_of_client_with_ended_session() -> None:
    assert "connected=0i" in lines(dump=INTERFACE_LINE + peer(KEY, int(NOW) - 181))[-1]


def test_lines_leave_out_unknown_peer() -> None:
    assert not [
        line for line in lines(dump=INTERFACE_LINE + peer(SHARED_KEY, 0)) if line.startswith("shoestring_peer")
    ]


def test_lines_escape_names() -> None:
    facts = {**FACTS, "certificates": [["a b,c=d\\e", "public", NOW]]}
    assert "name=a\\ b\\,c\\=d\\\\e,side" in lines(facts)[-1]


def test_export_again_writes_only_while_telegraf_runs(tmp_path: Path) -> None:
    facts = {**FACTS, "interface": ""}
    assert export.export_again(str(tmp_path), "token")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / export.DIRECTORY).mkdir()
    assert not export.export_again(str(tmp_path), "token"), "only a full run knows what to export"
    (tmp_path / export.FACTS).write_text(json.dumps({"token": "token", "facts": facts}))
    assert not export.export_again(str(tmp_path), "another token"), "another command has changed something since"
    assert export.export_again(str(tmp_path), "token")
    file = tmp_path / export.DIRECTORY / export.FILE
    assert "application=blog" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640
