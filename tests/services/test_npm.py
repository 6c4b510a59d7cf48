"""The npm registry, used by the real npm from another machine; npmjs is a fake that records its requests."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pexpect
import pytest

from installer.services.registry_npm import service
from runtime.docker.observed import observe
from tests.support.deploy.stand import killed_at, shoestring
from tests.support.engine import built_image, until
from tests.support.services.fake_npmjs import LEFT_PAD, FakeNpmjs, fake_npmjs
from tests.support.services.registry_stand import CA, IMAGES, Machine, Site, open_site

if TYPE_CHECKING:
    from docker import DockerClient


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, client: DockerClient) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("npm") / "data-directory", client, service.NAME) as opened:
        yield opened


@pytest.fixture(scope="module")
def uplink(site: Site) -> Iterator[FakeNpmjs]:
    """Set the fake as the registry's uplink, by the line that a user changes for a mirror."""
    with fake_npmjs(site.address) as fake:
        file = site.instance.paths.conf / service.NAME / "config.yaml"
        text = file.read_text()
        assert "https://registry.npmjs.org/" in text
        file.write_text(text.replace("https://registry.npmjs.org/", f"http://{site.address}:{fake.port}/"))
        restart(site)
        yield fake


@pytest.fixture(scope="module")
def machine(site: Site, uplink: FakeNpmjs, client: DockerClient) -> Iterator[Machine]:
    with site.machine(built_image(client, IMAGES / "npm"), "npm") as started:
        for key, value in {
            "cafile": CA,
            "registry": url(site),
            "update-notifier": "false",
            "fetch-retries": "0",
        }.items():
            started.shell(f"npm config set {key} {value} --location=global")
        yield started


def url(site: Site) -> str:
    return service.url(site.instance.paths, site.instance.settings)


def scope(site: Site) -> str:
    return f"@{site.instance.settings.domain.split('.')[0]}"


def restart(site: Site) -> None:
    client = site.instance.cluster.client
    (container,) = observe(client, site.instance.settings.instance).of(service.NAME)
    client.api.restart(container.id, timeout=10)


def started(site: Site) -> str:
    """Return when the registry was started."""
    client = site.instance.cluster.client
    (container,) = observe(client, site.instance.settings.instance).of(service.NAME)
    return str(client.api.inspect_container(container.id)["State"]["StartedAt"])


def serves(machine: Machine) -> None:
    until(lambda: machine.run("npm", "ping").returncode, lambda code: code == 0)


def add_user(site: Site, name: str) -> str:
    """Add a user by the command; return the printed password."""
    password = site.answer("npm", "user", "add", name)["password"]
    assert re.fullmatch(r"[A-Za-z0-9]{32}", password)
    return str(password)


def log_in(machine: Machine, user: str, password: str) -> int:
    """`npm login` at a terminal; returns its exit code."""
    argv = ["exec", "--interactive", "--tty", machine.name, "npm", "login", "--auth-type=legacy"]
    with pexpect.spawn("docker", argv, timeout=60, encoding="utf-8") as terminal:
        terminal.expect("Username:")
        terminal.sendline(user)
        terminal.expect("Password:")
        terminal.sendline(password)
        terminal.expect(pexpect.EOF)
    return int(terminal.exitstatus or 0)


def log_out(machine: Machine) -> None:
    machine.run("npm", "logout")


def publish(site: Site, machine: Machine, name: str, version: str = "1.0.0") -> tuple[int, str]:
    """Publish a package that prints its name; the exit code and what npm says."""
    folder = f"/packages/{name}"
    manifest = json.dumps({"name": name, "version": version, "main": "index.js"})
    machine.shell(f"mkdir -p {folder}; cat >{folder}/package.json", stdin=manifest)
    machine.shell(f"echo 'console.log(\"{name}\")' >{folder}/index.js")
    result = machine.run("sh", "-c", f"cd {folder} && npm publish")
    return result.returncode, result.stdout + result.stderr


def install(machine: Machine, name: str) -> tuple[int, str]:
    """Install a package in an empty folder, with an empty cache of npm."""
    script = f"rm -rf /app ~/.npm/_cacache; mkdir /app; cd /app; npm install --no-audit --no-fund {name} 2>&1"
    result = machine.run("sh", "-c", script)
    return result.returncode, result.stdout


