"""`shoestring memory`: what uses this host's memory, and what is left."""

from __future__ import annotations

import typer

from installer.cli.frame import emit
from installer.cli.options import Json

app = typer.Typer()


@app.command()
def memory(json: Json = False) -> None:
    """Show the memory use of each container, of Docker and of the host."""
    from installer.host import memory as host
    from installer.host.report import memory_lines
    from installer.host.results import MemoryResult
    from runtime.docker import engine
    from runtime.output.encoder import result_json

    client = engine.connect()
    try:
        found = host.observe(client)
    finally:
        client.close()
    emit(json, lambda: result_json(MemoryResult.of(found)), lambda: memory_lines(found))
