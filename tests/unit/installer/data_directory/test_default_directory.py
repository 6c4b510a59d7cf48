"""Which data directory is recorded on the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.data_directory import default_directory


def test_the_first_is_recorded_and_a_second_does_not_take_over(tmp_path: Path) -> None:
    file, first, second = tmp_path / "etc" / "data-directory", tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    assert default_directory.write(first, file) == ""
    assert file.read_text() == f"{first}\n"
    assert default_directory.write(first, file) == ""
    told = default_directory.write(second, file)
    assert f"go on using {first}" in told
    assert f"--data-directory {second}" in told
    assert file.read_text() == f"{first}\n"


def test_one_that_is_gone_gives_way(tmp_path: Path) -> None:
    file, second = tmp_path / "data-directory", tmp_path / "second"
    file.write_text("/does/not/exist\n")
    second.mkdir()
    assert default_directory.write(second, file) == ""
    assert file.read_text() == f"{second}\n"


def test_commands_for_another_directory_need_its_name(tmp_path: Path) -> None:
    file, here, there = tmp_path / "data-directory", tmp_path / "here", tmp_path / "there"
    assert default_directory.option(here, file) == f" --data-directory {here}"
    file.write_text(f"{here}\n")
    assert default_directory.option(here, file) == ""
    assert default_directory.option(there, file) == f" --data-directory {there}"


NAMED = ("vpn", "apply", "--data-directory", "/srv/demo")


@pytest.mark.parametrize(
    ("sentence", "words", "more"),
    [
        ("Off. Run: shoestring start", NAMED, True),
        ("Off. Run: sudo shoestring start", ("--data-directory=/srv/demo",), True),
        ("Off.\nTry: shoestring vpn apply.", ("--data-directory", "/srv/recorded", *NAMED), True),
        ("Off. Run: shoestring start", ("vpn", "apply"), False),
        ("Off. Run: shoestring start", ("--data-directory", "/srv/recorded"), False),
        ("Off. Run: shoestring start", (*NAMED, "--data-directory"), True),
        ("Off. Run: shoestring start", ("--", *NAMED), False),
        ("Off. Run: shoestring start --data-directory /srv/demo", NAMED, False),
        ("/srv/shoestring has data, and conf/shoestring.yaml is wrong.", NAMED, False),
        ("Docker failed. Try: docker info", NAMED, False),
    ],
)
def test_a_hint_is_about_the_instance_that_was_named(
    sentence: str, words: tuple[str, ...], more: bool, tmp_path: Path
) -> None:
    file = tmp_path / "data-directory"
    file.write_text("/srv/recorded\n")
    wanted = f"{sentence}\nFor this instance add: --data-directory /srv/demo" if more else sentence
    assert default_directory.for_instance(sentence, words, file) == wanted
