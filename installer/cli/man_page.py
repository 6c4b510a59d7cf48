"""Makes the man page `shoestring(1)` from the commands; man(7) describes the format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from installer.cli import command_tree
from installer.cli.command_tree import Entry, Option
from runtime.base.constants import DEFAULT_DIRECTORY_FILE, ENVIRONMENT_VARIABLE
from runtime.base.errors import DEBUG_VARIABLE, ExitCode
from runtime.base.paths import DEFAULT_DATA_DIRECTORY, RUN_ROOT

MADE = '.\\" Made by python -m installer.cli.reference; a test compares it.'
ESCAPES = str.maketrans({"\\": "\\e", "-": "\\-", "'": "\\(aq", '"': "\\(dq"})
EXIT_CODES = {
    ExitCode.DONE: "Done, or nothing to do.",
    ExitCode.FAILED: "The command failed, or a file is invalid.",
    ExitCode.USAGE: "Wrong usage or settings.",
    ExitCode.LOCKED: "Another command is changing the instance.",
}
ENVIRONMENT = (
    Option(ENVIRONMENT_VARIABLE, "The data directory, where --data-directory is not given."),
    Option(DEBUG_VARIABLE, "If it is set, an error shows its traceback."),
)
FILES = (
    Option(str(DEFAULT_DATA_DIRECTORY), "The data directory, unless you chose another; the next four are in it."),
    Option("conf/shoestring.yaml", "The settings."),
    Option("conf/applications-public/, conf/applications-internal/", "The application files of each side."),
    Option("data/", "What applications write."),
    Option("generated/", "Files that are created again when they are missing."),
    Option(DEFAULT_DIRECTORY_FILE, "The path of the default data directory of this host."),
    Option(str(RUN_ROOT), "Locks and the state of the watchdog, until the host is restarted."),
)


def page(version: str, date: str) -> str:
    """Return the man page of a version of Shoestring. `date` is YYYY-MM-DD, as of the last release."""
    program, *commands = command_tree.read()
    lines = (
        MADE,
        f'.TH SHOESTRING 1 "{date}" "Shoestring {_text(version)}" "User Commands"',
        ".SH NAME",
        f"shoestring \\- {_text(_as_phrase(program.help))}",
        ".SH SYNOPSIS",
        ".B shoestring",
        f"[{_name('--data-directory DIR')}] {_name('COMMAND')} [{_name('OPTION')}]...",
        ".SH DESCRIPTION",
        *_paragraphs(
            "Shoestring keeps what runs on this host equal to what the files in its data directory define: a public "
            "and an internal HAProxy, certificates, and applications as plain Docker Compose files.\n\n"
            "`shoestring setup` creates the data directory, `shoestring plan` shows what would change, "
            "`shoestring start` changes it, and `shoestring status` shows what runs. Timers repair and renew "
            "automatically."
        ),
        ".SH OPTIONS",
        *_listed(program.options),
        *_listed((Option("-h, --help", "Show the help of the program, or of the command before it."),)),
        ".SH COMMANDS",
        *(line for each in commands for line in _command(each)),
        ".SH EXIT STATUS",
        *_listed(Option(str(int(code)), meaning) for code, meaning in EXIT_CODES.items()),
        ".SH ENVIRONMENT",
        *_listed(ENVIRONMENT),
        ".SH FILES",
        *_listed(FILES),
        ".SH SEE ALSO",
        ".BR docker (1),",
        ".BR systemctl (1)",
    )
    return "\n".join(lines) + "\n"


def _command(entry: Entry) -> Iterator[str]:
    yield f".SS {_text(entry.usage)}"
    yield from _paragraphs(entry.help)
    yield from _listed(entry.options)


def _as_phrase(sentence: str) -> str:
    """Return a sentence as the description in NAME: without a capital letter and without a period."""
    return sentence[0].lower() + sentence[1:].removesuffix(".")


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text)):
        if number:
            yield ".PP"
        yield _text(" ".join(paragraph.split()))


def _listed(options: Iterable[Option]) -> Iterator[str]:
    for option in options:
        yield from (".TP", _name(option.name), _text(option.meaning))


def _name(words: str) -> str:
    """Return the names of an option: what is typed in bold, placeholders in italics."""
    names = re.split(r", | / |\|", words)
    return ", ".join(" ".join(map(_word, name.split())) for name in names)


def _word(word: str) -> str:
    font = "I" if word.isupper() and "_" not in word else "B"
    return f"\\f{font}{_text(word)}\\fR"


def _text(words: str) -> str:
    """Return words of which troff changes nothing, and whose `code` is bold. A line never starts with a request."""
    plain = re.sub(r"^\.", r"\\&.", words.replace("…", "...").translate(ESCAPES))
    return re.sub(r"`([^`]*)`", r"\\fB\1\\fR", plain)
