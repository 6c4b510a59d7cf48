"""The Docker registry: users, pushes from another machine, the host's own deploys, and garbage collection."""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from installer.services.registry_docker import gc, registry
from installer.services.registry_docker import login as registry_login
from runtime.base.paths import Side
from runtime.docker.images import BUSYBOX, local_name
from runtime.docker.observed import observe
from runtime.reconcile import watchdog
from tests.support.deploy.stand import killed_at, shoestring
from tests.support.engine import no_trust, until
from tests.support.services.registry_stand import Machine, Site, engine, open_site

if TYPE_CHECKING:
    from docker import DockerClient

MEGABYTE = 1_000_000
LARGE = 500 * MEGABYTE


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, client: DockerClient) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("registry") / "data-directory", client, registry.NAME) as opened:
        yield opened


@pytest.fixture(scope="module")
def machine(site: Site, client: DockerClient) -> Iterator[Machine]:
    with engine(site, client) as started:
        save = subprocess.Popen(("docker", "save", local_name(BUSYBOX)), stdout=subprocess.PIPE)
        load = ("docker", "exec", "--interactive", started.name, "docker", "load", "--quiet")
        subprocess.run(load, stdin=save.stdout, check=True, capture_output=True, timeout=60)
        assert save.wait() == 0
        yield started


def password(site: Site) -> str:
    return registry.password(site.instance.paths)


def log_in(site: Site, machine: Machine, user: str, given: str) -> subprocess.CompletedProcess[str]:
    return machine.run("docker", "login", "-u", user, "--password-stdin", site.host("docker"), stdin=given)


def push(site: Site, machine: Machine, tag: str, text: str) -> str:
    """Build a small page on the machine and push it; returns its name."""
    name = f"{site.host('docker')}/{tag}"
    recipe = f"FROM {local_name(BUSYBOX)}\nRUN mkdir /page && echo {text} >/page/index.html\n"
    command = 'CMD ["httpd", "-f", "-p", "8080", "-h", "/page"]\n'
    machine.shell(f"DOCKER_BUILDKIT=0 docker build --quiet --network none --tag {name} -", stdin=recipe + command)
    machine.shell(f"docker push --quiet {name}")
    return name


def digest_of(site: Site, repository: str, tag: str) -> str:
    tags = gc.store(site.instance.paths).tags()
    return next(each.digest for each in tags if (each.repository, each.name) == (repository, tag))


def test_registry_password_shown_once_and_no_privileges(site: Site) -> None:
    again = site.command("service", "add", registry.NAME, "--yes")
    assert password(site) not in again.out
    (container,) = observe(site.instance.cluster.client, site.instance.settings.instance).of(registry.NAME)
    inspected = site.instance.cluster.client.api.inspect_container(container.id)
    assert inspected["Config"]["User"] == "5000:5000"
    assert inspected["HostConfig"]["CapDrop"] == ["ALL"]
    assert inspected["HostConfig"]["ReadonlyRootfs"]
    file = registry.users(site.instance.paths).file
    assert (file.stat().st_mode & 0o777, file.stat().st_gid) == (0o640, 5000)
    assert file.read_text().startswith("admin:$2b$")
    assert password(site) not in file.read_text()


def test_registry_wrong_password(site: Site, machine: Machine) -> None:
    assert log_in(site, machine, "admin", "wrong").returncode != 0
    assert log_in(site, machine, "nobody", password(site)).returncode != 0
    refused = machine.run("docker", "pull", f"{site.host('docker')}/any:1")
    assert refused.returncode != 0
    assert "no basic auth credentials" in refused.stderr or "unauthorized" in refused.stderr


def test_registry_user_add_and_remove(site: Site, machine: Machine) -> None:
    before = site.instance.containers()
    would = site.answer("registry", "user", "add", "anna", "--dry-run")
    assert (would["new"], would["password"]) == (True, None)
    assert site.answer("registry", "user", "list")["users"] == ["admin"]
    made = site.answer("registry", "user", "add", "anna")
    assert made["log_in"] == f"docker login {site.host('docker')} --username anna"
    assert log_in(site, machine, "anna", made["password"]).returncode == 0
    assert site.command("registry", "user", "add", "anna", "--dry-run").out.startswith("  ~ anna")
    assert site.answer("registry", "user", "remove", "anna", "--dry-run")["removed"] is False
    assert log_in(site, machine, "anna", made["password"]).returncode == 0
    assert site.command("registry", "user", "list").out.split() == ["admin", "anna"]
    assert site.answer("registry", "user", "remove", "anna")["removed"] is True
    assert log_in(site, machine, "anna", made["password"]).returncode != 0
    assert site.instance.containers() == before
    for command in ("add", "remove"):
        refused = shoestring(site.instance, "registry", "user", command, "admin", "--dry-run")
        assert (refused.code, "is the user of this host itself" in refused.err) == (2, True)


