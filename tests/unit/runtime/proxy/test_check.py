"""Messages recorded from HAProxy 3.0.11."""

from __future__ import annotations

from runtime.proxy.check import CheckMessage, parse

REFUSED = """\
[NOTICE]   (1) : haproxy version is 3.0.11-1+deb13u3
[NOTICE]   (1) : path to executable is /usr/sbin/haproxy
[ALERT]    (1) : config : parsing [/usr/local/etc/haproxy/haproxy.cfg:34] : unknown keyword 'maxcon' in 'global' section; did you mean 'maxconn' maybe ?
[ALERT]    (1) : config : Error(s) found in configuration file : /usr/local/etc/haproxy/haproxy.cfg
[ALERT]    (1) : config : Fatal errors found in configuration.
"""  # noqa: E501
NOT_STARTED = """\
[NOTICE]   (1) : haproxy version is 3.0.11-1+deb13u3
[ALERT]    (1) : Binding [/usr/local/etc/haproxy/haproxy.cfg:77] for frontend _web: protocol tcpv4: cannot bind socket (Cannot assign requested address) for [192.0.2.1:80].
[ALERT]    (1) : [haproxy.main()] Some protocols failed to start their listeners! Exiting.
"""  # noqa: E501
WARNED = """\
[NOTICE]   (1) : config : config: Can't open global server state file '/run/haproxy/servers.state': No such file or directory
[WARNING]  (1) : config : 'option idle-close-on-response' ignored for proxy '_tcp_5432' as it requires HTTP mode.
Warnings were found.
"""  # noqa: E501


def test_parse_refusal_has_message_and_line() -> None:
    result = parse(1, REFUSED)
    assert not result.ok
    what = "unknown keyword 'maxcon' in 'global' section; did you mean 'maxconn' maybe ?"
    assert result.errors == (CheckMessage(34, what),)


def test_parse_finds_line_within_message() -> None:
    first, second = parse(1, NOT_STARTED).errors
    assert first.line == 77
    assert first.text.startswith("Binding for frontend _web: protocol tcpv4: cannot bind socket")
    assert second == CheckMessage(0, "[haproxy.main()] Some protocols failed to start their listeners! Exiting.")


def test_parse_warnings_are_ok() -> None:
    result = parse(0, WARNED)
    assert result.ok
    assert [message.text for message in result.warnings] == [
        "'option idle-close-on-response' ignored for proxy '_tcp_5432' as it requires HTTP mode."
    ]


def test_parse_exit_without_message_is_refusal() -> None:
    assert parse(137, "").errors == (CheckMessage(0, "HAProxy ended with exit code 137"),)
    assert parse(127, "exec: haproxy: not found\n").errors == (CheckMessage(0, "exec: haproxy: not found"),)
