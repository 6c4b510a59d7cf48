from __future__ import annotations

import pytest
import yaml

from runtime.base.errors import ShoestringError
from runtime.base.paths import Paths, Side
from runtime.context.results import Code
from runtime.proxy.model import ProxyModel
from runtime.reconcile.desired import Desired, read
from tests.support.builders.runtime import RUN, application, broken, desired, make_settings, web

INTERNAL = "x-external-host-names: [{0}.internal.example.com]\nservices: {{application: {{image: a}}}}\n"


def proxy(wanted: Desired, side: Side) -> ProxyModel:
    return next(model for model in wanted.proxies if model.side is side)


def test_build_puts_applications_on_their_sides() -> None:
    wanted = desired(application("a", web("a.com")), application("b", INTERNAL.format("b"), Side.INTERNAL))
    assert [each.name for each in proxy(wanted, Side.PUBLIC).backends] == ["a"]
    assert [each.name for each in proxy(wanted, Side.INTERNAL).backends] == ["b"]
    assert wanted.networks == ("shoestring_main", "shoestring_internal")
    assert [each.name for each in wanted.core.services] == ["haproxy-public", "haproxy-internal"]


def test_build_links_of_internal_proxy() -> None:
    wanted = desired(
        application("a", web("a.com", "*.a.com")),
        application("b", INTERNAL.format("b"), Side.INTERNAL),
        settings_text="public: {https_port: 8443}\n",
    )
    internal = proxy(wanted, Side.INTERNAL)
    assert internal.index_host == "internal.example.com"
    assert [(link.application, link.urls) for link in internal.links] == [
        ("a", ("https://a.com:8443/",)),
        ("b", ("https://b.internal.example.com:8444/",)),
    ]
    assert proxy(wanted, Side.PUBLIC).links == ()


def test_conflict_of_host_names() -> None:
    wanted = desired(application("b", web("x.com", "b.com")), application("a", web("x.com")))
    assert [str(each) for each in wanted.conflicts] == [
        "b.yaml:1 x-external-host-names: the host name x.com belongs to a.yaml already; "
        "remove it from one of the two files"
    ]
    names = {each.name: each.host_names for each in proxy(wanted, Side.PUBLIC).backends}
    assert names == {"a": ("x.com",), "b": ("b.com",)}
    assert {project.application for project in wanted.projects} == {"a", "b"}


def test_no_conflict_of_host_name_on_both_sides() -> None:
    wanted = desired(application("a", web("x.com")), application("b", web("x.com"), Side.INTERNAL))
    assert wanted.conflicts == ()


def test_conflict_of_backend_names() -> None:
    text = web("{0}.com", more="    hostname: same\n")
    wanted = desired(application("a", text.replace("{0}", "a")), application("b", text.replace("{0}", "b")))
    assert "the backend same belongs to a.yaml already" in str(wanted.conflicts[0])
    assert [each.application for each in proxy(wanted, Side.PUBLIC).backends] == ["a"]


def test_conflict_of_tcp_ports() -> None:
    text = "x-external-tcp-ports: [{0}]\nservices: {{application: {{image: p}}}}\n"
    wanted = desired(
        *(
            application(name, text.format(ports), Side.INTERNAL)
            for name, ports in (("a", "5432, 80, 443"), ("b", "5432, 8081, 8444"))
        )
    )
    conflicts = [str(each) for each in wanted.conflicts]
    assert len(conflicts) == 5
    assert "80 is the internal proxy's own" in conflicts[0]
    assert "443 is the internal proxy's own" in conflicts[1]
    assert "the TCP port 5432 belongs to a.yaml already" in conflicts[2]
    assert "8081 is the internal proxy's own" in conflicts[3]
    assert "8444 is the internal proxy's own" in conflicts[4]
    assert [tcp.port for tcp in proxy(wanted, Side.INTERNAL).tcp_ports] == [5432]
    published = yaml.safe_load(wanted.core.generated.content)["services"]["haproxy-internal"]["ports"]
    assert [(port["host_ip"], port["published"], port["target"]) for port in published] == [
        ("127.0.0.1", "8081", 80),
        ("127.0.0.1", "8444", 443),
        ("127.0.0.1", "5432", 5432),
    ]


def test_build_refuses_application_name_on_both_sides() -> None:
    wanted = desired(application("a", web("a.com")), application("a", web("b.com"), Side.INTERNAL))
    assert "the public side has an application a already" in str(wanted.problems[0])
    assert [project.side for project in wanted.projects] == [Side.PUBLIC]


