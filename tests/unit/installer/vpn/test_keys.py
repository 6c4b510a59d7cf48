from __future__ import annotations

import base64

import pytest

from installer.vpn import keys


def test_public_of_rfc_example() -> None:
    # RFC 7748 section 6.1, Bob's pair.
    private = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    public = bytes.fromhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
    assert base64.b64decode(keys.public_of(base64.b64encode(private).decode())) == public


def test_generated_keys_are_unique_and_normal() -> None:
    made = [keys.generate_private(), keys.generate_private(), keys.generate_preshared(), keys.generate_preshared()]
    assert len(set(made)) == 4
    assert [keys.checked(f" {each}\n") for each in made] == made


def test_generate_private_is_clamped() -> None:
    raw = base64.b64decode(keys.generate_private())
    assert raw[0] & 7 == 0
    assert raw[31] & 192 == 64


@pytest.mark.parametrize(
    "value",
    [
        "",
        None,
        7,
        "abc",
        base64.b64encode(bytes(31)).decode(),
        base64.b64encode(bytes(33)).decode(),
        base64.b64encode(bytes(32)).decode(),
        base64.b64encode(b"k" * 32).decode()[:-1],
        # Another encoding of a valid key: the two unused bits of base64 are set.
        base64.b64encode(b"k" * 32).decode()[:-2] + "t=",
        base64.b64encode(b"k" * 32).decode().replace("a", "!"),
    ],
)
def test_checked_refuses_invalid_key(value: object) -> None:
    with pytest.raises(ValueError, match="is n"):
        keys.checked(value)
