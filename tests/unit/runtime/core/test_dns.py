from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.base.paths import Paths, Side
from runtime.context.results import Code
from runtime.core.changes import InstallHostsFile
from runtime.core.dns import HostsFile, difference
from runtime.docker.observed import Observed
from runtime.reconcile.desired import Desired
from runtime.rollout.apply_project import ApplyProject
from tests.support.builders.runtime import application, desired, observed_of, plan_of, web

NOTHING = Observed((), ())
VPN = "wireguard: {enabled: on}\ninternal: {address: 10.12.0.1}\n"


def internal(name: str, *host_names: str) -> Desired:
    return desired(application(name, web(*host_names), Side.INTERNAL), settings_text=VPN)


def options(wanted: Desired) -> list[str]:
    service = wanted.core.generated.value["services"]["names"]
    found: list[str] = service["command"]
    return found


def test_core_without_vpn_has_no_dns_container() -> None:
    wanted = desired(application("a", web("a.internal.example.com"), Side.INTERNAL))
    assert wanted.hosts is None
    assert "names" not in wanted.core.generated.value["services"]


def test_hosts_file_has_only_internal_names() -> None:
    wanted = desired(
        application("b", web("b.internal.example.com", "wiki.other.org"), Side.INTERNAL),
        application("a", web("a.example.com")),
        settings_text=VPN,
    )
    assert wanted.hosts
    assert wanted.hosts.content.splitlines()[1:] == [
        "10.12.0.1 internal.example.com",
        "10.12.0.1 b.internal.example.com",
        "10.12.0.1 wiki.other.org",
    ]


def test_new_internal_name_does_not_restart_dns() -> None:
    one, two = internal("a", "a.internal.example.com"), internal("a", "b.internal.example.com")
    assert one.core == two.core
    assert one.hosts != two.hosts


def test_options_for_wildcards_and_other_domains() -> None:
    found = options(internal("a", "*.a.internal.example.com", "wiki.other.org", "b.internal.example.com"))
    assert "--local=/internal.example.com/" in found
    assert "--address=/*.a.internal.example.com/10.12.0.1" in found
    assert "--local=/*.a.internal.example.com/" in found
    assert "--local=/wiki.other.org/" in found
    assert not [each for each in found if "/b.internal" in each]


@pytest.mark.parametrize(
    ("dns", "servers"),
    [
        ("refuse", []),
        ("[]", []),
        (
            "[9.9.9.9, '127.0.0.1:5353', 'fd00::1', '[fd00::1]:54']",
            ["9.9.9.9", "127.0.0.1#5353", "fd00::1", "fd00::1#54"],
        ),
    ],
)
def test_options_upstream_servers(dns: str, servers: list[str]) -> None:
    wanted = desired(
        settings_text=f"wireguard: {{enabled: on, dns: {dns}}}\ninternal: {{address: 10.12.0.1}}\n",
    )
    found = [each.removeprefix("--server=") for each in options(wanted) if each.startswith("--server=")]
    assert found == servers


def test_dns_container_is_hardened() -> None:
    service = internal("a", "a.internal.example.com").core.generated.value["services"]["names"]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert service["user"] != "0:0"
    assert service["mem_limit"] == "32m"
    assert {(each["host_ip"], each["published"], each["protocol"]) for each in service["ports"]} == {
        ("10.12.0.1", "53", "udp"),
        ("10.12.0.1", "53", "tcp"),
    }


def test_difference_of_hosts_file(paths: Paths) -> None:
    wanted = HostsFile(paths.names_generated / "hosts", "# made\n10.12.0.1 a\n10.12.0.1 b\n")
    missing = difference(wanted)
    assert missing
    assert (missing.about, missing.lost) == ("new", True)
    paths.names_generated.mkdir(parents=True)
    assert difference(wanted) == replace(missing, lost=False)
    wanted.file.write_text("# made\n10.12.0.1 b\n10.12.0.1 c\n10.12.0.1 d\n")
    found = difference(wanted)
    assert found
    assert found.about == "1 new, 2 gone"
    wanted.file.write_text(wanted.content)
    assert difference(wanted) is None
    assert difference(None) is None


def test_plan_installs_hosts_file_before_dns_starts() -> None:
    wanted = internal("a", "a.internal.example.com")
    assert wanted.hosts
    change = InstallHostsFile(wanted.hosts.file, wanted.hosts.content, "new", lost=True)
    kinds = [each.kind for each in plan_of(wanted, NOTHING, (), change)]
    assert kinds.index("install-dns") < kinds.index("apply")


def test_plan_recreates_dns_that_lost_its_directory() -> None:
    wanted = internal("a", "a.internal.example.com")
    assert wanted.hosts
    change = InstallHostsFile(wanted.hosts.file, wanted.hosts.content, "new", lost=True)
    plan = plan_of(wanted, observed_of(wanted), (), change)
    recreated = [each.recreate for each in plan if isinstance(each, ApplyProject) and each.name == "core"]
    assert recreated == [("names",)]


def test_desired_leaves_out_proxy_without_address() -> None:
    wanted = desired(
        application("a", web("a.internal.example.com"), Side.INTERNAL),
        settings_text="internal: {address: 'auto:tailscale0'}\n",
    )
    assert [each.name for each in wanted.core.services] == ["haproxy-public"]
    assert [each.application for each in wanted.projects] == ["a"]
    assert [(each.code, each.subject) for each in wanted.warnings] == [(Code.NO_ADDRESS_YET, "proxy internal")]
    assert wanted.blocked == ()