def test_registry_push_and_pull_500_mb(site: Site, machine: Machine) -> None:
    assert log_in(site, machine, "admin", password(site)).returncode == 0
    name = f"{site.host('docker')}/large:1"
    recipe = f"FROM {local_name(BUSYBOX)}\\nCOPY file /"
    machine.shell(
        f"mkdir /large; cd /large; head -c {LARGE} /dev/urandom >file; printf '{recipe}' >Dockerfile; "
        f"DOCKER_BUILDKIT=0 docker build --quiet --tag {name} . >/dev/null; sha256sum file >sum; rm file",
    )
    machine.shell(f"docker push --quiet {name}")
    machine.shell(f"docker image rm --force {name} >/dev/null; docker image prune --force >/dev/null")
    sum_ = machine.shell(
        f"docker pull --quiet {name} >/dev/null; docker run --rm --network none {name} sha256sum /file"
    )
    assert sum_.split()[0] == machine.shell("cat /large/sum").split()[0]
    machine.shell(f"docker image rm --force {name}")
    listed = site.answer("registry", "list")
    (large,) = (each for each in listed["images"] if each["repository"] == "large")
    assert LARGE < large["size"] < LARGE * 1.1


def test_registry_deploy_from_it(site: Site, machine: Machine) -> None:
    assert log_in(site, machine, "admin", password(site)).returncode == 0
    first, second = (push(site, machine, f"team/page:{each}", f"version {each}") for each in "12")
    host = f"page.{site.instance.settings.internal_domain}"
    file = f"x-external-host-names: [{host}]\nx-container-port: 8080\nx-rollout: {{watch_time: 1s}}\n"
    file += f"services:\n  application:\n    image: {first}\n    stop_grace_period: 0s\n"
    site.instance.add(Side.INTERNAL, "page", file)
    try:
        # A start without `deploy` has the login too.
        assert site.instance.start().ok
        # The login may also be missing.
        registry_login.undo(site.instance.paths, site.instance.settings)
        answer = site.command("deploy", "page", "2")
        assert f"pulled      {second}" in answer.out
        (running,) = observe(site.instance.cluster.client, site.instance.settings.instance).of("page")
        assert running.image == second
    finally:
        site.instance.file(Side.INTERNAL, "page").unlink()
        assert site.instance.start().ok
        for each in (first, second):
            site.instance.cluster.client.images.remove(each, force=True)


def test_registry_login_again(site: Site) -> None:
    registry_login.undo(site.instance.paths, site.instance.settings)
    host = site.host("docker")
    assert host not in registry_login.HOST_FILES.hosts.read_text()
    assert not (registry_login.HOST_FILES.certificates / host).exists()
    assert host not in (site.docker_config / "config.json").read_text()
    would = site.answer("registry", "login", "--dry-run")
    assert (would["ok"], would["address"], len(would["done"])) == (True, host, 2)
    assert host not in registry_login.HOST_FILES.hosts.read_text()
    assert not (registry_login.HOST_FILES.certificates / host).exists()
    assert host not in (site.docker_config / "config.json").read_text()
    assert site.answer("registry", "login") == would
    assert f"{site.address} {host}" in registry_login.HOST_FILES.hosts.read_text()
    assert (registry_login.HOST_FILES.certificates / host / "ca.crt").read_bytes() == site.root
    assert host in (site.docker_config / "config.json").read_text()
    assert site.answer("registry", "login")["done"] == []


def test_registry_gc_untagged(site: Site, machine: Machine) -> None:
    assert log_in(site, machine, "admin", password(site)).returncode == 0
    name = push(site, machine, "app:1", secrets.token_hex(8))
    old = digest_of(site, "app", "1")
    push(site, machine, "app:1", secrets.token_hex(8))
    new = digest_of(site, "app", "1")
    assert old != new
    age(site, "app", old)

    kept = site.answer("registry", "gc", "--dry-run")
    assert kept["blobs"] == 0
    would = site.answer("registry", "gc", "--untagged", "--dry-run")
    assert [each["digest"] for each in would["versions"]] == [old]
    # Manifest, configuration, and the layer with the page; the layer below is shared.
    assert would["blobs"] == 3

    done = site.answer("registry", "gc", "--untagged", "--yes")
    assert would["size"] <= done["freed"] <= would["size"] + 10_000
    assert gc.store(site.instance.paths).unreferenced() == {}
    assert digest_of(site, "app", "1") == new
    machine.shell(f"docker image rm --force {name} >/dev/null; docker pull --quiet {name}")
    assert machine.run("docker", "pull", f"{site.host('docker')}/app@{old}").returncode != 0
    # What was removed can be pushed again: the registry has no stale cache of it.
    push(site, machine, "app:2", "again")


