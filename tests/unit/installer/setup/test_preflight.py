"""The refusals of setup, and their messages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from installer.host.facts import EngineFacts, Facts
from installer.host.ports import ListeningSocket, PublishingContainer
from installer.setup import preflight
from installer.setup.preflight import DirectoryState, Preflight, SetupRefusedError
from runtime.base.errors import ExitCode
from runtime.base.paths import Paths
from runtime.config.listen_address import FixedAddress, FollowedInterface
from runtime.config.sections import InternalSettings, InternalTls, PublicSettings, WireguardSettings
from runtime.config.settings import Settings

ROOT = Path("/srv/shoestring")
SETTINGS = Settings(
    domain="example.com",
    email="ops@example.com",
    public=PublicSettings(address="203.0.113.7"),
    internal=InternalSettings(address=FixedAddress("127.0.0.1"), http_port=80),
)
CORE_FILE = "/srv/shoestring/generated/core.compose.yaml"


def check(
    facts: Facts,
    settings: Settings = SETTINGS,
    directory: DirectoryState = DirectoryState.FREE,
    unbindable: frozenset[tuple[str, int]] = frozenset(),
) -> tuple[str, ...]:
    return preflight.problems(Preflight(facts, settings, Paths(ROOT), directory, unbindable))


def publishing(facts: Facts, *containers: PublishingContainer) -> Facts:
    return replace(facts, engine=EngineFacts("28.5.2", containers))


def test_problems_of_fresh_host(facts: Facts) -> None:
    assert preflight.host_problems(facts) == ()
    assert check(facts) == ()


@pytest.mark.parametrize(("version", "fine"), [("2.20.0", True), ("2.19.1", False), ("2.3", False), ("5.0.1", True)])
def test_host_problems_of_compose_version(facts: Facts, version: str, fine: bool) -> None:
    found = preflight.host_problems(replace(facts, compose_version=version))
    assert (found == ()) is fine
    if not fine:
        assert found[0].startswith(f"Docker Compose {version} is too old; Shoestring needs 2.20 or later.")


def test_host_problems_are_reported_together(facts: Facts) -> None:
    bare = replace(facts, addresses=(), has_git=False, compose_version="", engine=EngineFacts(problem="No Docker."))
    with pytest.raises(SetupRefusedError) as refusal:
        preflight.refuse(preflight.host_problems(bare))
    assert len(refusal.value.problems) == 4
    assert "No Docker." in str(refusal.value)
    assert "Install the package iproute2" in str(refusal.value)
    assert refusal.value.exit_code is ExitCode.FAILED


def test_host_problems_without_root(facts: Facts) -> None:
    user = replace(facts, is_root=False, engine=EngineFacts(problem="Permission denied."))
    assert preflight.host_problems(user) == ("Setup needs root. Run it again with: sudo shoestring setup",)


def test_problems_of_other_address(facts: Facts) -> None:
    settings = replace(SETTINGS, internal=InternalSettings(address=FixedAddress("10.12.0.1")))
    assert check(facts, settings) == (
        "internal.address: 10.12.0.1 is not an address of this host; "
        "it has 127.0.0.1, ::1, 203.0.113.7, 10.0.0.5, 172.17.0.1",
    )


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "127.0.0.1", "127.8.8.8", "10.0.0.5"])
def test_address_problem_of_own_addresses(facts: Facts, address: str) -> None:
    assert preflight.address_problem(facts, ("public", "address"), address) == ""


def test_problems_port_used_by_unit(facts: Facts) -> None:
    taken = replace(facts, listeners=(ListeningSocket("0.0.0.0", 80, "nginx", 812, "nginx"),))
    found = check(taken)
    assert found[0] == (
        "Port 80 is used by nginx (process 812). Stop it (systemctl disable --now nginx) "
        "or choose another public.http_port."
    )
    assert found[1].endswith("or choose another internal.http_port.")


def test_problems_internal_https_port_in_use(facts: Facts) -> None:
    taken = replace(facts, listeners=(ListeningSocket("127.0.0.1", 8444, "node", 99),))
    assert check(taken)[0].endswith("or choose another internal.https_port.")
    assert check(taken, replace(SETTINGS, internal=InternalSettings(tls=InternalTls.NONE))) == ()


def test_problems_port_used_by_process_or_unknown(facts: Facts) -> None:
    taken = replace(facts, listeners=(ListeningSocket("203.0.113.7", 443, "node", 99),))
    assert check(taken) == (
        "Port 443 is used by node (process 99). Stop it (kill 99) or choose another public.https_port.",
    )
    found = check(facts, unbindable=frozenset([("203.0.113.7", 443)]))
    assert found == ("Port 443 is used by an unknown process. Stop it or choose another public.https_port.",)


def test_problems_port_used_at_other_address(facts: Facts) -> None:
    assert check(replace(facts, listeners=(ListeningSocket("10.0.0.5", 80, "nginx", 812),))) == ()


def test_problems_port_published_by_container(facts: Facts) -> None:
    proxied = replace(
        publishing(facts, PublishingContainer("web", "shop", "/root/shop.yaml", (("0.0.0.0", 443),))),
        listeners=(ListeningSocket("0.0.0.0", 443, "docker-proxy", 9),),
    )
    assert check(proxied) == (
        "Port 443 is used by the container web. Stop it (docker stop web) or choose another public.https_port.",
    )


def test_problems_ignore_own_ipv6_proxy(facts: Facts) -> None:
    assert SETTINGS.public
    settings = replace(SETTINGS, public=replace(SETTINGS.public, address="::"))
    listens = replace(
        facts, listeners=(ListeningSocket("::", 80, "haproxy", 77), ListeningSocket("::", 443, "haproxy", 77))
    )
    own = publishing(
        listens, PublishingContainer("shoestring_core-haproxy-public-ipv6-1", "shoestring_core", "/x.yaml", ())
    )
    assert [each for each in check(own, settings) if "is taken" in each] == []
    assert len(check(listens, settings)) == 3


def test_problems_ignore_own_proxy(facts: Facts) -> None:
    running = replace(
        publishing(
            facts, PublishingContainer("p", "shoestring_core", CORE_FILE, (("203.0.113.7", 80), ("203.0.113.7", 443)))
        ),
        listeners=(ListeningSocket("203.0.113.7", 80, "docker-proxy", 9),),
    )
    unbindable = frozenset([("203.0.113.7", 80), ("203.0.113.7", 443)])
    assert check(running, directory=DirectoryState.OURS, unbindable=unbindable) == ()


def test_problems_instance_of_other_directory(facts: Facts) -> None:
    other = CORE_FILE.replace("/srv/shoestring", "/srv/other")
    found = check(publishing(facts, PublishingContainer("p", "shoestring_core", other, ())))
    assert found == (
        "instance: shoestring already runs from /srv/other. "
        "Set up that directory, or give another instance in the answers.",
    )


def test_directory_state(tmp_path: Path) -> None:
    def state(name: str) -> DirectoryState:
        return preflight.directory_state(Paths(tmp_path / name))

    assert state("none") is DirectoryState.FREE
    (tmp_path / "empty").mkdir()
    assert state("empty") is DirectoryState.FREE
    (tmp_path / "file").touch()
    assert state("file") is DirectoryState.NOT_A_DIRECTORY
    (tmp_path / "dangling").symlink_to("nowhere")
    assert state("dangling") is DirectoryState.NOT_A_DIRECTORY
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    assert state("full") is DirectoryState.NOT_EMPTY
    (tmp_path / "ours" / "conf").mkdir(parents=True)
    (tmp_path / "ours" / "conf" / "shoestring.yaml").touch()
    assert state("ours") is DirectoryState.OURS
    assert preflight.directory_state(Paths(Path("/dev/shm"))) in (
        DirectoryState.MOUNT_POINT,
        DirectoryState.NOT_EMPTY,
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (DirectoryState.NOT_EMPTY, "is not empty, and not a Shoestring data directory"),
        (DirectoryState.NOT_A_DIRECTORY, "is not a directory"),
        (DirectoryState.MOUNT_POINT, "Choose a directory below it, such as /srv/shoestring/shoestring."),
    ],
)
def test_problems_of_directory_state(facts: Facts, state: DirectoryState, words: str) -> None:
    (found,) = check(facts, directory=state)
    assert words in found
    with pytest.raises(SetupRefusedError) as refusal:
        preflight.refuse((), (found,))
    assert str(refusal.value) == found
    assert refusal.value.exit_code is ExitCode.USAGE


def test_problems_address_of_enabled_vpn(facts: Facts) -> None:
    internal = InternalSettings(address=FixedAddress("10.12.0.1"), http_port=80)
    assert check(facts, replace(SETTINGS, internal=internal)) != ()
    assert check(facts, replace(SETTINGS, internal=internal, wireguard=WireguardSettings(enabled=True))) == ()


def test_problems_of_vpn_requirements(facts: Facts) -> None:
    found = Preflight(facts, SETTINGS, Paths(ROOT), DirectoryState.FREE, frozenset(), ("Install WireGuard.", ""))
    assert preflight.problems(found) == ("Install WireGuard.",)


def test_problems_ignore_followed_interface(facts: Facts) -> None:
    internal = InternalSettings(address=FollowedInterface("tailscale0"))
    assert check(facts, replace(SETTINGS, internal=internal)) == ()
    assert not preflight.is_world_reachable("")
