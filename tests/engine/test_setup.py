"""Setup on this host by answers from a file, and what it refuses."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from installer import images
from installer.host import swap, systemd, timers
from installer.host.docker_daemon import LogRotation
from installer.setup import host_setup, run
from installer.setup.host_setup import HostChoice, HostOffer
from installer.setup.plan import SetupOptions
from installer.terminal.progress import ProgressLines
from runtime.base.errors import ExitCode, SettingsError, ShoestringError, UsageError
from runtime.base.paths import Paths, Side
from runtime.config import settings
from runtime.config.settings import Settings
from runtime.context.results import Report
from tests.support.engine import LOOPBACK, free_port
from tests.support.setup.host import Host
from tests.support.setup.terminal import WIZARD


def test_setup_answers_file_serves_page(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.run(host.options(start=True)).exit_code is ExitCode.DONE
    assert "in the container <b>example</b>" in host.page()
    said = capsys.readouterr().out
    assert f"  ✓ data directory          {host.paths.root}\n" in said
    assert f"    https://example.test:{host.public_https}   (placeholder certificate until DNS points here)\n" in said
    assert host.default_file.read_text() == f"{host.paths.root}\n"
    key = host.paths.proxy_certificates(Side.PUBLIC) / "invalid.pem.key"
    assert (key.stat().st_uid, key.stat().st_gid, stat.S_IMODE(key.stat().st_mode)) == (0, 99, 0o640)

    assert run.run(host.options(start=True)).exit_code is ExitCode.DONE
    again = capsys.readouterr().out
    assert "  Nothing changes in the files.\n" in again
    assert "  Nothing to do: everything runs as configured.\n" in again

    moved = free_port()
    public = f"{{address: {LOOPBACK}, http_port: {host.public_http}, https_port: {moved}}}"
    assert run.run(host.options(host.answers(public=public), start=True)).exit_code is ExitCode.DONE
    assert f"public.https_port  {host.public_https} → {moved}" in capsys.readouterr().out
    assert "It works" in Host(host.paths, host.default_file, 0, moved, 0, 0).page()


def test_setup_dry_run(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.run(host.options(start=True, dry_run=True)).exit_code is ExitCode.DONE
    said = capsys.readouterr().out
    assert f"  +  data directory  {host.paths.root}, its configuration a git repository\n" in said
    assert not host.paths.root.parent.exists()
    assert not host.default_file.exists()


def test_setup_option_without_effect(
    host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = HostOffer(
        systemd=False, swap=swap.SwapOffer(why="There is swap."), log_rotation=LogRotation(why="They are rotated.")
    )
    monkeypatch.setattr(host_setup, "observe", lambda: found)
    choice = HostChoice(timers=False, swap=True, log_rotation=True)
    assert run.run(replace(host.options(start=True, dry_run=True), host=choice)).exit_code is ExitCode.DONE
    assert "\n    There is swap.\n    They are rotated.\n" in capsys.readouterr().out


def test_setup_without_terminal_names_missing_answers(host: Host) -> None:
    done = subprocess.run(
        (sys.executable, "-c", WIZARD, str(host.default_file)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "SHOESTRING_DATA_DIRECTORY": str(host.paths.root),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        check=False,
    )
    assert done.returncode == ExitCode.USAGE
    assert "these answers are missing: domain, email. Give answers with --answers FILE" in done.stderr
    with pytest.raises(UsageError) as error:
        run.run(SetupOptions(data_directory=host.paths.root, default_file=host.default_file))
    assert error.value.exit_code is ExitCode.USAGE
    assert not host.paths.root.parent.exists()


def test_setup_refuses_invalid_answers(host: Host) -> None:
    def refused(**changed: str) -> str:
        with pytest.raises(ShoestringError) as error:
            run.run(host.options(host.answers(**changed)))
        assert error.value.exit_code is ExitCode.USAGE
        assert not host.paths.root.parent.exists()
        assert not host.default_file.exists()
        return str(error.value)

    assert "'no domain' is not a host name" in refused(domain="no domain")
    assert "internal.address: 203.0.113.99 is not an address of this host" in refused(
        internal="{address: 203.0.113.99}"
    )
    with socket.create_server((LOOPBACK, host.internal_http)):
        words = f"Port {host.internal_http} is used by python"
        message = refused()
        assert words in message
        assert f"(process {os.getpid()})" in message
    assert "unknown key; did you mean public?" in refused(publik="off")


def test_setup_json_answer(host: Host) -> None:
    argv = [sys.executable, "-c", "from installer.cli.main import main; main()", "setup", "--json"]
    argv += ["--data-directory", str(host.paths.root), "--answers", str(host.answers()), "--no-record", "--yes"]
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == ExitCode.DONE, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["ok"], answer["written"], answer["new"], answer["is_default"]) == (True, True, True, False)
    assert answer["data_directory"] == str(host.paths.root)
    assert f"https://example.test:{host.public_https}" in [each["url"] for each in answer["urls"]]
    assert all(each["ok"] for each in answer["start"]["changes"])
    assert "  ✓ data directory" in done.stderr


def test_setup_enables_faked_units_before_start(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a power cut or a failure during the start the next boot continues."""
    calls: list[str] = []

    def enable(loaded: Settings, root: Path) -> None:
        assert settings.load(host.paths.settings) == loaded
        assert host.default_file.read_text() == f"{root}\n"
        calls.append("enabled")

    def start(paths: Paths, lines: ProgressLines) -> Report:
        calls.append("start")
        raise images.PullError("haproxy:3", "no route to host")

    monkeypatch.setattr(systemd, "is_running", lambda: True)
    # Here the data directory is in /tmp, which units refuse.
    monkeypatch.setattr(timers, "check", lambda settings, root: None)
    monkeypatch.setattr(timers, "enable", enable)
    monkeypatch.setattr(timers, "start", lambda instance, boot: calls.append(f"timers run, start at boot: {boot}"))
    options = replace(host.options(start=True), host=HostChoice(timers=True, firewall=False))
    with pytest.raises(images.PullError):
        run.run(options, start)
    assert calls == ["enabled", "start", "timers run, start at boot: False"]

    calls.clear()
    assert run.run(replace(options, start=False)).exit_code is ExitCode.DONE
    outcome = run.run(
        replace(options, host=HostChoice(timers=False, firewall=False)), lambda paths, lines: Report(())
    )
    assert outcome.exit_code is ExitCode.DONE
    assert calls == []


def test_setup_foreign_directory(host: Host) -> None:
    host.paths.root.mkdir(parents=True)
    (host.paths.root / "thesis.tex").write_text("mine")
    with pytest.raises(ShoestringError, match="is not empty, and not a Shoestring data directory"):
        run.run(host.options())
    assert [each.name for each in host.paths.root.iterdir()] == ["thesis.tex"]


def test_setup_invalid_settings_file(host: Host) -> None:
    run.run(host.options())
    valid = host.paths.settings.read_text()
    host.paths.settings.write_text(valid.replace("http_port", "htp_port", 1))
    with pytest.raises(SettingsError, match=r"did you mean public\.http_port"):
        run.run(host.options())
    host.paths.settings.write_text(valid)
    assert settings.load(host.paths.settings).domain == "example.test"
