"""What a template may use, its sandbox and its errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runtime.base.errors import ShoestringError
from runtime.base.paths import Side
from runtime.config.applications import Backend
from runtime.config.request_limits import RequestLimits
from runtime.docker import images
from runtime.proxy.model import Link, ProxyModel
from runtime.proxy.render import STRING_LIMIT_BYTES, TemplateError, check_host, exact, parents, quoted, render

BACKEND = Backend("blog", "blog", "application", "blog", 80, ("blog.example.com", "*.example.com"), "/up")
MODEL = ProxyModel(Side.PUBLIC, 80, 8443, (BACKEND,), ())
INTERNAL = ProxyModel(Side.INTERNAL, 80, 0, (), (), "internal.example.com")


def internal_template() -> str:
    return (images.TEMPLATES / "conf" / "haproxy-internal" / "haproxy.cfg.j2").read_text(encoding="utf-8")


def test_render_has_fields_of_model() -> None:
    assert render("{{ side }} {{ https_port }} {{ backends[0].alias }}\n", MODEL) == "public 8443 blog\n"


@pytest.mark.parametrize(
    ("template", "line", "what"),
    [
        ("ok\n{{ unknown }}\n", 2, "'unknown' is undefined"),
        ("ok\nok\n{% if %}\n", 3, "Expected an expression"),
        ("{{ backends[0].host }}", 1, "has no attribute 'host'"),
        ("ok\n{{ 1 // 0 }}", 2, "division"),
        ("ok\n{{ 'a' + 1 }}", 2, "concatenate"),
        ("ok\n\n{{ side|unknown }}", 3, "No filter named 'unknown'"),
        ("{% include 'other' %}", 1, "no loader"),
    ],
)
def test_render_error_has_line_of_template(template: str, line: int, what: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(template, MODEL, "conf/haproxy-public/haproxy.cfg.j2")
    assert str(caught.value).startswith(f"conf/haproxy-public/haproxy.cfg.j2:{line}: ")
    assert what in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "last good configuration stays" in str(caught.value)


@pytest.mark.parametrize(
    "template",
    [
        "{{ side.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ backends[0].__init__.__globals__ }}",
        "{% for i in range(10 ** 9) %}{% endfor %}",
    ],
)
def test_render_stays_in_sandbox(template: str) -> None:
    with pytest.raises(TemplateError):
        render(template, MODEL)


@pytest.mark.parametrize(
    "bad", ["a.test\n  http-request deny", "a.test\r", "a\x00.test", "a.test\u2028x", "a\x85.test", "a\tb"]
)
def test_render_refuses_control_character_in_model(bad: str) -> None:
    models = [
        replace(MODEL, backends=(replace(BACKEND, host_names=(bad,)),)),
        replace(MODEL, backends=(replace(BACKEND, health_check=bad),)),
        replace(MODEL, backends=(replace(BACKEND, alias=bad),)),
        replace(MODEL, index_host=bad),
        replace(MODEL, links=(Link("a", Side.PUBLIC, (bad,)),)),
    ]
    for model in models:
        with pytest.raises(ShoestringError, match="control character") as caught:
            render("", model)
        assert "\n" not in str(caught.value)


def test_render_refuses_control_character_in_output() -> None:
    with pytest.raises(TemplateError, match="line 2 of its output has a control character"):
        render('fine\n{{ "\\r" }}bad\n', MODEL)
    assert render("\tindented\n", MODEL) == "\tindented\n"


def test_exact_and_parents_separate_host_names() -> None:
    names = ("a.test", "*.b.test", "c.test", "*.d.test")
    assert exact(names) == ["a.test", "c.test"]
    assert parents(names) == ["b.test", "d.test"]


@pytest.mark.parametrize(
    ("names", "host"),
    [(("*.b.test", "a.test"), "a.test"), (("*.b.test",), "health.b.test"), ((), "localhost")],
)
def test_check_host_is_name_of_application(names: tuple[str, ...], host: str) -> None:
    assert check_host(names) == host


def test_quoted_is_one_haproxy_string() -> None:
    assert quoted('say "hi" to $HOME\\n\nü') == '"say \\"hi\\" to \\$HOME\\\\n\\nü"'


def test_quoted_refuses_text_over_limit() -> None:
    assert quoted("x" * STRING_LIMIT_BYTES)
    with pytest.raises(ValueError, match="14,002 bytes is more than the 14,000"):
        quoted("ü" * (STRING_LIMIT_BYTES // 2 + 1))
    with pytest.raises(TemplateError, match=r"haproxy\.cfg\.j2:2: a text of 15,000 bytes"):
        render('\n{{ ("x" * 15000)|quoted }}', MODEL)


@pytest.mark.parametrize("count", [200, 5000])
def test_internal_page_truncates_long_list_with_count(count: int) -> None:
    links = tuple(Link(f"app-{each}", Side.PUBLIC, (f"https://app-{each}.example.com/",)) for each in range(count))
    text = render(internal_template(), replace(INTERNAL, links=links))
    answers = [line for line in text.splitlines() if "app-1." in line]
    assert len(answers) == 2
    for answer in answers:
        shown = answer.count("https://app-") // (2 if "<html" in answer else 1)
        assert 60 < shown < count
        assert f" and {count - shown} more: shoestring status" in answer
        assert len(answer.encode()) < 16_000


def test_internal_page_escapes_names() -> None:
    text = render(internal_template(), replace(INTERNAL, links=(Link("<b>&\"'", Side.PUBLIC, ("https://a/?<i>",)),)))
    page = next(line for line in text.splitlines() if "<h1>Applications" in line)
    assert "<b>" not in page
    assert "<i>" not in page
    assert "&lt;b&gt;&amp;" in page


def test_internal_page_without_applications() -> None:
    text = render(internal_template(), INTERNAL)
    assert text.count("There is none yet.") == 2


def test_public_template_without_limits() -> None:
    template = (images.TEMPLATES / "conf" / "haproxy-public" / "haproxy.cfg.j2").read_text(encoding="utf-8")
    off = RequestLimits(
        connections=0,
        connections_per_second=0,
        requests=0,
        requests_per_second=0,
        body_seconds=0,
        exempt=("::1/128",),
    )
    for text in (render(template, MODEL), render(template, replace(MODEL, limits=off))):
        assert "reject" not in text
        assert "status 429" not in text
        assert "wait-for-body" not in text
    assert "acl exempt src ::1/128\n" in render(template, replace(MODEL, limits=off))


def test_model_fields_are_documented() -> None:
    documented = (Path(__file__).parents[4] / "docs" / "proxy.md").read_text(encoding="utf-8")
    for name in (*ProxyModel.__dataclass_fields__, *Backend.__dataclass_fields__, *Link.__dataclass_fields__):
        assert f"`{name}`" in documented, name
