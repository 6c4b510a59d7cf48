"""A host's firewall as data: its ruleset, what listens, and the state of its timer."""

from __future__ import annotations

from installer.firewall.manage import Firewall
from installer.host.ports import ListeningSocket
from installer.host.timers import TimerState
from runtime.firewall import model, rules
from runtime.network.netlink import LOCAL, UNICAST
from tests.support.builders.runtime import PATHS, application, desired

GAME = "x-open-ports: [25565]\nservices: {application: {image: g, ports: ['9999:80', '25565:80', '127.0.0.1:5:5']}}\n"
LISTENERS = (
    *(
        ListeningSocket("0.0.0.0", 22, "sshd"),
        ListeningSocket("0.0.0.0", 80, "docker-proxy"),
        ListeningSocket("0.0.0.0", 9999, "docker-proxy"),
    ),
    *(
        ListeningSocket("::", 111, "rpcbind"),
        ListeningSocket("0.0.0.0", 111, "rpcbind"),
        ListeningSocket("127.0.0.1", 5, "docker-proxy"),
    ),
    ListeningSocket("10.0.0.5", 8081, "docker-proxy"),
)
UDP = (
    ListeningSocket("0.0.0.0", 68, "dhclient"),
    ListeningSocket("0.0.0.0", 5353, "avahi-daemon"),
    ListeningSocket("127.0.0.1", 323, "chronyd"),
)


def firewall(settings: str = "internal: {address: 10.0.0.5, tls: none}\n") -> Firewall:
    wanted = desired(application("game", GAME), settings_text=settings)
    routes = (("eth1", "10.0.0.5/32", LOCAL), ("eth1", "10.0.0.0/24", UNICAST))
    ruleset = model.build(wanted.settings, wanted.known, {}, (22,), routes=routes)
    closed = tuple((each, port) for each in wanted.known for port in model.closed(each, wanted.internal_address, {}))
    made = rules.render(ruleset)
    return Firewall(
        PATHS, wanted, ruleset, made, None, "", False, closed, LISTENERS, UDP, frozenset({22}), TimerState.ON
    )
