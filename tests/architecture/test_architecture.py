"""The rules that keep the code simple: who imports whom, who starts processes, who writes files."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("runtime", "installer")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
HEAVY = ("typer", "click", "questionary", "rich", "jinja2", "cryptography", "docker", "yaml", "requests", "installer")
# What starts a process, and what changes files, by the name that is called or imported.
PROCESS_MODULES = {"subprocess", "pty", "multiprocessing"}
PROCESS_CALLS = {"system", "popen", "fork", "forkpty", "posix_spawn", "execv", "execve", "execvp", "spawnv", "spawnl"}
WRITE_CALLS = {
    *("write_text", "write_bytes", "unlink", "rmdir", "mkdir", "makedirs", "rename", "renames", "chmod", "fchmod"),
    *("chown", "fchown", "symlink_to", "hardlink_to", "touch", "rmtree", "copytree", "copyfile", "copy2", "mkstemp"),
    *("mkdtemp", "NamedTemporaryFile", "TemporaryDirectory", "move"),
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, also inside functions and under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls_of(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if name == "open" and not _reads(node):
                name = "open for writing"
            yield name, node.lineno


def _reads(call: ast.Call) -> bool:
    modes = [each for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    modes += [keyword.value for keyword in call.keywords if keyword.arg == "mode"]  # type: ignore[misc]
    return not any(set(str(getattr(mode, "value", ""))) & set("wax+") for mode in modes if len(str(mode.value)) <= 3)


@pytest.mark.parametrize(
    ("library", "only_in"),
    [
        ("jinja2", {"runtime.proxy.render", "installer.data_directory.templates"}),
        ("dns", {"runtime.certificates.acme.resolve"}),
        ("questionary", {"installer.terminal.prompts"}),
        ("rich", {"installer.output"}),
        ("segno", {"installer.vpn.report"}),
        ("bcrypt", {"installer.services.htpasswd"}),
        (
            "cryptography",
            {
                *(f"runtime.certificates.store.{module}" for module in ("keys", "placeholder", "private_ca", "read")),
                "installer.vpn.keys",
            },
        ),
        (
            "typer",
            {
                "installer.cli.main",
                "installer.cli.options",
                "installer.cli.frame",
                "installer.cli.deploy",
                "installer.cli.firewall",
                "installer.cli.images",
                "installer.cli.reach",
                "installer.cli.service",
                "installer.cli.setup",
                "installer.cli.ssl",
                "installer.cli.vpn",
                "installer.cli.memory",
                "installer.cli.metrics",
                "installer.cli.npm",
                "installer.cli.postgres",
                "installer.cli.registry",
                "installer.cli.swap",
                "installer.cli.timers",
                "installer.cli.uninstall",
                "installer.cli.users",
                "installer.cli.completion",
                "installer.cli.command_tree",
            },
        ),
    ],
)
def test_library_is_imported_in_few_modules(library: str, only_in: set[str]) -> None:
    users = {module_name(path) for path in MODULES if library in {name.split(".")[0] for name in imports_of(path)}}
    assert users <= only_in, f"{library} is imported by {users}"


def test_processes_start_in_one_module() -> None:
    wrong = []
    for path in MODULES:
        if module_name(path) == "runtime.base.command":
            continue
        wrong += [f"{path}: imports {name}" for name in imports_of(path) if name.split(".")[0] in PROCESS_MODULES]
        wrong += [f"{path}:{line} calls {name}" for name, line in calls_of(path) if name in PROCESS_CALLS]
    assert wrong == []


def test_files_are_written_in_one_module() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} calls {name}"
        for path in MODULES
        if module_name(path) != "runtime.base.files"
        for name, line in calls_of(path)
        if name in WRITE_CALLS or name == "open for writing"
    ]
    assert wrong == []


def test_entry_point_of_timers_imports_nothing_heavy() -> None:
    code = (
        "import runtime.__main__, sys, json; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert set(json.loads(out)) & set(HEAVY) == set()


def test_files_and_functions_stay_small() -> None:
    wrong = []
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        if lines > 300:
            wrong.append(f"{path.relative_to(ROOT)} has {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and (size := (node.end_lineno or 0) - node.lineno + 1) > 50:
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {size} lines")
    assert wrong == []


def words_of(node: ast.AST) -> list[str]:
    """Return the texts in a part of the code, in their order."""
    constants = (each.value for each in ast.walk(node) if isinstance(each, ast.Constant))
    return [value for value in constants if isinstance(value, str)]


def test_containers_have_memory_limit() -> None:
    """Without a limit one container can use all memory of a small host; `Hardening` requires one."""
    found, wrong = 0, []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and "docker" in (words := words_of(node)) and "run" in words:
                found += 1
                attributes = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
                if "--memory" not in words and "run_options" not in attributes:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert found >= 3
    assert wrong == []


def test_packaging_is_no_python_package() -> None:
    """It would shadow the library `packaging`."""
    assert not list((ROOT / "packaging").rglob("__init__.py"))