def test_npm_container_without_privileges(site: Site) -> None:
    (container,) = observe(site.instance.cluster.client, site.instance.settings.instance).of(service.NAME)
    inspected = site.instance.cluster.client.api.inspect_container(container.id)
    assert inspected["Config"]["User"] == "10001"
    assert inspected["HostConfig"]["CapDrop"] == ["ALL"]
    assert inspected["HostConfig"]["ReadonlyRootfs"]


def test_npm_login_publish_install(site: Site, machine: Machine) -> None:
    serves(machine)
    password = add_user(site, "anna")
    assert log_in(machine, "anna", "wrong-password") != 0
    assert log_in(machine, "nobody", password) != 0
    assert log_in(machine, "anna", password) == 0
    assert machine.shell("npm whoami").strip() == "anna"
    code, said = publish(site, machine, f"{scope(site)}/page")
    assert code == 0, said
    log_out(machine)
    code, said = install(machine, f"{scope(site)}/page")
    assert code == 0, said
    assert machine.shell(f"cd /app && node -e 'require(\"{scope(site)}/page\")'").strip() == f"{scope(site)}/page"
    # The package is downloaded from the registry itself.
    resolved = machine.shell("grep resolved /app/package-lock.json")
    assert f'"{url(site)}' in resolved


def test_npm_publish_without_login(site: Site, machine: Machine) -> None:
    serves(machine)
    log_out(machine)
    code, said = publish(site, machine, f"{scope(site)}/stranger")
    assert (code != 0, "ENEEDAUTH" in said) == (True, True), said
    # With a token that it made up, and by the API itself.
    machine.shell(f"npm config set //{site.host('npm')}/:_authToken=made-up")
    code, said = publish(site, machine, f"{scope(site)}/stranger")
    assert code != 0
    log_out(machine)
    assert put(machine, site, f"{scope(site)}/stranger", "{}") in (401, 403)
    assert put(machine, site, "-/user/org.couchdb.user:eve", '{"name": "eve", "password": "evil-enough"}') >= 400
    assert site.command("npm", "user", "list").out.split() == ["anna"]
    assert install(machine, f"{scope(site)}/stranger")[0] != 0


def put(machine: Machine, site: Site, path: str, body: str) -> int:
    """Send a PUT; return the status."""
    options = "{method: 'PUT', body: process.argv[1], headers: {'content-type': 'application/json'}}"
    script = f"fetch('{url(site)}{path}', {options}).then(answer => console.log(answer.status))"
    result = machine.run("env", f"NODE_EXTRA_CA_CERTS={CA}", "node", "-e", script, body)
    assert result.returncode == 0, result.stderr
    return int(result.stdout)


def test_npm_own_scope_not_requested_from_faked_uplink(site: Site, machine: Machine, uplink: FakeNpmjs) -> None:
    serves(machine)
    own = scope(site)
    assert log_in(machine, "anna", add_user(site, "anna")) == 0
    assert publish(site, machine, f"{own}/secret")[0] == 0
    assert install(machine, f"{own}/secret")[0] == 0
    assert install(machine, f"{own}/there-is-none")[0] != 0
    machine.run("npm", "view", f"{own}/there-is-none")
    machine.run("sh", "-c", "cd /app && npm audit; npm outdated; npm search secret")
    assert [path for path in uplink.asked if own in path or own[1:] in path] == []
    # All others are requested, so the fake would have recorded it.
    assert install(machine, LEFT_PAD)[0] == 0
    assert f"/{LEFT_PAD}" in uplink.asked
    # A name of npmjs cannot be published here.
    assert publish(site, machine, LEFT_PAD, "9.9.9")[0] != 0


def test_npm_cached_package_with_faked_uplink_down(site: Site, machine: Machine, uplink: FakeNpmjs) -> None:
    serves(machine)
    assert install(machine, LEFT_PAD)[0] == 0
    count = len([path for path in uplink.asked if path.endswith(".tgz")])
    uplink.down.set()
    try:
        code, said = install(machine, LEFT_PAD)
        assert code == 0, said
        # What was never cached is requested, and not available now.
        assert install(machine, "right-pad-of-npmjs")[0] != 0
        assert "/right-pad-of-npmjs" in uplink.asked
    finally:
        uplink.down.clear()
        # Verdaccio does not ask a failed uplink again for minutes.
        restart(site)
    assert len([path for path in uplink.asked if path.endswith(".tgz")]) == count == 1


