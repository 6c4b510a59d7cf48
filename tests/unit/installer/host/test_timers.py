from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from installer.cli.main import app
from installer.data_directory import settings_file
from installer.host import boot_files, systemd
from installer.host.report import install_lines
from installer.host.systemd import parse_show
from installer.host.timers import (
    TimerJob,
    TimerState,
    cron_lines,
    instances,
    jobs,
    names,
    remove,
    remove_former,
    written,
)
from runtime.base.formats import local_time
from runtime.base.paths import Paths
from tests.support.builders.runtime import make_settings
from tests.support.faked_systemd import FakedSystemd
from tests.support.interrupt import Interrupt

RECORDED = Path(__file__).parent / "recorded" / "systemctl-show.txt"
# When the recorded machine was booted: 2026-11-22 16:55:24 UTC.
BOOTED = 1_795_366_524.0
NOON = datetime(2026, 3, 1, 12, 0, 0).timestamp()


def recorded_jobs(**there: bool | None) -> tuple[TimerJob, ...]:
    """Return the recorded jobs; `there` changes the state of the unit files by job."""
    every = names("shoestring")
    found = {name: there.get(name.split(".")[0].removeprefix("shoestring-"), True) for name in every}
    return jobs("shoestring", found, dict(zip(every, parse_show(RECORDED.read_text()), strict=True)), BOOTED)


def test_cron_lines_run_all_jobs() -> None:
    path, mail, start, watchdog, renew, check = cron_lines(Path("/srv/100% mine"), "example.com", "/opt/python")
    # crontab(5): by default /usr/bin:/bin, without nft and user-installed programs; and a mail each minute.
    assert "/usr/sbin" in path.removeprefix("PATH=").split(":")
    assert mail == 'MAILTO=""'
    run = r"root  /opt/python -I -m runtime --data-directory '/srv/100\% mine'"
    assert start == f"@reboot       {run} start"
    assert watchdog == f"* * * * *     {run} watchdog"
    minute = renew.split()[0]
    assert 0 <= int(minute) < 60
    assert renew == f"{minute} */6 * * *".ljust(14) + f"{run} renew"
    assert check == f"*/5 * * * *   {run} check"


def test_cron_lines_spread_renewals_over_the_hour() -> None:
    """Hosts do not renew at the same time, and the lines of one host never change."""

    def line(domain: str) -> str:
        return cron_lines(Path("/srv/shoestring"), domain, "/opt/python")[4]

    assert len({line(f"{number}.example.com") for number in range(100)}) > 20
    assert line("example.com") == line("example.com")


def test_timers_status_without_systemd_prints_cron_lines(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd, "is_running", lambda: False)
    paths.settings.write_text(settings_file.render(make_settings()))
    result = CliRunner().invoke(app, ["timers", "status", "--data-directory", str(paths.root)])
    assert result.exit_code == 0, result.output
    assert "/etc/cron.d/shoestring" in result.output
    assert result.output.splitlines()[2:] == cron_lines(paths.root, make_settings().domain)


def test_jobs_of_recorded_systemd() -> None:
    start, watchdog, renew, check = recorded_jobs()
    assert [job.state for job in (start, watchdog, renew, check)] == [TimerState.ON] * 4
    assert start.next is None
    assert watchdog.next == datetime(2026, 11, 22, 17, 7, tzinfo=UTC).timestamp()
    assert watchdog.last
    assert watchdog.last.result == "exit-code"
    assert watchdog.last.exit_code == 1
    assert watchdog.last.seconds == pytest.approx(6.36, abs=0.01)
    assert watchdog.last.began == pytest.approx(datetime(2026, 11, 22, 17, 6, 41, tzinfo=UTC).timestamp(), abs=1)
    assert renew.last
    assert renew.last.result == "success"


def test_jobs_outdated_and_missing_units() -> None:
    assert [job.state for job in recorded_jobs(watchdog=False, renew=None)] == [
        *(TimerState.ON, TimerState.OUTDATED, TimerState.MISSING, TimerState.ON)
    ]
    assert [line.split() for line in install_lines(recorded_jobs(watchdog=False, renew=None))] == [
        ["~", "shoestring-watchdog.service", "watchdog", "each", "minute"],
        ["+", "shoestring-renew.service", "renew", "every", "6", "hours"],
    ]


