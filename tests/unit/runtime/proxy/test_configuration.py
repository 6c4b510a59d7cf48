"""The configuration file as data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.base.paths import Side
from runtime.config.applications import Backend, TcpPort
from runtime.proxy.configuration import ConfigurationDifference, ConfigurationEntry, build, compare, parse
from runtime.proxy.model import ProxyModel

TEMPLATE = "global\n    maxconn 10\n"
BODY = "global\n    maxconn 10\n\n#: not one of our notes > really\nbackend x\n"
BLOG = Backend("blog", "blog", "application", "blog", 2368, ("blog.test", "*.blog.test"))
MODEL = ProxyModel(Side.INTERNAL, 80, 0, (BLOG,), (TcpPort("db", "db", 15432, 5432),))


def test_parse_reads_built_configuration() -> None:
    made = build(BODY, TEMPLATE, MODEL)
    assert parse(made.text) is not None
    read = parse(made.text)
    assert read is not None
    assert (read.digest, read.inputs, read.template) == (made.digest, made.inputs, made.template)
    assert read.text == made.text
    assert made.text.endswith(BODY)
    assert made.entries == (
        ConfigurationEntry("blog.test", "blog:2368"),
        ConfigurationEntry("*.blog.test", "blog:2368"),
        ConfigurationEntry("tcp 15432", "db:5432"),
    )


def test_parse_reads_only_notes_at_top() -> None:
    read = parse(build(BODY, TEMPLATE, MODEL).text)
    assert read is not None
    assert [each.name for each in read.entries] == ["blog.test", "*.blog.test", "tcp 15432"]


def test_build_digest_covers_body_template_and_model() -> None:
    first = build(BODY, TEMPLATE, MODEL)
    assert build(BODY, TEMPLATE, MODEL) == first
    assert build(BODY + "\n", TEMPLATE, MODEL).digest != first.digest
    assert build(BODY, TEMPLATE, replace(MODEL, http_port=81)).digest != first.digest


@pytest.mark.parametrize("text", ["", "global\n", "#: inputs a\n#: template b\n", BODY])
def test_parse_refuses_other_file(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize("old", ["maxconn 10", "blog:2368", "backend x", "# Made by", "The digest of"])
def test_parse_refuses_edited_file(old: str) -> None:
    text = build(BODY, TEMPLATE, MODEL).text
    assert old in text
    # The text around the digest is not part of the digest; editing it changes nothing that is served.
    assert (parse(text.replace(old, "other", 1)) is None) is (old != "The digest of")


def test_compare_same_inputs_is_no_change() -> None:
    change = compare(parse(build(BODY, TEMPLATE, MODEL).text), TEMPLATE, MODEL)
    assert not change
    assert not str(change)


def test_compare_first_configuration_is_new() -> None:
    change = compare(None, TEMPLATE, MODEL)
    assert change
    assert str(change) == "new, 2 hosts, 1 TCP port"
    assert str(compare(None, TEMPLATE, replace(MODEL, backends=(), tcp_ports=()))) == "new"


@pytest.mark.parametrize(
    ("model", "described"),
    [
        (replace(MODEL, backends=(replace(BLOG, host_names=("blog.test", "a.test", "*.blog.test")),)), "+1 host"),
        (replace(MODEL, backends=()), "-2 hosts"),
        (replace(MODEL, tcp_ports=()), "-1 TCP port"),
        (replace(MODEL, backends=(replace(BLOG, port=80),)), "2 hosts moved"),
        (replace(MODEL, backends=(replace(BLOG, host_names=("new.test",)),)), "+1 host, -2 hosts"),
        (replace(MODEL, http_port=8080), "settings changed"),
        (replace(MODEL, backends=(replace(BLOG, health_check="/up"),)), "settings changed"),
    ],
)
def test_compare_describes_changed_model(model: ProxyModel, described: str) -> None:
    change = compare(parse(build(BODY, TEMPLATE, MODEL).text), TEMPLATE, model)
    assert change
    assert str(change) == described


def test_compare_describes_changed_template() -> None:
    change = compare(parse(build(BODY, TEMPLATE, MODEL).text), TEMPLATE + "#\n", replace(MODEL, tcp_ports=()))
    assert change == ConfigurationDifference(Side.INTERNAL, removed=("tcp 15432",), template=True, remade=True)
    assert str(change) == "-1 TCP port, template changed"