def test_npm_large_package(site: Site, machine: Machine) -> None:
    serves(machine)
    assert log_in(machine, "anna", add_user(site, "anna")) == 0
    machine.shell(
        f"mkdir -p /packages/{scope(site)}/large; head -c 14000000 /dev/urandom >/packages/{scope(site)}/large/x"
    )
    code, said = publish(site, machine, f"{scope(site)}/large")
    assert code == 0, said
    assert install(machine, f"{scope(site)}/large")[0] == 0
    (container,) = observe(site.instance.cluster.client, site.instance.settings.instance).of(service.NAME)
    assert site.instance.cluster.client.api.inspect_container(container.id)["RestartCount"] == 0


def test_npm_restart_keeps_users_and_user_remove(site: Site, machine: Machine) -> None:
    serves(machine)
    password = add_user(site, "berta")
    assert log_in(machine, "berta", password) == 0
    assert publish(site, machine, f"{scope(site)}/stays")[0] == 0
    site.command("stop")
    site.command("start")
    serves(machine)
    # Users, packages, and the login of before.
    assert machine.shell("npm whoami").strip() == "berta"
    assert install(machine, f"{scope(site)}/stays")[0] == 0
    would = site.answer("npm", "user", "remove", "berta", "--dry-run")
    assert (would["name"], would["removed"]) == ("berta", False)
    assert machine.shell("npm whoami").strip() == "berta"
    assert site.answer("npm", "user", "remove", "berta")["removed"] is True
    serves(machine)
    assert publish(site, machine, f"{scope(site)}/stays", "2.0.0")[0] != 0
    assert log_in(machine, "berta", password) != 0
    assert shoestring(site.instance, "npm", "user", "remove", "berta").code == 2


def test_npm_user_remove_after_kill(site: Site, machine: Machine) -> None:
    serves(machine)
    password = add_user(site, "dora")
    assert log_in(machine, "dora", password) == 0
    killed = killed_at(site.instance, "user-removed", "npm", "user", "remove", "dora")
    assert killed.code == -9, killed.out + killed.err
    # The user is removed from the file, but not from Verdaccio's memory.
    assert "dora" not in site.answer("npm", "user", "list")["users"]
    assert log_in(machine, "dora", password) == 0
    before = started(site)
    again = shoestring(site.instance, "npm", "user", "remove", "dora")
    assert (again.code, "There is no user dora." in again.err) == (2, True)
    serves(machine)
    assert log_in(machine, "dora", password) != 0
    # If nothing is left to do, an unknown name causes no restart.
    after = started(site)
    assert after != before
    assert shoestring(site.instance, "npm", "user", "remove", "dora").code == 2
    assert started(site) == after


def test_npm_user_add_dry_run(site: Site) -> None:
    users = site.answer("npm", "user", "list")["users"]
    would = site.answer("npm", "user", "add", "emma", "--dry-run")
    assert (would["new"], would["password"]) == (True, None)
    assert site.command("npm", "user", "add", "anna", "--dry-run").out.startswith("  ~ anna")
    assert shoestring(site.instance, "npm", "user", "add", "a b", "--dry-run").code == 2
    assert site.answer("npm", "user", "list")["users"] == users


def test_npm_passwords_not_in_log(site: Site) -> None:
    file = service.users(site.instance.paths).file
    assert (file.stat().st_mode & 0o777, file.stat().st_gid) == (0o640, 65533)
    password = add_user(site, "carla")
    assert "carla:$2b$" in file.read_text()
    assert password not in file.read_text()
    basic = base64.b64encode(f"carla:{password}".encode()).decode()
    client = site.instance.cluster.client
    (container,) = observe(client, site.instance.settings.instance).of(service.NAME)
    logged = client.api.logs(container.id).decode()
    assert password not in logged
    assert basic not in logged
