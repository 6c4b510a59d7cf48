"""Screens of errors: settings and application files with mistakes, and what ends a command."""

from __future__ import annotations

from pathlib import Path

from runtime.base import yaml_documents
from runtime.base.errors import ShoestringError, explain
from runtime.base.paths import Side
from runtime.base.yaml_documents import DocumentError
from runtime.config import settings
from runtime.config.applications import BrokenApplication
from tests.support.builders.runtime import application, broken, desired, load, web
from tests.support.screens.screen import Screens, sections

_SETTINGS = """
domain: example
email: ops
instance: Shoe String
public: {address: 10.0.0.300, http_port: 70000, https_port: 80000}
internal: {address: "auto:", tls: maybe, htp_port: 80}
networks: {main: main, additional: [main]}
wireguard: {enabled: perhaps, network: 10.12.0.0/99}
acme: {server: ftp://x}
images: {source: nowhere}
notify: {url: example.com}
firewall: sometimes
colour: red
"""
_SAME_PORTS = """
domain: example.com
email: ops@example.com
public: {address: 203.0.113.7, http_port: 80}
internal: {address: 203.0.113.7, http_port: 80, https_port: 80}
"""
_APPLICATIONS = {
    "no_yaml": "services: {application: [",
    "no_services": "x-container-port: 80\n",
    "host_name": web("a_1.example.com", "*", "https://example.com"),
    "port": web("a.example.com", more="x-container-port: http\n"),
    "rollout": web("a.example.com", more="x-rollout: {order: random, health_timeout: -1}\n"),
    "unknown_key_of_rollout": web("a.example.com", more="x-rollout: {speed: 3}\n"),
    "open_ports": web("a.example.com", more="x-open-ports: [0, 80/icmp, 9-1]\n"),
    "tcp_ports": web("a.example.com", more="x-external-tcp-ports: [80, 5432:x]\n"),
}


def _settings(text: str) -> list[str]:
    try:
        settings.from_document(yaml_documents.parse(Path("/srv/test/conf/shoestring.yaml"), text))
    except (ShoestringError, DocumentError) as error:
        return str(error).splitlines()
    raise AssertionError("the settings have no mistake")


def _application(text: str) -> list[str]:
    try:
        loaded = load("shop", text)
    except DocumentError as error:
        return [f"  ✗ {error}"]
    if isinstance(loaded, BrokenApplication):
        return [f"  ✗ {problem}" for problem in loaded.problems]
    return [f"  ✗ {problem}" for problem in desired(loaded).problems] or ["  accepted"]


def _conflicts() -> list[str]:
    """Return what is wrong between files that are valid each."""
    wanted = desired(
        application("blog", web("a.example.com")),
        application("shop", web("a.example.com")),
        application("wiki", web("internal.example.com"), Side.INTERNAL),
        broken("bad", "services: 3\n"),
    )
    return [*(f"  ✗ {problem}" for problem in wanted.problems), *(f"  {note}" for note in wanted.warnings)]


def _errors() -> list[str]:
    return [
        explain(each)[0]
        for each in (
            PermissionError(13, "Permission denied", "/srv/test/conf"),
            KeyError("host"),
            ShoestringError("A."),
        )
    ]


def _files() -> str:
    mistakes = {name: _application(text) for name, text in _APPLICATIONS.items()}
    return sections(**mistakes, conflicts=_conflicts())


def _of_settings() -> str:
    return sections(
        settings=_settings(_SETTINGS),
        same_ports=_settings(_SAME_PORTS),
        missing=_settings("public: off\n"),
        no_yaml=_settings("domain: [\n"),
    )


SCREENS: Screens = {
    "errors-of-settings": _of_settings,
    "errors-of-applications": _files,
    "errors-of-commands": lambda: sections(errors=_errors()),
}
