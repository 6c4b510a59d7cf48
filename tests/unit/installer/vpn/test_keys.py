from __future__ import annotations

import base64

import pytest

from installer.vpn import keys


def test_a_public_key_is_that_of_its_private_one() -> None:
    # RFC 7748 section 6.1, Bob's pair.
    private = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    public = bytes.fromhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
    assert base64.b64decode(keys.public_of(base64.b64encode(private).decode())) == public


def test_keys_are_fresh_and_in_their_normal_form() -> None:
    made = [keys.generate_private(), keys.generate_private(), keys.generate_preshared(), keys.generate_preshared()]
    assert len(set(made)) == 4
    assert [keys.checked(f" {each}\n") for each in made] == made


def test_a_private_key_is_clamped() -> None:
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
        # Another text for the bytes of a good key: the two bits that base64 leaves over are set.
        base64.b64encode(b"k" * 32).decode()[:-2] + "t=",
        base64.b64encode(b"k" * 32).decode().replace("a", "!"),
    ],
)
def test_what_is_no_key(value: object) -> None:
    with pytest.raises(ValueError, match="is n"):
        keys.checked(value)
