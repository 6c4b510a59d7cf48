"""Screens of `shoestring firewall`."""

from __future__ import annotations

from dataclasses import replace

from installer.firewall import report
from installer.firewall.manage import Firewall
from installer.firewall.ssh_sessions import SshSession, objections
from installer.host.ports import ListeningSocket
from installer.host.timers import TimerState
from runtime.firewall import model, rules
from runtime.firewall.table import InstalledTable
from runtime.network.netlink import LOCAL, UNICAST
from tests.support.builders.runtime import PATHS, application, desired
from tests.support.screens.screen import Screens, sections

_GAME = "x-open-ports: [25565]\nservices: {application: {image: g, ports: ['9999:80', '25565:80']}}\n"
_LISTENERS = (
    ListeningSocket("0.0.0.0", 22, "sshd"),
    ListeningSocket("::", 111, "rpcbind"),
    ListeningSocket("127.0.0.1", 5, "x"),
)
_UDP = (ListeningSocket("0.0.0.0", 68, "dhclient"), ListeningSocket("0.0.0.0", 5353, "avahi-daemon"))
_ROUTES = (("eth1", "10.0.0.5/32", LOCAL), ("eth1", "10.0.0.0/24", UNICAST))


def _firewall(settings: str = "firewall: on\ninternal: {address: 10.0.0.5, tls: none}\n") -> Firewall:
    wanted = desired(application("game", _GAME), settings_text=settings)
    built = model.build(wanted.settings, wanted.known, {}, (22,), routes=_ROUTES)
    closed = tuple((each, port) for each in wanted.known for port in model.closed(each, wanted.internal_address, {}))
    made = rules.render(built)
    return Firewall(
        PATHS, wanted, built, made, None, "", False, closed, _LISTENERS, _UDP, frozenset({22}), TimerState.ON
    )


def _states() -> list[str]:
    off = _firewall()
    on = replace(off, confirmed=True, present=InstalledTable(off.rules.mark, ""))
    every = (
        _firewall("internal: {address: 10.0.0.5, tls: none}\n"),
        off,
        replace(off, elsewhere=True),
        replace(off, present=on.present),
        on,
        *(replace(on, boot=boot) for boot in (TimerState.OFF, TimerState.MISSING, TimerState.OUTDATED)),
        replace(on, present=None),
        replace(on, present=InstalledTable("another", "")),
    )
    return [f"  firewall  {report.state(each)}" for each in every]


def _objections() -> list[str]:
    ruleset = _firewall().ruleset
    peers = (SshSession("10.9.0.7", "10.0.0.5", "eth1", frozenset({"eth2"})),)
    return [f"  {each}" for each in objections(peers, ruleset)]


def _status() -> str:
    return sections(
        states=_states(),
        ports=report.lines(_firewall()),
        lockout=_objections(),
        without_systemd=[f"  {each}" for each in report.notes(replace(_firewall(), boot=None))],
    )


SCREENS: Screens = {"firewall-status": _status}