def test_registry_gc_after_delete(site: Site, machine: Machine) -> None:
    assert log_in(site, machine, "admin", password(site)).returncode == 0
    name = push(site, machine, "deleted:1", secrets.token_hex(8))
    digest = digest_of(site, "deleted", "1")
    before = site.answer("registry", "gc", "--dry-run")
    assert delete(site, "deleted", digest, "wrong") == 401
    assert digest_of(site, "deleted", "1") == digest
    assert delete(site, "deleted", digest, password(site)) == 202
    machine.shell(f"docker image rm --force {name} >/dev/null")
    assert machine.run("docker", "pull", name).returncode != 0

    would = site.answer("registry", "gc", "--dry-run")
    assert would["versions"] == []
    # Manifest, configuration, and the layer with the page.
    assert would["blobs"] == before["blobs"] + 3
    done = site.answer("registry", "gc", "--yes")
    assert 0 < would["size"] <= done["freed"] <= would["size"] + 10_000
    assert gc.store(site.instance.paths).unreferenced() == {}


def delete(site: Site, repository: str, digest: str, given: str) -> int:
    """Delete a manifest by the API, as admin with a password; return the status."""
    login = base64.b64encode(f"admin:{given}".encode()).decode()
    connection = http.client.HTTPSConnection(site.address, timeout=20, context=no_trust())
    with contextlib.closing(connection):
        headers = {"Host": site.host("docker"), "Authorization": f"Basic {login}"}
        connection.request("DELETE", f"/v2/{repository}/manifests/{digest}", headers=headers)
        return connection.getresponse().status


def age(site: Site, repository: str, digest: str) -> None:
    """Set the time of a version to two hours ago."""
    store = gc.store(site.instance.paths)
    top = store.root / "docker/registry/v2/repositories" / repository
    link = top / "_manifests/revisions/sha256" / digest.removeprefix("sha256:") / "link"
    moment = link.stat().st_mtime - 2 * gc.YOUNG_SECONDS
    os.utime(link, (moment, moment))


@pytest.mark.parametrize("point", ["registry-stopped", "registry-forgot", "registry-collected"])
def test_registry_gc_killed_then_watchdog(site: Site, machine: Machine, point: str) -> None:
    assert log_in(site, machine, "admin", password(site)).returncode == 0
    name = push(site, machine, "killed:1", "kept")
    killed = killed_at(site.instance, point, "registry", "gc", "--untagged", "--yes")
    assert killed.code == -9, killed.out + killed.err
    (stopped,) = observe(site.instance.cluster.client, site.instance.settings.instance).of(registry.NAME)
    assert not stopped.running
    # Without the backoff of repairs in earlier tests.
    site.instance.cluster.run.attempts.unlink(missing_ok=True)
    assert watchdog.watch(site.instance.cluster).ok
    machine.shell(f"docker image rm --force {name} >/dev/null; docker pull --quiet {name}")


def test_registry_gc_container_ends_with_command(site: Site) -> None:
    """Kill the command during a slow collection: its container is removed automatically."""
    client = site.instance.cluster.client
    (container,) = observe(client, site.instance.settings.instance).of(registry.NAME)
    inspected = client.api.inspect_container(container.id)
    script = gc.SCRIPT.replace('registry garbage-collect "$1"', "sleep 600")
    assert script != gc.SCRIPT
    name = f"{site.instance.settings.instance}_slow"
    line = gc.collection(name, site.instance.settings.instance, inspected)
    line = tuple(script if each == gc.SCRIPT else each for each in line)
    code = f"from runtime.base import command; command.run({line!r}, kill_with_parent=True)"
    process = subprocess.Popen((sys.executable, "-c", code), cwd=Path(__file__).parents[2])
    try:
        until(lambda: client.api.containers(filters={"name": name}), lambda found: len(found) == 1)
    finally:
        process.kill()
        process.wait()
    try:
        until(lambda: client.api.containers(all=True, filters={"name": name}), lambda found: found == [])
    finally:
        for left in client.api.containers(all=True, filters={"name": name}):
            client.api.remove_container(left["Id"], force=True)


def test_registry_restart_keeps_images(site: Site, machine: Machine) -> None:
    assert log_in(site, machine, "admin", password(site)).returncode == 0
    name = push(site, machine, "stays:1", "here")
    site.command("stop")
    site.command("start")
    machine.shell(f"docker image rm --force {name} >/dev/null; docker pull --quiet {name}")


def test_registry_remove_cleans_host(site: Site) -> None:
    host = site.host("docker")
    site.command("service", "remove", registry.NAME, "--yes")
    assert host not in registry_login.HOST_FILES.hosts.read_text()
    assert not (registry_login.HOST_FILES.certificates / host).exists()
    assert host not in (site.docker_config / "config.json").read_text()
    assert gc.store(site.instance.paths).tags() != ()
    refused = shoestring(site.instance, "registry", "list")
    assert (refused.code, "Docker registry is not added." in refused.err) == (2, True)
