"""The options that more than one command takes: each has its name, its default and its help text here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def inherited(context: typer.Context, value: Path | None) -> Path | None:
    """Return what the command itself names, else what is named before it."""
    above = context.parent
    while value is None and above is not None:
        value, above = above.params.get("data_directory"), above.parent
    return value


DataDirectory = Annotated[
    Path | None,
    typer.Option(
        help="Data directory (default: $SHOESTRING_DATA_DIRECTORY, else the default of this host).",
        metavar="DIR",
        callback=inherited,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON; see docs/json.md.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done and change nothing.")]
Timeout = Annotated[float, typer.Option(help="Seconds to wait while another command changes the instance.", min=0)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
UserName = Annotated[str, typer.Argument(help="Name of the user.", metavar="NAME")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input (default: generate one).")
]
