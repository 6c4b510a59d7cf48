from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from installer.vpn import clients, keys
from installer.vpn.clients import VpnClient
from runtime.base.errors import ShoestringError, UsageError
from runtime.base.paths import Paths
from tests.support.builders.vpn import LAPTOP


def client(name: str) -> VpnClient:
    private = keys.generate_private()
    return VpnClient(
        name=name,
        made="2026-01-02T03:04:05Z",
        addresses=("10.12.0.2", "fd12::2"),
        public_key=keys.public_of(private),
        preshared_key=keys.generate_preshared(),
        private_key=private,
    )


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_write_and_read_all_private_files(paths: Paths) -> None:
    laptop, phone = client("laptop"), replace(client("phone"), private_key="")
    for each in (phone, laptop):
        clients.write(paths, each)
    assert clients.read_all(paths) == (laptop, phone)
    files = sorted((paths.wireguard / "clients").iterdir())
    assert {mode(each) for each in files} == {0o600}
    assert {mode(paths.wireguard), mode(paths.wireguard / "clients")} == {0o700}
    clients.remove(paths, "laptop")
    assert clients.read_all(paths) == (phone,)


def test_read_server_key(paths: Paths) -> None:
    assert clients.read_server_key(paths) == ""
    private = keys.generate_private()
    clients.write_server_key(paths, private)
    assert clients.read_server_key(paths) == private
    file = paths.wireguard / "server.key"
    assert mode(file) == 0o600
    file.write_text("nonsense")
    with pytest.raises(ShoestringError, match="server.key cannot be used: it is not a WireGuard key") as error:
        clients.read_server_key(paths)
    assert "nonsense" not in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("public_key: ", "public_kay: ", "unknown key; did you mean public_key?"),
        ("- 10.12.0.2", "- 10.12.0.299", "'10.12.0.299' is not an IP address"),
        ("name: laptop", "name: phone", "name: is not laptop, as the file is called"),
    ],
)
def test_read_all_refuses_invalid_file(paths: Paths, old: str, new: str, message: str) -> None:
    clients.write(paths, client("laptop"))
    file = paths.wireguard / "clients" / "laptop.yaml"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(ShoestringError) as error:
        clients.read_all(paths)
    assert message in str(error.value)
    assert str(file) in str(error.value)


def test_read_all_hides_invalid_private_key(paths: Paths) -> None:
    laptop = client("laptop")
    clients.write(paths, laptop)
    file = paths.wireguard / "clients" / "laptop.yaml"
    file.write_text(file.read_text().replace(laptop.private_key, laptop.private_key[:-2]))
    with pytest.raises(ShoestringError) as error:
        clients.read_all(paths)
    assert "private_key: is not a WireGuard key" in str(error.value)
    assert laptop.private_key[:-2] not in str(error.value)


def test_find_unknown_name() -> None:
    laptop = client("laptop")
    assert clients.find((laptop,), "laptop") is laptop
    with pytest.raises(UsageError, match=r"^There is no VPN client labtop; did you mean laptop\?"):
        clients.find((laptop,), "labtop")


def test_read_all_accepts_long_name_of_earlier_version(paths: Paths) -> None:
    clients.write(paths, replace(LAPTOP, name="x" * 63))
    assert [each.name for each in clients.read_all(paths)] == ["x" * 63]