def test_build_keeps_accepted_host_names_of_broken_file() -> None:
    wanted = desired(
        application("good", web("good.com")),
        broken("bad", "x-external-host-name: [bad.com]\nservices: {application: {image: a}}\n"),
        accepted=(application("bad", web("bad.com")),),
    )
    assert [each.name for each in proxy(wanted, Side.PUBLIC).backends] == ["bad", "good"]
    assert [project.application for project in wanted.projects] == ["good"]
    assert len(wanted.problems) == 1


def test_build_warns_of_application_not_proxied() -> None:
    wanted = desired(application("job", "x-external-host-names: [job.com]\nservices: {task: {image: a}}\n"))
    assert [(each.code, each.subject) for each in wanted.warnings] == [(Code.NOT_PROXIED, "job")]
    assert [project.application for project in wanted.projects] == ["job"]


@pytest.mark.parametrize(
    "invalid",
    [
        "networks: [main]\n",
        "networks: {main: text}\n",
        "configs: [a]\nservices: {application: {image: a, configs: [a]}}\n",
        "services: {application: {image: a, networks: [{main: {}}]}}\n",
        "services: {application: {image: a, networks: 5}}\n",
    ],
)
def test_build_invalid_form_affects_only_its_file(invalid: str) -> None:
    text = invalid if "services" in invalid else invalid + "services: {application: {image: a}}\n"
    wanted = desired(
        application("invalid", f"x-external-host-names: [invalid.com]\n{text}"), application("a", web("a.com"))
    )
    assert [project.application for project in wanted.projects if project.application != "invalid"] == ["a"]
    assert len(wanted.broken) + len([each for each in wanted.projects if each.application == "invalid"]) == 1
    assert "a.com" in [name for backend in proxy(wanted, Side.PUBLIC).backends for name in backend.host_names]


def test_build_accepts_keys_that_are_not_text() -> None:
    invalid = web("a.com", more="    environment: {ON: '1', FOO: b, 2026-01-01: c}\n")
    assert desired(application("a", invalid)).broken == ()


def test_build_aliases_are_unique() -> None:
    named = application("api", web("api.com"))
    other = application("shop", web("shop.com", more="  api:\n    image: a\n    networks: [main]\n"))
    third = application("application", web("x.com"))
    backends = proxy(desired(named, other, third), Side.PUBLIC).backends
    assert len({backend.alias for backend in backends}) == 3
    assert not {backend.alias for backend in backends} & {"api", "application", "shop"}


def test_build_side_off_has_no_proxy() -> None:
    wanted = desired(settings_text="internal: off\n")
    assert [model.side for model in wanted.proxies] == [Side.PUBLIC]
    assert wanted.networks == ("shoestring_main",)


def test_build_hardens_core_services() -> None:
    content = yaml.safe_load(desired().core.generated.content)
    for service in content["services"].values():
        assert service["user"] == "99:99"
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["mem_limit"]
        assert [mount["target"] for mount in service["volumes"] if not mount["read_only"]] == ["/run/haproxy"]


def test_read_missing_directory_raises(tmp_path: object, paths: Paths) -> None:
    paths.applications(Side.PUBLIC).rmdir()
    with pytest.raises(ShoestringError, match="cannot be read .*; nothing was changed"):
        read(make_settings(), paths)


def test_read_uses_accepted_copy_of_broken_file(paths: Paths) -> None:
    (paths.applications(Side.PUBLIC) / "a.yaml").write_text("a: [")
    copy = paths.accepted(Side.PUBLIC, "a")
    copy.parent.mkdir(parents=True)
    copy.write_text(web("a.com"))
    sources = read(make_settings(), paths)
    assert [each.host_names for each in sources.accepted] == [("a.com",)]
    assert [each.name for each in sources.broken] == ["a"]
    assert sources.variables == {"DATA_BASE_PATH": str(paths.data)}
    assert RUN.lock.name == "lock"


def test_build_names_the_applications_with_access_to_the_host() -> None:
    files = (
        application("blog", web("blog.example.com")),
        application("agent", "services: {agent: {image: 'agent:1', pid: host, privileged: true}}\n"),
        broken("shop", "services: {application: {image: 'shop:1'}}\nx-container-port: 0\n"),
        application("thief", "services: {thief: {image: 'thief:1', volumes: ['${DATA_BASE_PATH}/shop:/data']}}\n"),
    )
    found = desired(*files).host_access
    assert [(each.code, each.subject) for each in found] == [(Code.HOST_ACCESS, "agent"), (Code.HOST_ACCESS, "thief")]
