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
from runtime.base.printed import masked, plain

DEFAULT_TIMEOUT_SECONDS = 120.0
TAIL_LINES = 12
_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Result:
    """The exit code and the output of a finished process."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        """Return whether it ended with exit code 0."""
        return self.code == 0

    def tail(self, lines: int = TAIL_LINES) -> str:
        """Return its last lines of standard error, or of standard output if that is empty."""
        return "\n".join(plain(self.err.strip() or self.out.strip()).splitlines()[-lines:])


class CommandError(ShoestringError):
    """A process failed; the message has its command and the last lines of its output."""

    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__(f"{' '.join(result.argv)} ended with exit code {result.code}:\n{result.tail()}")


class CommandTimeoutError(ShoestringError):
    """A process exceeded its time limit and was killed; `printed` is its standard error until then."""

    def __init__(self, message: str, printed: str) -> None:
        self.printed = printed
        super().__init__(message)


def exists(program: str) -> bool:
    """Return whether a program is on the PATH."""
    return shutil.which(program) is not None


def run(
    argv: tuple[str, ...],
    *,
    timeout: float = DEFAULT_TIMEOUT_SECONDS,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    stdin: str = "",
    secrets: tuple[str, ...] = (),
    clear_env: bool = False,
    kill_with_parent: bool = False,
    owner: tuple[int, int] | None = None,
) -> Result:
    """Run a program to its end and return what it printed, whatever its exit code.

    `environment` is added to the current one, or with `clear_env` replaces it. Values in `secrets` are masked in
    all output; pass secrets by `environment` or `stdin`, never in `argv`. `timeout` is in seconds. With
    `kill_with_parent` its standard input stays empty and open until this process ends, however it ends: a program
    that waits for the end of its input ends then too. `owner` is the user id and the group id that it runs as.
    Raises ShoestringError if the program is not installed, CommandTimeoutError if it does not end in time.
    """
    try:
        with _open_stdin() if kill_with_parent else contextlib.nullcontext() as end:
            process = subprocess.run(
                argv,
                input=None if kill_with_parent else stdin,
                stdin=end,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                cwd=directory,
                env={**({} if clear_env else os.environ), **(environment or {})},
                check=False,
                user=owner[0] if owner else None,
                group=owner[1] if owner else None,
                extra_groups=() if owner else None,
            )
    except FileNotFoundError as error:
        raise ShoestringError(f"{argv[0]} is not installed on this host.") from error
    except subprocess.TimeoutExpired as error:
        # Bytes, though text was asked for: https://docs.python.org/3/library/subprocess.html#subprocess.TimeoutExpired
        printed = error.stderr.decode(errors="replace") if isinstance(error.stderr, bytes) else error.stderr or ""
        raise CommandTimeoutError(
            f"{' '.join(argv)} did not end within {timeout:.0f} s.", masked(printed, secrets)
        ) from error
    return Result(argv, process.returncode, masked(process.stdout, secrets), masked(process.stderr, secrets))


@contextlib.contextmanager
def _open_stdin() -> Iterator[int]:
    """Yield the reading end of a pipe whose writing end only this process has (PEP 446)."""
    end, held = os.pipe()
    try:
        yield end
    finally:
        os.close(end)
        os.close(held)


def spawn_detached(argv: tuple[str, ...]) -> int:
    """Start a program that outlives this process and its terminal; return its process id.

    It gets its own session (setsid(2)), so it receives no hangup; it reads and prints nothing.
    Raises ShoestringError if the program is not installed.
    """
    nothing = subprocess.DEVNULL
    try:
        process = subprocess.Popen(
            argv, stdin=nothing, stdout=nothing, stderr=nothing, cwd="/", start_new_session=True
        )
    except FileNotFoundError as error:
        raise ShoestringError(f"{argv[0]} is not installed on this host.") from error
    # Without this, Python would warn at its end that the process was not waited for.
    process.returncode = 0
    return process.pid


def exec_replace(argv: tuple[str, ...]) -> NoReturn:
    """Replace this process by another program (execvp(3)), which takes over the terminal and the exit code.

    Raises ShoestringError if the program is not installed.
    """
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - argv, as everywhere here
    except FileNotFoundError as error:
        raise ShoestringError(f"{argv[0]} is not installed on this host.") from error


def pipe(
    source: tuple[str, ...], target: tuple[str, ...], copied: Callable[[int], None] = lambda count: None
) -> tuple[Result, Result]:
    """Pipe the output of one program into another, of any size and without a time limit; return both results.

    `copied` is called with the number of bytes so far. The results have standard error only.
    Raises ShoestringError if one of them is not installed.
    """
    with tempfile.TemporaryFile() as source_errors, tempfile.TemporaryFile() as target_errors:
        running: list[subprocess.Popen[bytes]] = []
        try:
            reader = subprocess.Popen(source, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=source_errors)
            running.append(reader)
            nothing = subprocess.DEVNULL
            writer = subprocess.Popen(target, stdin=subprocess.PIPE, stdout=nothing, stderr=target_errors)
            running.append(writer)
            if reader.stdout and writer.stdin:
                _copy(reader.stdout, writer.stdin, copied)
            codes = (reader.wait(), writer.wait())
        except FileNotFoundError as error:
            raise ShoestringError(f"{error.filename} is not installed on this host.") from error
        finally:
            for process in running:
                _end(process)
        errors = (_read(source_errors), _read(target_errors))
    return Result(source, codes[0], "", errors[0]), Result(target, codes[1], "", errors[1])


def _copy(source: IO[bytes], target: IO[bytes], copied: Callable[[int], None]) -> None:
    count = 0
    # A target that stopped reading has ended; its exit code shows why.
    with contextlib.suppress(BrokenPipeError):
        while chunk := source.read(_CHUNK_BYTES):
            target.write(chunk)
            count += len(chunk)
            copied(count)
        target.close()
    source.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process of a pipe if it still runs, and close its streams."""
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
    clear_env: bool = False,
    owner: tuple[int, int] | None = None,
) -> Result:
    """Run a program as `run` does; raises CommandError for any exit code but 0."""
    result = run(
        argv,
        timeout=timeout,
        environment=environment,
        directory=directory,
        stdin=stdin,
        secrets=secrets,
        clear_env=clear_env,
        owner=owner,
    )
    if not result.ok:
        raise CommandError(result)
    return result
