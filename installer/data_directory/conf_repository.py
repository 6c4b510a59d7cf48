"""`conf/` as a git repository: each change that setup makes is a commit.

A repository can name programs that git runs (filters, monitors, textconv). So git runs as the owner of the
repository, who also writes everything below `.git`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from runtime.base import command
from runtime.base.errors import ShoestringError

IDENTITY = ("user.name=Shoestring", "user.email=shoestring@localhost")
# These are never committed, whatever the user's .gitignore has.
NEVER_COMMITTED = "secrets.yaml\nwireguard/\n"
# The user's git settings (hooks, signing, templates) are for their own commits.
_ENVIRONMENT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
_SETTINGS = (
    *IDENTITY,
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "commit.gpgSign=false",
    "gc.auto=0",
    "core.fsync=all",
)


def create(conf: Path, message: str) -> None:
    """Make a repository of a directory and commit all that is in it, but for what is ignored."""
    _check(conf, "init", "--quiet", "--initial-branch=main", "--template=")
    write = 'mkdir -p "$1" && cat >"$1/exclude"'
    command.check(("sh", "-c", write, "sh", str(conf / ".git" / "info")), stdin=NEVER_COMMITTED, owner=_owner(conf))
    _check(conf, "add", "--all")
    _check(conf, "commit", "--quiet", "--message", message)


def exists(conf: Path) -> bool:
    """Return whether the directory is the root of a repository."""
    return (conf / ".git").exists()


def commit(conf: Path, paths: Iterable[PurePosixPath], message: str) -> bool:
    """Commit these files, and no other change of the user. Return False if none of them changed.

    Raises CommandError if git refuses, such as during a merge or while another git holds the index.
    """
    names = tuple(str(path) for path in paths)
    if not names:
        return False
    remove_old_locks(conf, time.time() - time.clock_gettime(time.CLOCK_BOOTTIME))
    # Without the first option, asking alone would write the index.
    status = ask(conf, "--no-optional-locks", "status", "--porcelain", "-z", "--no-renames", "--", *names)
    # Git refuses names that exist neither in the index nor in the directory. Each entry is `XY NAME` (git-status(1)).
    changed = [entry[3:] for entry in status.split("\0") if entry]
    if not changed:
        return False
    _check(conf, "add", "--", *changed)
    _check(conf, "commit", "--quiet", "--message", message, "--", *changed)
    return True


def commit_or_explain(conf: Path, paths: Iterable[PurePosixPath], message: str, *, first: str = "") -> str:
    """Commit these files as `commit` does. Return an empty string, or a sentence why that was not possible.

    A missing repository is created only with `first`, the message of its first commit.
    """
    names = tuple(paths)
    if not first and not (command.exists("git") and exists(conf)):
        return (
            f"Not committed: {conf} is not a git repository, or git is not installed. "
            "Without it there is no history and no rollback."
        )
    try:
        if exists(conf):
            commit(conf, names, message)
        else:
            create(conf, first)
    except ShoestringError as error:
        which = names[0] if len(names) == 1 else "them"
        return f"The changes in {conf} are made but not committed. Commit {which} with git. {error}"
    return ""


def remove_old_locks(conf: Path, booted: float) -> None:
    """Remove the locks of a git that a power cut ended: they would block every later commit.

    `booted` is in seconds since 1970; an older lock belongs to no running process (gitrepository-layout(5), *.lock).
    """
    git = conf / ".git"
    locks = [lock for lock in (*git.glob("*.lock"), *git.glob("refs/heads/*.lock")) if _is_older(lock, booted)]
    if locks:
        command.check(("rm", "--force", "--", *map(str, locks)), owner=_owner(conf))


def _is_older(lock: Path, moment: float) -> bool:
    try:
        return lock.lstat().st_mtime < moment
    except FileNotFoundError:
        return False


def has_commits(conf: Path) -> bool:
    """Return whether there is any commit."""
    argv = _git(conf, "rev-parse", "--verify", "--quiet", "HEAD")
    return command.run(argv, environment=_environment(conf), owner=_owner(conf)).ok


def ask(conf: Path, *arguments: str, stdin: str = "") -> str:
    """Return the output of a git command that changes nothing. Raises CommandError if it fails."""
    return _check(conf, *arguments, stdin=stdin)


def _check(conf: Path, *arguments: str, stdin: str = "") -> str:
    argv = _git(conf, *arguments)
    return command.check(argv, environment=_environment(conf), stdin=stdin, owner=_owner(conf)).out


def _owner(conf: Path) -> tuple[int, int] | None:
    """Return the user and group that git runs as; None for the current user.

    It is the owner of `.git`, or of `conf/` where that is missing: who owns neither cannot change the repository's
    configuration. A link counts as its own owner's.
    """
    git = conf / ".git"
    status = git.lstat() if os.path.lexists(git) else conf.stat()
    return (status.st_uid, status.st_gid) if os.geteuid() == 0 and status.st_uid != 0 else None


def _git(conf: Path, *arguments: str) -> tuple[str, ...]:
    settings = (part for setting in _SETTINGS for part in ("-c", setting))
    return ("git", "-C", str(conf), *settings, *arguments)


def _environment(conf: Path) -> dict[str, str]:
    # Named outright: a hook or a shell may have these set for another repository, and git asks nothing of the
    # owner of a repository that is named.
    directory = conf / ".git"
    return {
        **_ENVIRONMENT,
        "GIT_DIR": str(directory),
        "GIT_WORK_TREE": str(conf),
        "GIT_INDEX_FILE": str(directory / "index"),
        "GIT_OBJECT_DIRECTORY": str(directory / "objects"),
    }
