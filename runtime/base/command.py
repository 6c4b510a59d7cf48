"""The only module that starts a process: argv tuples, timeouts, secrets masked."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

from runtime.base.errors import ShoestringError

DEFAULT_TIMEOUT_SECONDS = 120.0
TAIL_LINES = 12
_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Result:
    """What a finished process gave back."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        """Whether it ended with exit code 0."""
        return self.code == 0

    def tail(self, lines: int = TAIL_LINES) -> str:
        """The last lines that it printed: standard error, or standard output where that is empty."""
        return "\n".join((self.err.strip() or self.out.strip()).splitlines()[-lines:])


class CommandError(ShoestringError):
    """A process failed; the message has its command and its last lines."""

    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__(f"{' '.join(result.argv)} ended with exit code {result.code}:\n{result.tail()}")


class CommandTimeoutError(ShoestringError):
    """A process did not end in time and was killed; `printed` is its standard error until then."""

    def __init__(self, message: str, printed: str) -> None:
        self.printed = printed
        super().__init__(message)


def exists(program: str) -> bool:
    """Whether a program is on the PATH."""
    return shutil.which(program) is not None


def run(
    argv: tuple[str, ...],
    *,
    timeout: float = DEFAULT_TIMEOUT_SECONDS,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    stdin: str = "",
    secrets: tuple[str, ...] = (),
    bare: bool = False,
    tied: bool = False,
) -> Result:
    """Run a program to its end and return what it printed, whatever its exit code.

    `environment` is added to the present one, or with `bare` is the whole of it. Values in `secrets` are masked in
    all that is returned; pass secrets by `environment` or `stdin`, never in `argv`. `timeout` is in seconds. With
    `tied` nothing is sent to its standard input, which ends when this process does, however it ends.
    Raises ShoestringError if the program is not there, CommandTimeoutError if it does not end in time.
    """
    try:
        with _held() if tied else contextlib.nullcontext() as end:
            process = subprocess.run(
                argv,
                input=None if tied else stdin,
                stdin=end,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                cwd=directory,
                env={**({} if bare else os.environ), **(environment or {})},
                check=False,
            )
    except FileNotFoundError as error:
        raise ShoestringError(f"{argv[0]} is not installed on this host.") from error
    except subprocess.TimeoutExpired as error:
        # Bytes, though text was asked for: https://docs.python.org/3/library/subprocess.html#subprocess.TimeoutExpired
        printed = error.stderr.decode(errors="replace") if isinstance(error.stderr, bytes) else error.stderr or ""
        raise CommandTimeoutError(
            f"{' '.join(argv)} did not end within {timeout:.0f} s.", _mask(printed, secrets)
        ) from error
    return Result(argv, process.returncode, _mask(process.stdout, secrets), _mask(process.stderr, secrets))


@contextlib.contextmanager
def _held() -> Iterator[int]:
    """The reading end of a pipe. No other process has the other end (PEP 446): the kernel closes it with this one."""
    end, held = os.pipe()
    try:
        yield end
    finally:
        os.close(end)
        os.close(held)


def leave_running(argv: tuple[str, ...]) -> int:
    """Start a program that outlives this one, and the terminal that it was started from. Returns its process id.

    It has a session of its own (setsid(2)), so it hears of no hangup; it reads and prints nothing.
    Raises ShoestringError if the program is not there.
    """
    nothing = subprocess.DEVNULL
    try:
        process = subprocess.Popen(
            argv, stdin=nothing, stdout=nothing, stderr=nothing, cwd="/", start_new_session=True
        )
    except FileNotFoundError as error:
        raise ShoestringError(f"{argv[0]} is not installed on this host.") from error
    # It goes on by itself: without this, Python would complain at the end that nobody waited for it.
    process.returncode = 0
    return process.pid


def become(argv: tuple[str, ...]) -> NoReturn:
    """End this program and run another in its place: it has the terminal, the signals and the exit code.

    Raises ShoestringError if the program is not there.
    """
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - argv, as everywhere here
    except FileNotFoundError as error:
        raise ShoestringError(f"{argv[0]} is not installed on this host.") from error


def pipe(
    source: tuple[str, ...], target: tuple[str, ...], copied: Callable[[int], None] = lambda count: None
) -> tuple[Result, Result]:
    """Run two programs, the second reading what the first prints, however much that is; no time limit.

    `copied` hears the number of bytes so far. Returns how each ended; their output is only what they print as errors.
    Raises ShoestringError if one of them is not there.
    """
    with tempfile.TemporaryFile() as source_said, tempfile.TemporaryFile() as target_said:
        running: list[subprocess.Popen[bytes]] = []
        try:
            reader = subprocess.Popen(source, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=source_said)
            running.append(reader)
            nothing = subprocess.DEVNULL
            writer = subprocess.Popen(target, stdin=subprocess.PIPE, stdout=nothing, stderr=target_said)
            running.append(writer)
            if reader.stdout and writer.stdin:
                _copy(reader.stdout, writer.stdin, copied)
            codes = (reader.wait(), writer.wait())
        except FileNotFoundError as error:
            raise ShoestringError(f"{error.filename} is not installed on this host.") from error
        finally:
            for process in running:
                _end(process)
        said = (_read(source_said), _read(target_said))
    return Result(source, codes[0], "", said[0]), Result(target, codes[1], "", said[1])


def _copy(source: IO[bytes], target: IO[bytes], copied: Callable[[int], None]) -> None:
    count = 0
    # Who reads no more has ended, and its exit code says why.
    with contextlib.suppress(BrokenPipeError):
        while chunk := source.read(_CHUNK_BYTES):
            target.write(chunk)
            count += len(chunk)
            copied(count)
        target.close()
    source.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process of a pipe, if it still runs; nothing waits for a reader that reads no more."""
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        with contextlib.suppress(BrokenPipeError):
            if stream:
                stream.close()


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def check(
    argv: tuple[str, ...],
    *,
    timeout: float = DEFAULT_TIMEOUT_SECONDS,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    stdin: str = "",
    secrets: tuple[str, ...] = (),
    bare: bool = False,
) -> Result:
    """As `run`, and raises CommandError for any exit code but 0."""
    result = run(
        argv,
        timeout=timeout,
        environment=environment,
        directory=directory,
        stdin=stdin,
        secrets=secrets,
        bare=bare,
    )
    if not result.ok:
        raise CommandError(result)
    return result


def _mask(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text
