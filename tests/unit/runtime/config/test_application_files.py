from __future__ import annotations

from pathlib import Path

import pytest

from runtime.base.paths import Side
from runtime.config import application_files
from runtime.config.applications import Application, Backend, BrokenApplication, TcpPort, proxy_alias
from tests.support.builders.runtime import application, broken, web

SIMPLE = """
x-external-host-names: [Blog.example.com, "*.example.org"]
x-container-port: 3000
x-health-check: /health
services:
  application: {image: "ghost:5", hostname: monitoring_grafana}
  database: {image: "mysql:8"}
"""
PAIRS = """
services:
  application:
    image: garage
    hostname: garage
    x-external-host-names:
      - [3900, s3.example.com]
      - [3901, rpc.example.com]
      - [3900, s3.example.org]
  admin:
    image: admin
    x-external-host-names: [[80, admin.example.com]]
"""


def test_application_with_plain_host_names() -> None:
    found = application("blog", SIMPLE)
    host_names = ("blog.example.com", "*.example.org")
    assert found.backends == (
        Backend(
            "monitoring_grafana",
            "blog",
            "application",
            proxy_alias("blog", "application"),
            3000,
            host_names,
            "/health",
        ),
    )
    assert found.host_names == host_names
    assert [(service.name, service.image) for service in found.services] == [
        ("application", "ghost:5"),
        ("database", "mysql:8"),
    ]
    assert found.aliases == {"application": ("monitoring_grafana", proxy_alias("blog", "application"))}
    assert found.not_proxied_because == ""


def test_application_with_port_and_host_name_pairs() -> None:
    found = application("garage", PAIRS)
    assert [(each.name, each.alias, each.port, each.host_names) for each in found.backends] == [
        ("garage_3900", proxy_alias("garage", "application"), 3900, ("s3.example.com", "s3.example.org")),
        ("garage_3901", proxy_alias("garage", "application"), 3901, ("rpc.example.com",)),
        ("garage-admin_80", proxy_alias("garage", "admin"), 80, ("admin.example.com",)),
    ]


def test_application_defaults() -> None:
    found = application("blog", web("blog.example.com"))
    assert found.backends == (
        Backend("blog", "blog", "application", proxy_alias("blog", "application"), 80, ("blog.example.com",)),
    )


def test_application_host_name_without_list() -> None:
    found = application("a", "x-external-host-names: a.example.com\nservices: {application: {image: a}}\n")
    assert found.host_names == ("a.example.com",)


def test_application_tcp_ports_on_internal_side_only() -> None:
    text = "x-external-tcp-ports: [5432, '15432:5433']\nservices: {application: {image: p, hostname: pg}}\n"
    found = application("postgres", text, Side.INTERNAL)
    alias = proxy_alias("postgres", "application")
    assert found.tcp_ports == (TcpPort("postgres", alias, 5432, 5432), TcpPort("postgres", alias, 15432, 5433))
    assert found.aliases == {"application": ("pg", alias)}
    assert "internal side only" in broken("postgres", text, Side.PUBLIC).problems[0].what


def test_application_open_ports() -> None:
    found = application("game", "x-open-ports: [25565, 53/udp]\n" + web("a.com"))
    assert [str(each) for each in found.open_ports] == ["25565/tcp", "53/udp"]
    assert application("telemetry", "x-open-telemetry: mine\n" + web("a.com")).open_ports == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("services: {application: {image: a}}\n", "it has no x-external-host-names"),
        ("x-external-host-names: [a.com]\nservices: {web: {image: a}}\n", "it has no service named application"),
        ("x-external-host-names: []\nservices: {application: {image: a}}\n", "it has no x-external-host-names"),
        ("services: {task: {image: a}}\n", ""),
    ],
)
def test_application_not_proxied_because(text: str, why: str) -> None:
    found = application("a", text)
    assert found.backends == ()
    assert found.not_proxied_because == why


def test_application_accepts_unknown_extension_keys() -> None:
    text = "x-logging: &log {driver: local}\nservices: {application: {image: a, logging: *log, x-note: hi}}\n"
    assert application("a", text).services[0].definition["logging"] == {"driver": "local"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "x-external-host-name: [a.com]\nservices: {application: {image: a}}\n",
            "a.yaml:1 x-external-host-name: unknown key; did you mean x-external-host-names?",
        ),
        (
            "services:\n  application:\n    image: a\n    x-external-hosts: [a.com]\n",
            "a.yaml:4 x-external-hosts: unknown key; did you mean x-external-host-names?",
        ),
        (web("a.com\n    http-request deny"), "is not a host name"),
        (web("a.com") + "x-container-port: 99999\n", "x-container-port: 99999 is not a port (1 to 65535)"),
        (web("a.com", "a.com"), "has a duplicate host name"),
        ("services: []\n", "services: is missing"),
        ("services: {application: text}\n", "services.application: is not a mapping"),
        (
            web("a.com", more="    network_mode: host\n"),
            "services.application.network_mode: a proxied service cannot",
        ),
        (web("a.com", more="    hostname: 'a b'\n"), "services.application.hostname: 'a b' is not a host name"),
        (
            "services: {application: {image: a, x-external-host-names: [a.com]}}\n",
            "is not a [port, host name] pair, such as [3900, files.example.com]",
        ),
        ("x-health-check: health\n" + web("a.com"), "x-health-check: 'health' is not an HTTP path"),
        ("x-open-port: [53]\n" + web("a.com"), "x-open-port: unknown key; did you mean x-open-ports?"),
        ("x-open-ports: [53, dns]\n" + web("a.com"), "x-open-ports[1]: 'dns' is not a port; one looks like 25565"),
        ("x-open-ports: 53\n" + web("a.com"), "x-open-ports: is not a list of ports"),
    ],
)
def test_application_problems(text: str, expected: str) -> None:
    assert any(expected in str(problem) for problem in broken("a", text).problems)


def test_application_name_problems() -> None:
    assert "is not a name" in str(broken("My App", web("a.com")).problems[0])
    assert "is reserved for the proxies" in str(broken("core", web("a.com")).problems[0])


def test_load_side_reads_all_files(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yaml", "b.yaml", ".hidden.yaml", "notes.txt", "c.yaml~"):
        (tmp_path / name).write_text(web(f"{name[0]}.example.com") if name[0] in "abc" else "x")
    (tmp_path / "d.yaml").write_text("a: [\n")
    (tmp_path / "e.yaml").mkdir()
    found = application_files.load_side(tmp_path, Side.PUBLIC)
    assert [(each.file.name, type(each)) for each in found] == [
        ("a.yaml", Application),
        ("b.yaml", Application),
        ("b.yml", BrokenApplication),
        ("d.yaml", BrokenApplication),
        ("e.yaml", BrokenApplication),
    ]
    assert isinstance(found[2], BrokenApplication)
    assert "second file of the application b, beside b.yaml" in found[2].problems[0].what


def test_load_side_of_missing_directory_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        application_files.load_side(tmp_path / "none", Side.PUBLIC)
