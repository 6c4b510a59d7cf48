"""The rules of all commands: shared options, help, hints and old names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from installer.cli import main
from runtime.base import hints
from runtime.base.errors import ExitCode, ShoestringError
from runtime.base.paths import find as find_directory

# These are about the host, not about an instance.
OF_THE_HOST = ("memory", "swap status", "swap add", "swap remove")
# A prompt of another program has no answer.
PROMPTS = ("metrics shell", "postgres psql")
# These change something.
CHANGING = (
    *("setup", "start", "stop", "reload", "watchdog", "deploy", "rollback", "images pull", "images build"),
    *("ssl issue", "ssl renew", "ssl load", "ssl ca", "vpn add", "vpn remove", "vpn apply", "firewall on"),
    *("firewall off", "service add", "service remove", "metrics retention", "registry gc", "registry login"),
    *("registry user add", "registry user remove", "npm user add", "npm user remove", "postgres create"),
    *("postgres upgrade", "postgres prune", "timers install", "timers remove", "swap add", "swap remove"),
    "uninstall",
)
# These ask before they change something.
ASKING = (
    *("setup", "ssl issue", "ssl renew", "ssl ca", "vpn remove", "firewall on", "firewall off", "service add"),
    *("service remove", "metrics retention", "registry gc", "postgres upgrade", "postgres prune", "timers install"),
    *("timers remove", "swap add", "swap remove", "uninstall"),
)
# These wait for the lock of the instance.
LOCKING = (
    *("start", "stop", "reload", "deploy", "rollback", "ssl issue", "ssl renew", "ssl load", "ssl ca", "vpn add"),
    *("vpn remove", "vpn apply", "service add", "service remove", "registry gc", "registry user add"),
    *("registry user remove", "npm user add", "npm user remove", "postgres create", "postgres upgrade"),
    "postgres prune",
)


def runnable(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the name of each command that a user may run, but the hidden ones, and the command."""
    children = getattr(command, "commands", {})
    if name and (not children or command.invoke_without_command):
        yield name, command
    for child, below in children.items():
        if not below.hidden:
            yield from runnable(below, f"{name} {child}".strip())


COMMANDS = dict(runnable(typer.main.get_command(main.app)))


def options(name: str) -> set[str]:
    return {option for each in COMMANDS[name].params for option in each.opts if option.startswith("--")}


def test_tables_of_this_file_name_commands() -> None:
    assert {*OF_THE_HOST, *PROMPTS, *CHANGING, *ASKING, *LOCKING} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_command_has_shared_options(name: str) -> None:
    found = options(name)
    assert ("--data-directory" in found) is (name not in OF_THE_HOST)
    assert ("--json" in found) is (name not in PROMPTS)
    assert ("--dry-run" in found) is (name in CHANGING)
    assert ("--yes" in found) is (name in ASKING)
    assert ("--timeout" in found) is (name in LOCKING)


@pytest.mark.parametrize("name", COMMANDS)
def test_command_has_help_for_each_option(name: str) -> None:
    assert COMMANDS[name].help.strip().splitlines()[0].endswith(".")
    assert [each.name for each in COMMANDS[name].params if not each.help and not each.hidden] == []


def test_hints_list_commands_with_data_directory() -> None:
    known = {f"{name} {child}".strip() for name, below in hints.COMMANDS.items() for child in below or ("",)}
    assert known == set(COMMANDS) - set(OF_THE_HOST)


@pytest.mark.parametrize("words", [("{option}", "plan"), ("plan", "{option}"), ("ssl", "ca", "{option}")])
def test_main_takes_data_directory_before_and_after_command(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = [word.format(option=f"--data-directory={tmp_path}") for word in words]
    monkeypatch.setattr("sys.argv", ["shoestring", *argv])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == ExitCode.USAGE
    with pytest.raises(ShoestringError) as refused:
        find_directory(tmp_path)
    assert capsys.readouterr().err.startswith(f"{str(refused.value).split('. ')[0]}. ")


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in OF_THE_HOST])
def test_command_takes_data_directory_before_it(name: str, tmp_path: Path) -> None:
    command: Any = typer.main.get_command(main.app)
    context = command.make_context("shoestring", ["--data-directory", str(tmp_path), *name.split()])
    for word in name.split():
        command = command.commands[word]
        # Without the arguments that it needs.
        context = command.make_context(word, [], parent=context, resilient_parsing=True)
    parameter = next(each for each in command.params if each.name == "data_directory")
    assert str(parameter.process_value(context, None)) == str(tmp_path)


def test_data_directory_after_command_takes_precedence(tmp_path: Path) -> None:
    command: Any = typer.main.get_command(main.app)
    above = command.make_context("shoestring", ["--data-directory", "/srv/other", "plan"])
    context = command.commands["plan"].make_context("plan", ["--data-directory", str(tmp_path)], parent=above)
    assert Path(context.params["data_directory"]) == tmp_path


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ssl install", "ssl load"),
        ("postgres forget", "postgres prune"),
        ("deployments", "history"),
        ("tunnel", "vpn tunnel"),
        ("hosts", "vpn hosts"),
    ],
)
def test_old_command_name_is_hidden_alias(old: str, new: str) -> None:
    found, wanted = find(old), find(new)
    assert found.hidden
    assert not wanted.hidden
    assert found.callback.__wrapped__ is wanted.callback.__wrapped__
    assert [each.opts for each in found.params] == [each.opts for each in wanted.params]


def find(name: str) -> Any:
    command: Any = typer.main.get_command(main.app)
    for word in name.split():
        command = command.commands[word]
    return command


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("vpn add", "--any-endpoint", "--skip-endpoint-check"),
        ("service remove", "--name", "--confirm"),
        ("uninstall", "--name", "--confirm"),
    ],
)
def test_old_option_name_is_hidden(name: str, old: str, new: str) -> None:
    hidden = {option: each.hidden for each in find(name).params for option in each.opts}
    assert (hidden[old], hidden[new]) == (True, False)