def test_written_units_of_instance(tmp_path: Path) -> None:
    (tmp_path / "shoestring-watchdog@demo.timer").write_text("")
    (tmp_path / "shoestring-watchdog.timer").write_text("")
    assert written("demo", tmp_path) == ("shoestring-watchdog@demo.timer",)


def test_written_former_units_of_instance(tmp_path: Path) -> None:
    (tmp_path / "shoestring-alarm.timer").write_text("")
    assert written("shoestring", tmp_path) == ("shoestring-alarm.timer",)
    assert written("demo", tmp_path) == ()


@pytest.mark.processes
def test_remove_former_units_of_instance(faked_systemd: FakedSystemd) -> None:
    former = {"shoestring-alarm.service", "shoestring-alarm.timer"}
    others = {"shoestring-alarm@demo.timer", "shoestring-check.timer"}
    for name in former | others:
        (faked_systemd.units / name).write_text("[Unit]\n")
    remove_former("shoestring", faked_systemd.units)
    assert {file.name for file in faked_systemd.units.iterdir()} == others
    assert "disable shoestring-alarm.service shoestring-alarm.timer" in faked_systemd.calls
    calls = faked_systemd.calls
    remove_former("shoestring", faked_systemd.units)
    assert faked_systemd.calls == calls


@pytest.mark.processes
def test_remove_again_after_kill_at_any_step(
    faked_systemd: FakedSystemd, interrupted: Interrupt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = tmp_path / "kernel"
    monkeypatch.setattr(boot_files, "_TMPFILES", tmp_path / "tmpfiles.d")
    monkeypatch.setattr(boot_files, "_SYSCTL", tmp_path / "sysctl.d")
    monkeypatch.setattr(boot_files, "_APPLY_SYSCTL", ("apply-sysctl",))
    faked_systemd.program(
        "apply-sysctl", f"#!/bin/sh\ncat {tmp_path}/sysctl.d/* >{kernel}.new && mv {kernel}.new {kernel}"
    )
    step, cut_off = 0, True
    while cut_off:
        step += 1
        directories, late, isolation = boot_files.units("shoestring", tmp_path)
        boot = (directories, late, replace(isolation, directory=faked_systemd.units))
        systemd.write(
            (*boot, *(systemd.SystemdUnit(name, "[Unit]\n", faked_systemd.units) for name in names("shoestring")))
        )
        kernel.write_text(late.content)

        cut_off = interrupted(lambda: remove("shoestring", faked_systemd.units), step, True)
        # Like `timers remove` and `uninstall`: without units nothing is left to do.
        if written("shoestring", faked_systemd.units):
            remove("shoestring", faked_systemd.units)

        assert not any((unit.directory / unit.name).exists() for unit in boot)
        assert list(faked_systemd.units.iterdir()) == []
        assert "net.ipv4.ip_nonlocal_bind = 0\n" in kernel.read_text()
    assert step > len(names("shoestring"))


@pytest.mark.processes
def test_remove_stops_isolation(faked_systemd: FakedSystemd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot_files, "_TMPFILES", tmp_path / "tmpfiles.d")
    monkeypatch.setattr(boot_files, "_SYSCTL", tmp_path / "sysctl.d")
    unit = replace(boot_files.isolation("shoestring", tmp_path), directory=faked_systemd.units)
    systemd.write((unit,))
    remove("shoestring", faked_systemd.units)
    assert list(faked_systemd.units.iterdir()) == []
    assert f"stop {unit.name}" in faked_systemd.calls


def test_local_time_has_date_on_another_day() -> None:
    assert local_time(NOON - 3, NOON) == "11:59:57"
    assert local_time(NOON - 86_400, NOON) == "2026-02-28 12:00:00"


def test_instances_by_units(tmp_path: Path) -> None:
    for name in ("shoestring-watchdog.service", "shoestring-watchdog@demo.service", "shoestring-watchdog.timer"):
        (tmp_path / name).write_text("")
    assert instances(tmp_path) == {"shoestring", "demo"}
