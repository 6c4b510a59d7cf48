"""Who may import whom: the layers of docs/architecture.md, and no circle of any kind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("runtime", "installer")

# Each folder may import those of the lines above it. `installer` may import all of `runtime`.
LAYERS = {
    "runtime": (
        ("base",),
        ("network",),
        ("config",),
        ("docker",),
        ("context",),
        ("proxy",),
        ("core", "firewall", "rollout"),
        ("certificates",),
        ("reconcile",),
        ("output",),
        ("alerting", "metrics"),
        ("cli",),
        ("__main__",),
    ),
    "installer": (
        ("output", "terminal"),
        ("data_directory", "images"),
        ("host", "certificates"),
        ("vpn",),
        ("firewall", "applications"),
        ("services", "metrics", "deploy"),
        ("setup", "uninstall"),
        ("cli",),
    ),
}
# What may lie at the top of a package; all else is in a folder.
TOP_FILES = {
    "runtime": {"__init__.py", "__main__.py", "cli.py"},
    "installer": {"__init__.py", "output.py"},
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules() -> dict[str, Path]:
    return {module_name(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


def imported_modules(path: Path, known: set[str]) -> Iterator[str]:
    """Yield the modules of ours that a file imports: also inside functions, and under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in known or node.module in known:
                    yield full if full in known else node.module


def import_graph() -> dict[str, set[str]]:
    known = modules()
    return {name: set(imported_modules(path, set(known))) - {name} for name, path in known.items()}


def place(module: str) -> tuple[str, str]:
    """Return the package of a module, and its folder or file at the top of it."""
    package, _, rest = module.partition(".")
    return package, rest.partition(".")[0]


def layer(module: str) -> int:
    package, folder = place(module)
    return next(number for number, folders in enumerate(LAYERS[package]) if folder in folders)


def is_allowed(importer: str, imported: str) -> bool:
    if "" in (place(importer)[1], place(imported)[1]) or place(importer) == place(imported):
        return True
    if place(importer)[0] != place(imported)[0]:
        return place(importer)[0] == "installer"
    return layer(imported) < layer(importer)


def test_folders_have_a_layer() -> None:
    folders = {place(name) for name in modules()} - {(package, "") for package in PACKAGES}
    assert folders == {(package, each) for package, rows in LAYERS.items() for row in rows for each in row}


def test_imports_go_down_the_layers() -> None:
    wrong = {
        f"{importer} imports {imported}"
        for importer, imports in import_graph().items()
        for imported in imports
        if not is_allowed(importer, imported)
    }
    assert wrong == set()


def test_no_import_cycle() -> None:
    graph = import_graph()
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name not in done:
            for child in sorted(graph[name]):
                visit(child, (*trail, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())
    assert done == set(graph)


def test_top_of_packages_has_only_named_files() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).glob("*.py")
        if path.name not in TOP_FILES[package]
    ]
    assert wrong == []
