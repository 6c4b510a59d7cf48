"""The configuration file as data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.base.paths import Side
from runtime.config.applications import Backend, TcpPort
from runtime.proxy.configuration import Change, Entry, build, compare, parse
from runtime.proxy.model import ProxyModel

TEMPLATE = "global\n    maxconn 10\n"
BODY = "global\n    maxconn 10\n\n#: not a note of ours > really\nbackend x\n"
BLOG = Backend("blog", "blog", "application", "blog", 2368, ("blog.test", "*.blog.test"))
MODEL = ProxyModel(Side.INTERNAL, 80, 0, (BLOG,), (TcpPort("db", "db", 15432, 5432),))


def test_what_is_built_is_read_back() -> None:
    made = build(BODY, TEMPLATE, MODEL)
    assert parse(made.text) is not None
    read = parse(made.text)
    assert read is not None
    assert (read.digest, read.inputs, read.template) == (made.digest, made.inputs, made.template)
    assert read.text == made.text
    assert made.text.endswith(BODY)
    assert made.entries == (
        Entry("blog.test", "blog:2368"),
        Entry("*.blog.test", "blog:2368"),
        Entry("tcp 15432", "db:5432"),
    )


def test_the_notes_of_the_file_are_those_at_its_top() -> None:
    read = parse(build(BODY, TEMPLATE, MODEL).text)
    assert read is not None
    assert [each.name for each in read.entries] == ["blog.test", "*.blog.test", "tcp 15432"]


def test_the_digest_is_that_of_what_is_served() -> None:
    first = build(BODY, TEMPLATE, MODEL)
    assert build(BODY, TEMPLATE, MODEL) == first
    assert build(BODY + "\n", TEMPLATE, MODEL).digest != first.digest
    assert build(BODY, TEMPLATE, replace(MODEL, http_port=81)).digest != first.digest


@pytest.mark.parametrize("text", ["", "global\n", "#: inputs a\n#: template b\n", BODY])
def test_a_file_of_someone_elses_is_not_ours(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize("old", ["maxconn 10", "blog:2368", "backend x", "# Made by", "The digest of"])
def test_a_file_that_was_edited_is_not_ours_any_more(old: str) -> None:
    text = build(BODY, TEMPLATE, MODEL).text
    assert old in text
    # What stands around the digest is no part of what it names, and changes nothing that is served.
    assert (parse(text.replace(old, "other", 1)) is None) is (old != "The digest of")


def test_the_same_inputs_are_no_change() -> None:
    change = compare(parse(build(BODY, TEMPLATE, MODEL).text), TEMPLATE, MODEL)
    assert not change
    assert not str(change)


def test_a_first_configuration_is_new() -> None:
    change = compare(None, TEMPLATE, MODEL)
    assert change
    assert str(change) == "new, 2 hosts, 1 TCP port"
    assert str(compare(None, TEMPLATE, replace(MODEL, backends=(), tcp_ports=()))) == "new"


@pytest.mark.parametrize(
    ("model", "told"),
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
def test_what_changed_is_told(model: ProxyModel, told: str) -> None:
    change = compare(parse(build(BODY, TEMPLATE, MODEL).text), TEMPLATE, model)
    assert change
    assert str(change) == told


def test_a_changed_template_is_told() -> None:
    change = compare(parse(build(BODY, TEMPLATE, MODEL).text), TEMPLATE + "#\n", replace(MODEL, tcp_ports=()))
    assert change == Change(Side.INTERNAL, removed=("tcp 15432",), template=True, remade=True)
    assert str(change) == "-1 TCP port, template changed"
