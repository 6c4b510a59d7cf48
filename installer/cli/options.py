"""Options that more than one command takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataDirectory = Annotated[
    Path | None,
    typer.Option(
        help="The data directory; else $SHOESTRING_DATA_DIRECTORY, else what setup recorded.", metavar="DIR"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON; see docs/json.md.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and change nothing.")]
Timeout = Annotated[float, typer.Option(help="Seconds to wait for another command that is at work.", min=0)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before it is done.")]
UserName = Annotated[str, typer.Argument(help="What the user is called.", metavar="NAME")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Take the password from standard input; else one is generated.")
]
