from __future__ import annotations

from runtime.base.paths import Side
from runtime.reconcile import conflicts
from tests.support.builders.runtime import application, make_settings, web


def test_unique_names_keeps_the_first_and_reports_the_others() -> None:
    first, second = application("a", web("a.com")), application("a", web("b.com"), Side.INTERNAL)
    valid, duplicates = conflicts.unique_names((first, second))
    assert valid == (first,)
    assert [(each.name, each.side, each.file) for each in duplicates] == [("a", Side.INTERNAL, second.file)]


def test_resolve_gives_a_host_name_to_the_first_file_by_name() -> None:
    second, first = application("b", web("x.com", "b.com")), application("a", web("x.com"))
    resolved, problems = conflicts.resolve((second, first), make_settings())
    assert [(each.name, each.host_names) for each in resolved] == [("b", ("b.com",)), ("a", ("x.com",))]
    assert [(each.file, each.key) for each in problems] == [(second.file, "x-external-host-names")]


def test_resolve_refuses_ports_of_the_internal_proxy() -> None:
    text = "x-external-tcp-ports: [5432, 80]\nservices: {application: {image: p}}\n"
    resolved, problems = conflicts.resolve((application("a", text, Side.INTERNAL),), make_settings())
    assert [tcp.port for tcp in resolved[0].tcp_ports] == [5432]
    assert [each.key for each in problems] == ["x-external-tcp-ports"]
