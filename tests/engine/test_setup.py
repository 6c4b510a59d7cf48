"""Setup on this host: by answers from a file, by questions in a terminal, and what it refuses."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pexpect
import pytest

from installer import images
from installer.host import swap, systemd, timers
from installer.host.docker_daemon import LogRotation
from installer.setup import host_setup, run
from installer.setup.host_setup import HostChoice, HostOffer
from installer.setup.run import SetupOptions
from installer.terminal.progress import ProgressLines
from runtime.base.errors import ExitCode, SettingsError, ShoestringError, UsageError
from runtime.base.paths import RUN_ROOT, Paths, Side
from runtime.config import settings
from runtime.config.settings import Settings
from runtime.context.cluster import open_cluster
from runtime.docker.images import BUSYBOX, HAPROXY
from runtime.reconcile import operations
from tests.support.engine import LOOPBACK, ask, free_port, no_trust, until

WIZARD = """
import sys
from pathlib import Path
from installer.setup.run import SetupOptions, run
from runtime.base.errors import explain
try:
    sys.exit(run(SetupOptions(record=Path(sys.argv[1]))))
except Exception as error:
    sentence, code = explain(error)
    print(sentence, file=sys.stderr)
    sys.exit(code)
"""
ENTER, DOWN, ERASE, STOP = "\r", "\x1b[B", "\x15", "\x03"
# questionary's keys of a list with ticks: the first time all are ticked, then none.
ALL = "a"
STEP_SECONDS, START_SECONDS = 20, 120


@dataclass(frozen=True)
class Host:
    """A place for a data directory on this host, and ports that are free."""

    paths: Paths
    record: Path
    public_http: int
    public_https: int
    internal_http: int
    internal_https: int

    def answers(self, **changed: str) -> Path:
        """An answers file; `changed` has lines to replace or add, by their key."""
        lines = {
            "domain": "example.test",
            "email": "ops@example.test",
            "public": f"{{address: {LOOPBACK}, http_port: {self.public_http}, https_port: {self.public_https}}}",
            "internal": self.internal,
            "images": "{source: local}",
            **changed,
        }
        file = self.record.with_name("answers.yaml")
        file.write_text("".join(f"{key}: {value}\n" for key, value in lines.items()))
        return file

    @property
    def internal(self) -> str:
        """The internal side's answers."""
        return f"{{http_port: {self.internal_http}, https_port: {self.internal_https}}}"

    def options(self, answers: Path | None = None, *, start: bool = False, dry_run: bool = False) -> SetupOptions:
        return SetupOptions(
            data_directory=self.paths.root,
            answers=answers or self.answers(),
            start=start,
            dry_run=dry_run,
            record=self.record,
        )

    def page(self, address: str = LOOPBACK) -> str:
        """The example's page, through the public proxy over HTTPS."""
        import http.client

        def get() -> str:
            connection = http.client.HTTPSConnection(address, self.public_https, timeout=10, context=no_trust())
            return ask(connection, "example.test", "/", {}).body

        return until(get, lambda body: "It works" in body)


@pytest.fixture(scope="module", autouse=True)
def _images() -> None:
    """Setup gets them itself; here they are there, so that a slow build is no part of what is waited for."""
    from runtime.docker import engine

    client = engine.connect()
    images.build(client, (HAPROXY, BUSYBOX))
    client.close()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    paths = Paths(tmp_path / "srv" / f"t{secrets.token_hex(3)}")
    yield Host(paths, tmp_path / "record", free_port(), free_port(), free_port(), free_port())
    if paths.settings.exists():
        cluster = open_cluster(paths)
        operations.stop(cluster, timeout=60)
        shutil.rmtree(RUN_ROOT / cluster.settings.instance, ignore_errors=True)
        cluster.client.close()


# What the first start adds: certificates, and what is remembered of them.
STARTED = ("data/private-ca/issued", "data/shoestring", "data/haproxy-internal-ssl/")


