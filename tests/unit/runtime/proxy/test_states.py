"""Which server states are kept over a reload; the first two lines are HAProxy 3.0.11's."""

from __future__ import annotations

import pytest

from runtime.proxy import states
from runtime.proxy.states import carry_over

HEADER = (
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state "
    "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr "
    "srv_agent_addr srv_agent_port\n"
)
DRAINED = "4 blog 2 server-2 172.18.0.2 2 8 1 1 4 6 3 2 6 0 0 0 blog 8000 - 0 0 - - 0\n"
EMPTY = "4 blog 3 server-3 - 0 32 1 1 4 1 0 0 14 0 0 0 blog 8000 - 0 0 - - 0\n"
FIXED = "5 far 1 server-1 192.0.2.1 2 0 1 1 4 6 3 2 6 0 0 0 - 443 - 1 0 - - 0\n"
CONFIGURATION = """
backend blog
    server-template server- 1-4 blog:8000 check resolvers docker
  backend far
  server server-1 192.0.2.1:443 ssl verify none
"""


def test_kept_has_unchanged_servers() -> None:
    assert carry_over(HEADER + DRAINED + EMPTY + FIXED + "\n", CONFIGURATION) == HEADER + DRAINED + FIXED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("blog:8000", "blog:8001"),
        ("blog:8000", "other:8000"),
        ("blog:8000", "blog:8000 ssl"),
        ("backend blog", "backend else"),
        ("    server-template", "    # server-template"),
    ],
)
def test_kept_leaves_out_changed_servers(old: str, new: str) -> None:
    assert carry_over(HEADER + DRAINED + FIXED, CONFIGURATION.replace(old, new)) == HEADER + FIXED


@pytest.mark.parametrize("states", ["", "Permission denied\n", "2\n# be_id\n", "1\n"])
def test_kept_of_unknown_answer_is_empty(states: str) -> None:
    assert carry_over(states, CONFIGURATION) == "1\n"


def test_health_paths_of_configuration() -> None:
    text = (
        "backend a\n    option httpchk\n    http-check send meth GET uri /health ver HTTP/1.1 hdr Host a\n"
        "    http-check expect status 200-399\nbackend b\n    server s b:80 check\n"
    )
    assert states.health_paths(text) == {"a": "/health"}
