"""`shoestring ssl` on a running cluster: the private CA, trusted by curl, and a user-provided certificate."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runtime.base.errors import ExitCode
from runtime.base.paths import Side
from runtime.context.change import SILENT
from runtime.reconcile import renewal
from tests.support.certificates.stand import make, settings_with_tls
from tests.support.engine import LOOPBACK, Instance, plain, until

if TYPE_CHECKING:
    from docker import DockerClient

MAIN = "from installer.cli.main import main; main()"
DOMAIN = "internal.example.test"
HOST = f"tools.{DOMAIN}"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, client: DockerClient, tools: str) -> Iterator[Instance]:
    made = Instance(tmp_path_factory.mktemp("instance") / "data-directory", settings_with_tls())
    try:
        made.add(Side.INTERNAL, "tools", plain(tools, "tools", HOST))
        assert made.start().ok
        yield made
    finally:
        made.close()


@pytest.fixture
def cluster(shared: Instance) -> Iterator[Instance]:
    """An instance whose internal side has a certificate of its private CA, and whose folders have nothing else."""
    yield shared
    for side in Side:
        for file in shared.paths.proxy_certificates(side).iterdir():
            if file.name.partition(".")[0] not in ("internal", "invalid"):
                file.unlink()
    assert renewal.load(shared.cluster, SILENT).ok


def shoestring(instance: Instance, *arguments: str, code: int = ExitCode.DONE) -> str:
    """Run a command as a user does, without a terminal."""
    done = subprocess.run(
        (sys.executable, "-c", MAIN, "ssl", *arguments, "--data-directory", str(instance.paths.root)),
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == ExitCode.DONE else done.stdout + done.stderr


def states(instance: Instance) -> dict[str, dict[str, Any]]:
    answer = json.loads(shoestring(instance, "status", "--json"))
    return {each["name"]: each for each in answer["certificates"]}


def curl(instance: Instance, ca_file: Path, host: str = HOST) -> subprocess.CompletedProcess[str]:
    """Send a request as a computer that trusts one CA and no other."""
    internal = instance.settings.internal
    assert internal
    port = internal.https_port
    return subprocess.run(
        (
            *("curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "10"),
            *("--cacert", str(ca_file), "--capath", "/nonexistent"),
            *("--resolve", f"{host}:{port}:{LOOPBACK}", f"https://{host}:{port}/"),
        ),
        capture_output=True,
        text=True,
        check=False,
    )


def trusts(instance: Instance, ca_file: Path) -> bool:
    return curl(instance, ca_file).returncode == 0


def root(instance: Instance, target: Path) -> Path:
    """Copy the root to another computer, as `ssl ca` says."""
    target.write_text(shoestring(instance, "ca", "--pem"))
    return target


def test_ssl_ca_root_trusted_by_curl(cluster: Instance, tmp_path: Path) -> None:
    old = root(cluster, tmp_path / "old.crt")
    until(lambda: trusts(cluster, old), lambda fine: fine)
    printed = subprocess.run(
        ("openssl", "x509", "-in", str(old), "-noout", "-fingerprint", "-sha256"), capture_output=True, text=True
    ).stdout.strip()
    assert printed.partition("=")[2] in shoestring(cluster, "ca")

    status = states(cluster)["internal"]
    assert (status["state"], status["managed"], status["expiring"]) == ("valid", True, False)
    assert status["host_names"][:2] == [DOMAIN, f"*.{DOMAIN}"]
    assert "Nothing to do: no certificate is due." in shoestring(cluster, "renew")
    assert "Nothing to do." in shoestring(cluster, "issue", "--dry-run")


def test_ssl_ca_new_root(cluster: Instance, tmp_path: Path) -> None:
    old = root(cluster, tmp_path / "old.crt")
    refused = shoestring(cluster, "ca", "--new", code=ExitCode.USAGE)
    assert "There is no terminal to ask at. Add --yes to confirm" in refused
    assert trusts(cluster, old)
    assert "✓ certificate internal" in shoestring(cluster, "ca", "--new", "--yes")
    new = root(cluster, tmp_path / "new.crt")
    assert new.read_text() != old.read_text()
    assert trusts(cluster, new)
    assert curl(cluster, old).returncode == 60, "curl(1): the certificate cannot be verified with this CA"


def test_ssl_reports_unusable_root(cluster: Instance) -> None:
    key = cluster.paths.private_ca / "root.key"
    kept = key.read_bytes()
    key.unlink()
    said = f"{key} cannot be read: No such file or directory. Restore it, or create a new one with:"
    assert said in shoestring(cluster, "status")
    assert said in shoestring(cluster, "issue", DOMAIN, "--force", "--yes", code=ExitCode.FAILED)
    assert said in shoestring(cluster, "ca", code=ExitCode.FAILED)
    key.write_bytes(kept)
    assert "Private CA" in shoestring(cluster, "ca")


def test_ssl_issue_force(cluster: Instance, tmp_path: Path) -> None:
    pem = cluster.paths.proxy_certificates(Side.INTERNAL) / "internal.pem"
    ca, before = root(cluster, tmp_path / "root.crt"), pem.read_bytes()
    refused = shoestring(cluster, "issue", DOMAIN, "--force", code=ExitCode.USAGE)
    assert "There is no terminal to ask at." in refused
    assert pem.read_bytes() == before
    planned = json.loads(shoestring(cluster, "issue", DOMAIN, "--force", "--dry-run", "--json"))
    assert [(each["kind"], each["name"]) for each in planned["changes"]] == [
        ("issue-certificate", "certificate internal")
    ]
    assert pem.read_bytes() == before
    answer = json.loads(shoestring(cluster, "issue", DOMAIN, "--force", "--yes", "--json"))
    assert answer["ok"]
    assert pem.read_bytes() != before
    assert trusts(cluster, ca)
    unknown = shoestring(cluster, "issue", "no.example.test", code=ExitCode.USAGE)
    assert "No application uses the host name no.example.test." in unknown


def test_ssl_load_user_provided_certificate(cluster: Instance, tmp_path: Path) -> None:
    folder = cluster.paths.proxy_certificates(Side.INTERNAL)
    mine, own = make(HOST, days=5), tmp_path / "mine.crt"
    own.write_bytes(mine.certificate)
    (folder / "bought.pem.key").write_bytes(mine.key)
    (folder / "bought.pem").write_bytes(mine.certificate)
    planned = json.loads(shoestring(cluster, "load", "--dry-run", "--json"))
    assert [each["kind"] for each in planned["changes"]] == ["load-certificates"]
    assert "1 change. Apply: shoestring ssl load --data-directory" in shoestring(cluster, "load", "--dry-run")
    assert not trusts(cluster, own)
    shoestring(cluster, "load")
    assert trusts(cluster, own)
    assert "Nothing to do." in shoestring(cluster, "load", "--dry-run")
    status = states(cluster)["bought"]
    assert (status["state"], status["managed"], status["expiring"]) == ("user-provided", False, True)
    said = shoestring(cluster, "renew", code=ExitCode.FAILED)
    assert f"certificate bought ({HOST}) expires in 4 days" in said
    assert (folder / "bought.pem").read_bytes() == mine.certificate

    (folder / "bought.pem").unlink()
    (folder / "bought.pem.key").unlink()
    shoestring(cluster, "load")
    assert not trusts(cluster, own)
    assert trusts(cluster, root(cluster, tmp_path / "root.crt"))


def test_ssl_load_invalid_file(cluster: Instance, tmp_path: Path) -> None:
    (cluster.paths.proxy_certificates(Side.INTERNAL) / "odd.pem").write_text("no certificate\n")
    assert "odd.pem" in shoestring(cluster, "load", code=ExitCode.FAILED)
    answer = json.loads(shoestring(cluster, "status", "--json"))
    assert answer["ok"] is False
    (problem,) = answer["problems"]
    assert (problem["code"], problem["subject"], problem["advice"]) == ("certificate-unusable", "odd", None)
    assert "odd.pem" in problem["message"]
    assert trusts(cluster, root(cluster, tmp_path / "root.crt"))


def test_ssl_load_unreadable_key(cluster: Instance) -> None:
    folder = cluster.paths.proxy_certificates(Side.PUBLIC)
    mine = make("mine.example.test")
    (folder / "mine.pem").write_bytes(mine.certificate)
    (folder / "mine.pem.key").write_bytes(mine.key)
    (folder / "mine.pem.key").chmod(0o600)
    said = "HAProxy cannot read it. Allow it: chgrp 99 "
    assert said in shoestring(cluster, "load", code=ExitCode.FAILED)
    assert said in shoestring(cluster, "status")
    assert said in shoestring(cluster, "renew", code=ExitCode.FAILED)
    assert (folder / "invalid.pem").exists()
