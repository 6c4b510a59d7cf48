"""`shoestring swap`: a swap file or compressed memory for a host with little memory."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from installer.cli.options import DryRun, Json, Yes
from runtime.output.encoder import emit

app = typer.Typer(help="Swap for a host with little memory.", no_args_is_help=True)


class KindOption(StrEnum):
    """The values of --kind; see installer/host/swap.py."""

    FILE = "file"
    ZRAM = "zram"


@app.command()
def status(json: Json = False) -> None:
    """Show the swap of this host."""
    from installer.host import swap
    from installer.host.json_results import SwapJson
    from installer.host.report import swap_lines

    host = swap.observe()
    emit(json, SwapJson.of(host), swap_lines(host))


@app.command()
def add(
    kind: Annotated[KindOption, typer.Option(help="A file, or compressed memory (zram).")] = KindOption.FILE,
    size: Annotated[
        int, typer.Option(help="Size in MB (default: 1024 for a file, half of the memory for zram).", min=0)
    ] = 0,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Add swap, now and at each boot."""
    from installer.host import swap
    from installer.host.json_results import SwapJson
    from installer.terminal.confirm import confirmed
    from runtime.base.constants import MEGABYTE
    from runtime.base.errors import ShoestringError
    from runtime.base.formats import size as size_text

    host, selected = swap.observe(), swap.SwapKind(kind)
    count = size * MEGABYTE or swap.suggestion(selected, host.memory)
    problem = swap.problem(selected, count, host)
    if problem:
        raise ShoestringError(f"{problem}.")
    if not json:
        print(f"  + swap  {size_text(count)} {swap.place(selected)}, unit {swap.unit(selected, count).name}")
    if not dry_run and confirmed("Add it?", yes=yes, json=json):
        swap.add(selected, count, host)
        host = swap.observe()
    emit(json, SwapJson.of(host), ())


@app.command()
def remove(yes: Yes = False, dry_run: DryRun = False, json: Json = False) -> None:
    """Remove the swap that Shoestring added. Other swap stays."""
    from installer.host import swap
    from installer.host.json_results import SwapJson
    from installer.terminal.confirm import confirmed

    host = swap.observe()
    if not json:
        print(f"  - swap  {host.removable}" if host.removable else "  Nothing to do: Shoestring added no swap.")
    if host.removable and not dry_run and confirmed("Remove it?", yes=yes, json=json):
        swap.remove(host)
        host = swap.observe()
    emit(json, SwapJson.of(host), ())
