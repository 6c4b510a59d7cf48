from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pexpect
import pytest

from installer.agree import agreed, typed
from installer.host.timers import instances
from installer.report_uninstall import uninstall_json, uninstall_lines
from installer.uninstall import PACKAGE_HINT, Uninstall, unused_images
from runtime.changes import RemoveNetwork, RemoveProject
from runtime.constants import LABEL_INSTANCE
from runtime.errors import UsageError
from runtime.images import HAPROXY

WANTED = Uninstall(
    units=("shoestring.service",),
    changes=(RemoveProject("blog", "shoestring_blog", "stop"), RemoveNetwork("shoestring_main", "1")),
    tasks=("0123456789abcdef",),
    images=("localhost/shoestring/haproxy:1",),
    volumes=(),
    vpn="wg0",
    firewall=True,
    swap=True,
    daemon="put back as it was",
    record=True,
    directory=Path("/srv/shoestring"),
    purge=False,
    others=(),
    cron=(),
)


def test_the_plan_says_what_goes_and_what_stays() -> None:
    assert uninstall_lines(WANTED) == [
        "  -  timer       shoestring.service",
        "  -  containers  blog",
        "  -  network     shoestring_main",
        "  -  container   0123456789ab, left by a command",
        "  -  image       localhost/shoestring/haproxy:1",
        "  -  VPN         wg0, its interface and its file in /etc/wireguard",
        "  -  firewall    its table in nftables, and its unit",
        "  -  swap        that Shoestring added",
        "  ~  Docker      /etc/docker/daemon.json: put back as it was",
        "  -  record      of the data directory, in /etc/shoestring",
        "  The data directory stays: /srv/shoestring (with --purge it goes too).",
        f"  {PACKAGE_HINT}",
    ]


def test_a_purge_names_the_data_that_goes() -> None:
    lines = uninstall_lines(replace(WANTED, purge=True, volumes=("shoestring_blog_pages",)))
    assert "  -  volume      shoestring_blog_pages" in lines
    assert "  -  data        /srv/shoestring, with all that is in it" in lines
    assert not any("stays" in line for line in lines)


def test_others_and_cron_are_told() -> None:
    lines = uninstall_lines(replace(WANTED, others=("demo",), cron=(Path("/etc/cron.d/shoestring"),)))
    assert "  Other instances on this host keep images, swap and Docker's settings: demo." in lines
    assert any("/etc/cron.d/shoestring first" in line for line in lines)


def test_json() -> None:
    answer = json.loads(uninstall_json(WANTED))
    assert answer["changes"] == [
        {"kind": "remove", "name": "blog"},
        {"kind": "remove-network", "name": "shoestring_main"},
    ]
    assert (answer["version"], answer["directory"], answer["images"]) == (1, "/srv/shoestring", list(WANTED.images))


def test_images_of_ours_go_unless_somebody_else_uses_them() -> None:
    listed = [
        {"Id": "base", "Created": 1, "RepoTags": ["localhost/shoestring/base:1"]},
        {"Id": "built", "Created": 2, "RepoTags": ["localhost/shoestring/haproxy:1", "mine:1"]},
        {"Id": "pulled", "Created": 9, "RepoTags": [HAPROXY.reference]},
        {"Id": "used", "Created": 5, "RepoTags": ["localhost/shoestring/busybox:1"]},
        {"Id": "theirs", "Created": 6, "RepoTags": ["postgres:17"]},
        {"Id": "untagged", "Created": 7, "RepoTags": None},
    ]
    containers = [
        {"ImageID": "built", "Labels": {LABEL_INSTANCE: "shoestring"}},
        {"ImageID": "used", "Labels": None},
    ]
    assert list(unused_images(listed, containers, "shoestring")) == [
        HAPROXY.reference,
        "localhost/shoestring/haproxy:1",
        "localhost/shoestring/base:1",
    ]


def test_instances_are_known_by_their_units(tmp_path: Path) -> None:
    for name in ("shoestring-watchdog.service", "shoestring-watchdog@demo.service", "shoestring-watchdog.timer"):
        (tmp_path / name).write_text("")
    assert instances(tmp_path) == {"shoestring", "demo"}


def test_without_a_terminal_nothing_is_done_unasked() -> None:
    assert agreed("Remove?", yes=True)
    with pytest.raises(UsageError, match="--yes"):
        agreed("Remove?", yes=False)
    with pytest.raises(UsageError, match="--yes"):
        agreed("Remove?", yes=False, json=True)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("keys", "said"),
    [("/srv/a", "goes on"), (" /srv/a ", "goes on"), ("/srv", "That is not /srv/a"), ("", "not /srv/a")],
)
def test_a_name_is_typed_at_a_terminal(keys: str, said: str) -> None:
    """What goes for good is not agreed to by one key."""
    program = "from installer.agree import typed; typed('Type the path', '/srv/a'); print('It goes on.')"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    terminal = pexpect.spawn(sys.executable, ["-c", program], env=environment, encoding="utf-8", timeout=30)
    terminal.expect_exact("Type the path: ")
    terminal.sendline(keys)
    terminal.expect_exact(said)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert (terminal.exitstatus == 0) is (said == "goes on")


def test_a_name_must_be_as_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    typed("Type it", "/srv/a", "/srv/a")
    for given in ("", "/srv", "/srv/a/"):
        with pytest.raises(UsageError, match="nothing was removed"):
            typed("Type it", "/srv/a", given)
