"""`shoestring memory`: what uses this host's memory, and what is left."""

from __future__ import annotations

import typer

from installer.cli.options import Json
from runtime.output.encoder import emit

app = typer.Typer()


@app.command()
def memory(json: Json = False) -> None:
    """Show the memory use of each container, of Docker and of the host."""
    from installer.host import memory as host
    from installer.host.json_results import MemoryJson
    from installer.host.report import memory_lines
    from runtime.docker import engine

    client = engine.connect()
    try:
        found = host.observe(client)
    finally:
        client.close()
    emit(json, MemoryJson.of(found), memory_lines(found))
