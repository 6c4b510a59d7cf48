from __future__ import annotations

from installer.vpn.peers import parse_dump

# Recorded from wireguard-tools 1.0.20210914; the private and the preshared keys are not in use.
DUMP = (
    "cHJpdmF0ZQ==\tserverkey=\t51820\toff\n"
    "laptop=\tcHNr\t192.0.2.9:41641\t10.12.0.2/32,fd12::2/128\t1767322000\t48120\t92004\toff\n"
    "phone=\tcHNr\t(none)\t10.12.0.3/32\t0\t0\t0\toff\n"
    "stray=\t(none)\t[2001:db8::1]:51820\t(none)\t0\t0\t148\t25\n"
)


def test_parse_dump_of_interface() -> None:
    live = parse_dump(DUMP)
    assert live
    assert (live.public_key, live.port) == ("serverkey=", 51820)
    laptop, phone, stray = live.peers
    assert laptop.endpoint == "192.0.2.9:41641"
    assert laptop.allowed == ("10.12.0.2/32", "fd12::2/128")
    assert (laptop.handshake, laptop.received, laptop.sent) == (1767322000, 48120, 92004)
    assert (phone.endpoint, phone.handshake) == ("", 0)
    assert (stray.endpoint, stray.allowed) == ("[2001:db8::1]:51820", ())
    assert (laptop.preshared_key, stray.preshared_key) == ("cHNr", "")
    assert live.peer("phone=") is phone
    assert live.peer("other=") is None
    assert "cHNr" not in repr(live)
    assert "cHJpdmF0ZQ==" not in repr(live)


def test_is_connected_by_handshake() -> None:
    live = parse_dump(DUMP)
    assert live
    assert live.peers[0].is_connected(1767322100)
    assert not live.peers[0].is_connected(1767322200)
    assert not live.peers[1].is_connected(1767322100)


def test_parse_dump_empty() -> None:
    assert parse_dump("") is None
