"""The plan for template files when setup runs again."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from installer.data_directory import templates
from installer.data_directory.templates import Action, TemplateFile
from runtime.base import yaml_documents
from runtime.base.paths import Side
from runtime.config.application_files import parse
from runtime.config.applications import Application
from runtime.config.sections import NetworkSettings
from runtime.config.settings import Settings

SETTINGS = Settings(domain="example.com", email="a@example.com")
NEEDED = PurePosixPath("haproxy-public/haproxy.cfg.j2")
OPTIONAL = PurePosixPath("applications-public/example.yaml")
OLD, NEW, MINE = b"old", b"new", b"mine"


@pytest.mark.parametrize(
    ("path", "written", "present", "action"),
    [
        (NEEDED, OLD, OLD, Action.UPDATE),
        (NEEDED, OLD, MINE, Action.BESIDE),
        (NEEDED, OLD, None, Action.WRITE),
        (NEEDED, NEW, NEW, None),
        (NEEDED, NEW, MINE, None),
        (NEEDED, NEW, None, Action.WRITE),
        (NEEDED, None, None, Action.WRITE),
        (NEEDED, None, MINE, Action.BESIDE),
        (NEEDED, None, NEW, None),
        (NEEDED, OLD, NEW, None),
        (OPTIONAL, OLD, None, None),
        (OPTIONAL, NEW, None, None),
        (OPTIONAL, None, None, Action.WRITE),
        (OPTIONAL, OLD, OLD, Action.UPDATE),
        (OPTIONAL, OLD, MINE, Action.BESIDE),
    ],
)
def test_plan_of_new_template_version(
    path: PurePosixPath, written: bytes | None, present: bytes | None, action: Action | None
) -> None:
    before = {} if written is None else {str(path): templates.digest(written)}
    there = {} if present is None else {path: present}
    changes = templates.plan([TemplateFile(path, NEW)], before, there)
    assert [each.action for each in changes] == ([action] if action else [])
    for each in changes:
        assert each.content == NEW
        assert each.path.name == path.name + (".new" if action is Action.BESIDE else "")


def test_load_renders_only_files_with_suffix(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "haproxy.cfg.j2").write_text("{{ settings.domain }}\n")
    (tmp_path / "a" / "b.yaml.setup.j2").write_text("{{ settings.domain }}\n")
    assert templates.load(SETTINGS, tmp_path) == (
        TemplateFile(PurePosixPath("a/b.yaml"), b"example.com\n"),
        TemplateFile(PurePosixPath("a/haproxy.cfg.j2"), b"{{ settings.domain }}\n"),
    )


def test_load_lists_all_templates() -> None:
    names = {str(each.path) for each in templates.load(SETTINGS)}
    assert names == {
        ".gitignore",
        "applications-internal/README.md",
        "applications-public/example.yaml",
        "haproxy-internal/haproxy.cfg.j2",
        "haproxy-public/haproxy.cfg.j2",
    }


def test_load_example_application() -> None:
    settings = Settings(domain="my.example", email="a@my.example", networks=NetworkSettings(public="web"))
    (file,) = (each for each in templates.load(settings) if each.path == OPTIONAL)
    example = parse(yaml_documents.parse(Path("example.yaml"), file.content.decode()), Side.PUBLIC)
    assert isinstance(example, Application)
    assert example.host_names == ("my.example",)
    assert example.backends[0].port == 8080
    (service,) = example.services
    assert service.image == "busybox:1.37"
    assert service.definition["networks"] == ["web"]
    assert service.definition["read_only"] is True
    assert service.definition["cap_drop"] == ["ALL"]
    assert "ports" not in service.definition