def conf_and_data(paths: Paths) -> dict[str, bytes]:
    """What setup makes, but for secrets (keys, certificates), commits, and what is generated."""
    found = {}
    for top in (paths.conf, paths.data):
        for path in top.rglob("*"):
            name = str(path.relative_to(paths.root))
            if not name.startswith(("conf/.git/", *STARTED)):
                secret = path.is_dir() or name.startswith(("data/haproxy-public-ssl/", "data/private-ca/"))
                found[f"{stat.filemode(path.stat().st_mode)} {name}"] = b"" if secret else path.read_bytes()
    return found


def test_answers_from_a_file_lead_to_a_served_page(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.run(host.options(start=True)) is ExitCode.DONE
    assert "in the container <b>example</b>" in host.page()
    said = capsys.readouterr().out
    assert f"  ✓ data directory          {host.paths.root}\n" in said
    assert f"    https://example.test:{host.public_https}   (placeholder certificate until DNS points here)\n" in said
    assert host.record.read_text() == f"{host.paths.root}\n"
    key = host.paths.proxy_certificates(Side.PUBLIC) / "invalid.pem.key"
    assert (key.stat().st_uid, key.stat().st_gid, stat.S_IMODE(key.stat().st_mode)) == (0, 99, 0o640)

    assert run.run(host.options(start=True)) is ExitCode.DONE
    again = capsys.readouterr().out
    assert "  Nothing changes in the files.\n" in again
    assert "  Nothing to do: everything runs as configured.\n" in again

    moved = free_port()
    public = f"{{address: {LOOPBACK}, http_port: {host.public_http}, https_port: {moved}}}"
    assert run.run(host.options(host.answers(public=public), start=True)) is ExitCode.DONE
    assert f"public.https_port  {host.public_https} → {moved}" in capsys.readouterr().out
    assert "It works" in Host(host.paths, host.record, 0, moved, 0, 0).page()


class Terminal:
    """A wizard in a terminal of its own."""

    def __init__(self, host: Host) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "SHOESTRING_DATA_DIRECTORY"}
        self.process = pexpect.spawn(
            sys.executable,
            ["-c", WIZARD, str(host.record)],
            # pexpect does not answer where the cursor is, and each prompt would wait for that.
            env={
                **environment,
                "TERM": "xterm",
                "PROMPT_TOOLKIT_NO_CPR": "1",
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            encoding="utf-8",
            dimensions=(50, 120),
            timeout=STEP_SECONDS,
        )

    def answer(self, question: str, *keys: str) -> None:
        """Wait for a question, then press keys and Enter."""
        self.process.expect_exact(question)
        for key in (*keys, ENTER):
            self.process.send(key)

    def type(self, question: str, text: str) -> None:
        """Wait for a question and replace what it offers."""
        self.answer(question, ERASE, text)

    def ends(self) -> int | None:
        """Wait for the end; the exit code."""
        self.process.expect(pexpect.EOF, timeout=START_SECONDS)
        self.process.close()
        code: int | None = self.process.exitstatus
        return code


def first_address() -> str:
    """The address that the wizard offers first for the public side."""
    from installer.host import facts

    return facts.gather(Path("/")).default_address or LOOPBACK


def answer_all(terminal: Terminal, host: Host) -> None:
    terminal.type("Directory for configuration and data", str(host.paths.root))
    terminal.type("Your domain", "example.test")
    terminal.type("E-mail for certificate authorities", "ops@example.test")
    terminal.answer("Public address")
    terminal.type("Public port for HTTP ", str(host.public_http))
    terminal.type("Public port for HTTPS", str(host.public_https))
    terminal.answer("How will you reach internal services?")
    terminal.type("Internal port for HTTP ", str(host.internal_http))
    terminal.answer("Internal domain")
    terminal.answer("HTTPS for internal services")
    terminal.type("Internal port for HTTPS", str(host.internal_https))
    terminal.answer("Certificates from Let's Encrypt")
    terminal.answer("Container images", DOWN)
    # Those have tests of their own.
    terminal.answer("Internal services", ALL, ALL)
    terminal.process.expect_exact("none")


def test_questions_in_a_terminal_lead_to_a_served_page(host: Host, tmp_path: Path) -> None:
    terminal = Terminal(host)
    answer_all(terminal, host)
    terminal.process.expect_exact("built on this host")
    assert not host.paths.root.parent.exists(), "something was written before the person agreed"
    terminal.answer("Write this and start?")
    terminal.process.expect_exact("✓ data directory")
    terminal.process.expect_exact("Done in", timeout=START_SECONDS)
    assert terminal.ends() == 0
    address = first_address()
    assert "in the container <b>example</b>" in host.page(address)

    by_questions = conf_and_data(host.paths)
    cluster = open_cluster(host.paths)
    assert operations.stop(cluster, timeout=60).ok
    cluster.client.close()
    twin = Host(Paths(tmp_path / "twin" / host.paths.root.name), host.record, 0, 0, 0, 0)
    public = f"{{address: {address}, http_port: {host.public_http}, https_port: {host.public_https}}}"
    answers = twin.answers(public=public, internal=host.internal)
    assert run.run(twin.options(answers)) is ExitCode.DONE
    assert conf_and_data(twin.paths) == by_questions


def test_a_second_run_offers_the_present_settings(host: Host) -> None:
    run.run(host.options())
    terminal = Terminal(host)
    terminal.type("Directory for configuration and data", str(host.paths.root))
    for question, offered in (
        ("Your domain", "example.test"),
        ("E-mail for certificate authorities", "ops@example.test"),
        ("Public address", f"{LOOPBACK} (current)"),
        ("Public port for HTTP ", str(host.public_http)),
        ("Public port for HTTPS", str(host.public_https)),
        ("How will you reach internal services?", "An SSH tunnel"),
        ("Internal port for HTTP ", str(host.internal_http)),
        ("Internal domain", "internal.example.test"),
        ("HTTPS for internal services", "Yes, by a CA of your own"),
        ("Internal port for HTTPS", str(host.internal_https)),
        ("Certificates from Let's Encrypt", "production"),
    ):
        terminal.process.expect_exact(question)
        terminal.process.expect_exact(offered)
        terminal.process.send(ENTER)
    terminal.answer("Container images")
    terminal.answer("Internal services")
    terminal.process.expect_exact("Nothing changes in the files.")
    terminal.process.expect_exact("start?")
    terminal.process.send("n")
    terminal.process.expect_exact("Nothing was written.")
    assert terminal.ends() == 0


@pytest.mark.parametrize("at", ["Your domain", "Public address", "Write this and start?"])
def test_stopping_at_a_question_writes_nothing(host: Host, at: str) -> None:
    terminal = Terminal(host)
    if at == "Write this and start?":
        answer_all(terminal, host)
    else:
        terminal.type("Directory for configuration and data", str(host.paths.root))
        if at == "Public address":
            terminal.type("Your domain", "example.test")
            terminal.answer("E-mail for certificate authorities")
    terminal.process.expect_exact(at)
    terminal.process.send(STOP)
    terminal.process.expect_exact("Stopped; nothing was written.")
    assert terminal.ends() == ExitCode.FAILED
    assert not host.paths.root.parent.exists()
    assert not host.record.exists()


def test_an_answer_that_is_wrong_is_told_at_once(host: Host) -> None:
    terminal = Terminal(host)
    terminal.type("Directory for configuration and data", "/etc")
    terminal.process.expect_exact("/etc is not empty, and not a Shoestring data directory")
    terminal.type("Directory for configuration and data", str(host.paths.root))
    terminal.type("Your domain", "localhost")
    terminal.process.expect_exact("'localhost' is not a domain; one looks like example.com")
    terminal.type("Your domain", "example.test")
    terminal.answer("E-mail for certificate authorities")
    terminal.answer("Public address")
    terminal.type("Public port for HTTP ", "70000")
    terminal.process.expect_exact("70000 is not a port (1 to 65535)")
    terminal.type("Public port for HTTP ", str(host.public_http))
    terminal.type("Public port for HTTPS", str(host.public_http))
    terminal.process.expect_exact(f"{host.public_http} is public.http_port already")
    terminal.process.send(STOP)
    assert terminal.ends() == ExitCode.FAILED


def test_a_dry_run_shows_the_plan_and_writes_nothing(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.run(host.options(start=True, dry_run=True)) is ExitCode.DONE
    said = capsys.readouterr().out
    assert f"  +  data directory  {host.paths.root}, its configuration a git repository\n" in said
    assert not host.paths.root.parent.exists()
    assert not host.record.exists()


def test_an_option_that_can_do_nothing_is_told(
    host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = HostOffer(
        systemd=False, swap=swap.SwapOffer(why="There is swap."), log_rotation=LogRotation(why="They are rotated.")
    )
    monkeypatch.setattr(host_setup, "observe", lambda: found)
    choice = HostChoice(timers=False, swap=True, log_rotation=True)
    assert run.run(replace(host.options(start=True, dry_run=True), host=choice)) is ExitCode.DONE
    assert "\n    There is swap.\n    They are rotated.\n" in capsys.readouterr().out


def test_without_a_terminal_it_says_which_answers_are_missing(host: Host) -> None:
    done = subprocess.run(
        (sys.executable, "-c", WIZARD, str(host.record)),
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
        run.run(SetupOptions(data_directory=host.paths.root, record=host.record))
    assert error.value.exit_code is ExitCode.USAGE
    assert not host.paths.root.parent.exists()


def test_what_does_not_fit_the_host_is_refused_and_nothing_is_written(host: Host) -> None:
    def refused(**changed: str) -> str:
        with pytest.raises(ShoestringError) as error:
            run.run(host.options(host.answers(**changed)))
        assert error.value.exit_code is ExitCode.USAGE
        assert not host.paths.root.parent.exists()
        assert not host.record.exists()
        return str(error.value)

    assert "'no domain' is not a host name" in refused(domain="no domain")
    assert "internal.address: 203.0.113.99 is not an address of this host" in refused(
        internal="{address: 203.0.113.99}"
    )
    with socket.create_server((LOOPBACK, host.internal_http)):
        words = f"Port {host.internal_http} is used by python"
        told = refused()
        assert words in told
        assert f"(process {os.getpid()})" in told
    assert "unknown key; did you mean public?" in refused(publik="off")


def test_the_units_are_on_before_the_start_and_run_after_it(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut in the start leaves a host whose next boot goes on; so does a start that fails."""
    heard: list[str] = []

    def enable(loaded: Settings, root: Path) -> None:
        assert settings.load(host.paths.settings) == loaded
        assert host.record.read_text() == f"{root}\n"
        heard.append("enabled")

    def start(paths: Paths, lines: ProgressLines) -> ExitCode:
        heard.append("start")
        raise images.PullError("haproxy:3", "no route to host")

    monkeypatch.setattr(systemd, "is_running", lambda: True)
    # Here the data directory is in /tmp, which units refuse.
    monkeypatch.setattr(timers, "check", lambda settings, root: None)
    monkeypatch.setattr(timers, "enable", enable)
    monkeypatch.setattr(timers, "start", lambda instance, boot: heard.append(f"timers run, start at boot: {boot}"))
    options = replace(host.options(start=True), host=HostChoice(timers=True))
    with pytest.raises(images.PullError):
        run.run(options, start)
    assert heard == ["enabled", "start", "timers run, start at boot: False"]

    heard.clear()
    assert run.run(replace(options, start=False)) is ExitCode.DONE
    assert run.run(replace(options, host=HostChoice(timers=False)), lambda paths, lines: ExitCode.DONE) == 0
    assert heard == []


def test_a_directory_that_is_not_ours_is_left_alone(host: Host) -> None:
    host.paths.root.mkdir(parents=True)
    (host.paths.root / "thesis.tex").write_text("mine")
    with pytest.raises(ShoestringError, match="is not empty, and not a Shoestring data directory"):
        run.run(host.options())
    assert [each.name for each in host.paths.root.iterdir()] == ["thesis.tex"]


def test_a_settings_file_that_is_broken_is_told_and_left_alone(host: Host) -> None:
    run.run(host.options())
    sound = host.paths.settings.read_text()
    host.paths.settings.write_text(sound.replace("http_port", "htp_port", 1))
    with pytest.raises(SettingsError, match=r"did you mean public\.http_port"):
        run.run(host.options())
    host.paths.settings.write_text(sound)
    assert settings.load(host.paths.settings).domain == "example.test"
