from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime.base import hints, paths
from runtime.base.constants import ENVIRONMENT_VARIABLE

ROOT = Path("/srv/demo")
NAMED = " --data-directory /srv/demo"


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("Off. Run: shoestring start", "Off. Run: shoestring start{}"),
        ("Off. Run: sudo shoestring start.\nMore.", "Off. Run: sudo shoestring start{}.\nMore."),
        ("Add it: shoestring service add grafana influxdb", "Add it: shoestring service add grafana influxdb{}"),
        ("2 changes. Apply: shoestring start; later more", "2 changes. Apply: shoestring start{}; later more"),
        (
            "Apply: shoestring deploy a --image r.io/a:1.2, or not",
            "Apply: shoestring deploy a --image r.io/a:1.2{}, or not",
        ),
        ("shoestring vpn status shows it (shoestring plan)", "shoestring vpn status{} shows it (shoestring plan{})"),
        ("shoestring plan, shoestring start", "shoestring plan{}, shoestring start{}"),
        ("see: shoestring metrics", "see: shoestring metrics{}"),
        ("shoestring metrics retention", "shoestring metrics retention{}"),
        ("\x1b[31mRun: shoestring start\x1b[0m", "\x1b[31mRun: shoestring start{}\x1b[0m"),
        ("Run: shoestring start --data-directory /a", "Run: shoestring start --data-directory /a"),
        (
            "The same with --force: shoestring service add x --force",
            "The same with --force: shoestring service add x --force{}",
        ),
        ("/srv/shoestring start", "/srv/shoestring start"),
        ("the shoestring registry of demo", "the shoestring registry of demo"),
        ("conf/shoestring.yaml is wrong", "conf/shoestring.yaml is wrong"),
        ("shoestring memory shows it", "shoestring memory shows it"),
        ("Docker failed. Try: docker info", "Docker failed. Try: docker info"),
    ],
)
def test_complete(text: str, completed: str) -> None:
    wanted = completed.replace("{}", NAMED)
    assert hints.complete(text, ROOT) == wanted
    assert hints.complete(wanted, ROOT) == wanted
    encoded = json.dumps({"a": [text, text]}, indent=2)
    assert json.loads(hints.complete(encoded, ROOT)) == {"a": [wanted, wanted]}


def test_complete_quotes_directory_with_blank() -> None:
    assert (
        hints.complete("shoestring start", Path("/srv/my demo")) == "shoestring start --data-directory '/srv/my demo'"
    )


@pytest.mark.parametrize(
    ("words", "environment", "root"),
    [
        (("vpn", "apply", "--data-directory", "/srv/demo"), "", "/srv/demo"),
        (("--data-directory=/srv/demo", "vpn"), "/srv/other", "/srv/demo"),
        (("--data-directory", "/srv/other", "vpn", "--data-directory", "/srv/demo"), "", "/srv/demo"),
        (("vpn", "--data-directory"), "", ""),
        (("--", "--data-directory", "/srv/demo"), "", ""),
        (("vpn",), "/srv/demo", "/srv/demo"),
    ],
)
def test_named_instance_of_command_line(words: tuple[str, ...], environment: str, root: str) -> None:
    assert hints.named(words, {ENVIRONMENT_VARIABLE: environment}) == (Path(root) if root else None)


@pytest.mark.parametrize("default", ["/srv/demo", "/srv/other", ""])
def test_completed_names_instance_unless_default(
    default: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "data-directory"
    record.write_text(f"{default}\n")
    monkeypatch.setattr(paths, "DEFAULT_DIRECTORY_FILE", record)
    with hints.completed(("--data-directory", "/srv/demo", "start")):
        print("Run: shoestring start")
    print("Run: shoestring start")
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"Run: shoestring start{'' if default == '/srv/demo' else NAMED}"
    assert second == "Run: shoestring start"


def test_choose_completes_what_is_printed_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(paths, "DEFAULT_DIRECTORY_FILE", tmp_path / "data-directory")
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    with hints.completed(("setup",)):
        print("Run: shoestring start")
        hints.choose(Path("/srv/demo"))
        print("Run: shoestring start")
        (tmp_path / "data-directory").write_text("/srv/demo\n")
        print("Run: shoestring start")
    assert capsys.readouterr().out.splitlines() == [
        "Run: shoestring start",
        f"Run: shoestring start{NAMED}",
        "Run: shoestring start",
    ]
