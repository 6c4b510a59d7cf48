"""Checks dashboards against the types that Grafana publishes as the npm package @grafana/schema, with TypeScript.

What they cover: a dashboard, its variables, panels, field options, and the options of each kind of panel. What they
do not: queries of InfluxDB, and all provisioning files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.base import files
from runtime.docker.images import GRAFANA
from tests.support.cache import CACHE
from tests.support.engine import built_image

if TYPE_CHECKING:
    from docker import DockerClient

VERSION = GRAFANA.reference.partition(":")[2]
PACKAGES = (f"@grafana/schema@{VERSION}", "typescript@5.9.3")
IMAGE = Path(__file__).parents[1] / "images" / "npm"
# This machine's CAs: where a proxy inspects TLS, the image's own CAs do not suffice.
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
# The kinds of panels that we use, and what their folders are called.
PANELS = {"timeseries": "timeseries", "stat": "stat", "bargauge": "bargauge", "state-timeline": "statetimeline"}
OPTIONS = ["--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler"]


def packages(client: DockerClient) -> Path:
    """Return the directory with the packages, which are fetched once and cached."""
    cached = CACHE / f"grafana-schema-{VERSION}"
    cached.mkdir(parents=True, exist_ok=True)
    with files.lock(CACHE / "grafana-schema.lock", timeout=600):
        if not (cached / "done").exists():
            code, said = _run(
                client, cached, ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *PACKAGES]
            )
            assert code == 0, said
            for types in (cached / "node_modules/@grafana/schema/dist/types").rglob("*.d.ts"):
                types.write_text(_without_enums(types.read_text()))
            (cached / "done").touch()
    return cached


def _without_enums(text: str) -> str:
    """Replace enums by their values: TypeScript accepts no text or number for an enum, and JSON has nothing else."""

    def values(found: re.Match[str]) -> str:
        return f"export type {found[1]} = {' | '.join(re.findall(r'= (.+?),?$', found[2], re.MULTILINE))};"

    return re.sub(r"export declare (?:const )?enum (\w+) \{(.*?)\n\}", values, text, flags=re.DOTALL)


def problems(client: DockerClient, boards: Mapping[str, Mapping[str, Any]], scratch: Path) -> str:
    """Return the errors of TypeScript in dashboards; empty without errors."""
    cached = packages(client)
    for name, board in boards.items():
        (scratch / f"{name}.ts").write_text(_program(board))
    command = ["/packages/node_modules/.bin/tsc", *OPTIONS, *(f"/work/{name}.ts" for name in boards)]
    (scratch / "node_modules").symlink_to("/packages/node_modules")
    code, said = _run(client, cached, command, scratch)
    return said if code else ""


def _program(board: Mapping[str, Any]) -> str:
    """Return a program that only compiles if a dashboard has the types of its version, and no unknown keys."""
    types = "/packages/node_modules/@grafana/schema/dist/types/raw"
    lines = [f'import type {{ Dashboard }} from "{types}/dashboard/x/types.gen";']
    for kind in sorted({PANELS[panel["type"]] for panel in board["panels"]}):
        lines.append(f'import type * as {kind} from "{types}/composable/{kind}/panelcfg/x/types.gen";')
    lines.append(f"export const board: Dashboard = {json.dumps(board)};")
    for panel in board["panels"]:
        kind, number = PANELS[panel["type"]], panel["id"]
        if "options" in panel:
            lines.append(f"export const options{number}: {kind}.Options = {json.dumps(panel['options'])};")
        if custom := panel["fieldConfig"]["defaults"].get("custom"):
            lines.append(f"export const field{number}: Partial<{kind}.FieldConfig> = {json.dumps(custom)};")
    return "\n".join(lines) + "\n"


def _run(client: DockerClient, cached: Path, command: list[str], scratch: Path | None = None) -> tuple[int, str]:
    """Return exit code and output of a command in the image that has npm."""
    volumes = {str(cached): {"bind": "/packages", "mode": "ro" if scratch else "rw"}}
    if CA_BUNDLE.exists():
        volumes[str(CA_BUNDLE)] = {"bind": "/ca.crt", "mode": "ro"}
    if scratch:
        volumes[str(scratch)] = {"bind": "/work", "mode": "rw"}
    container = client.containers.run(
        built_image(client, IMAGE),
        command,
        detach=True,
        working_dir="/work" if scratch else "/packages",
        environment={"NODE_EXTRA_CA_CERTS": "/ca.crt"} if CA_BUNDLE.exists() else {},
        network_mode="none" if scratch else "host",
        volumes=volumes,
    )
    try:
        return container.wait(timeout=300)["StatusCode"], container.logs().decode()
    finally:
        container.remove(force=True)
