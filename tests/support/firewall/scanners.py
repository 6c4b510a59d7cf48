"""Programs that listen in a network namespace, or scan which ports of another answer, each run there by Python."""

from __future__ import annotations

# Listens on all addresses at TCP and UDP ports, under the name of another program, and answers every client.
LISTENER = """
import selectors, socket, sys
with open('/proc/self/comm', 'w') as name:
    name.write(sys.argv[3])
selector = selectors.DefaultSelector()
def listen(kind, port):
    sock = socket.socket(socket.AF_INET6, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(('::', port))
    if kind == socket.SOCK_STREAM:
        sock.listen(1000)
    selector.register(sock, selectors.EVENT_READ)
for port in sys.argv[1].split(','):
    listen(socket.SOCK_STREAM, int(port))
for port in filter(None, sys.argv[2].split(',')):
    listen(socket.SOCK_DGRAM, int(port))
while True:
    for key, _ in selector.select():
        if key.fileobj.type == socket.SOCK_STREAM:
            key.fileobj.accept()[0].close()
        else:
            data, address = key.fileobj.recvfrom(1000)
            key.fileobj.sendto(data, address)
            if data.startswith(b'report '):
                print(data.decode().strip(), flush=True)
"""
# Sends a SYN to each TCP port from a raw socket (RFC 9293 section 3.5); prints the ports that took it, and how many
# refused. The kernel, which knows of no connection, resets each at once. One is enough: a cable between namespaces
# loses nothing, as a scan of a host without a firewall shows, where every port answers or refuses. On a slow host, a
# port that answers sets the pace: packets do not overtake each other, so that its answer comes last.
TCP = """
import json, random, select, socket, struct, sys, time
address, wanted, idle = sys.argv[1], range(*json.loads(sys.argv[2])), float(sys.argv[3])
pace = int(sys.argv[4]) if len(sys.argv) > 4 else None
SYN, RST, ACK = 2, 4, 16
source = random.randrange(20000, 30000)
six = ':' in address
if six:
    raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_TCP)
    raw.setsockopt(socket.IPPROTO_IPV6, 7, 16)  # ipv6(7): IPV6_CHECKSUM, where TCP has it
    base = None
else:
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((address, 9))
        own = probe.getsockname()[0]
    base = socket.inet_aton(own) + socket.inet_aton(address) + struct.pack('!BBH', 0, 6, 20)
raw.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # socket(7): SO_RCVBUFFORCE
raw.setblocking(False)
def segment(port, source):
    head = struct.pack('!HHIIBBHHH', source, port, 1, 0, 5 << 4, SYN, 64000, 0, 0)
    if six:
        return head
    total = sum(struct.unpack('!16H', base + head))
    total = (total & 0xffff) + (total >> 16)
    return head[:16] + struct.pack('!H', ~(total + (total >> 16)) & 0xffff) + head[18:]
took, refused, paced = set(), set(), 0
def drain():
    global paced
    seen = False
    while True:
        try:
            data, sender = raw.recvfrom(200)
        except BlockingIOError:
            return seen
        data = data if six else data[(data[0] & 15) * 4:]
        theirs, ours = struct.unpack('!HH', data[:4])
        if ours == source + 1 and sender[0] == address:
            paced += 1
        elif ours == source and sender[0] == address:
            seen = True
            if data[13] & RST:
                refused.add(theirs)
            elif data[13] & (SYN | ACK) == SYN | ACK:
                took.add(theirs)
def send(port, source):
    while True:
        try:
            raw.sendto(segment(port, source), (address, 0))
            break
        except BlockingIOError:
            select.select([], [raw], [])
def wait_for_pace():
    before = paced
    while paced == before:
        send(pace, source + 1)
        while paced == before and select.select([raw], [], [], 5)[0]:
            drain()
for number, port in enumerate(wanted):
    send(port, source)
    if not number % 64:
        drain()
    if pace and not number % 4096:
        wait_for_pace()
if pace:
    wait_for_pace()
until = time.monotonic() + idle
while len(took) + len(refused) < len(wanted) and (left := until - time.monotonic()) > 0:
    select.select([raw], [], [], left)
    if drain():
        until = time.monotonic() + idle
print(json.dumps([sorted(took), len(refused)]))
"""
# Sends a datagram to each UDP port; prints the ports that answered, and how many were refused by ICMP (RFC 792 and
# RFC 4443, port unreachable). The target must not limit how many of these it sends.
UDP = """
import json, random, select, socket, sys, time
address, idle = sys.argv[1], float(sys.argv[2])
six = ':' in address
family = socket.AF_INET6 if six else socket.AF_INET
sock = socket.socket(family, socket.SOCK_DGRAM)
errors = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
for each in (sock, errors):
    each.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # socket(7): SO_RCVBUFFORCE
    each.setblocking(False)
sock.bind(('', 0))
own = sock.getsockname()[1]
answered, refused = set(), set()
def refusal(data):
    if six:
        kind, inner = (1, 4), data[8 + 40:]
    else:
        data = data[(data[0] & 15) * 4:]
        kind, inner = (3, 3), data[8 + (data[8] & 15) * 4:] if len(data) > 8 else b''
    if tuple(data[:2]) == kind and int.from_bytes(inner[:2], 'big') == own:
        refused.add(int.from_bytes(inner[2:4], 'big'))
def drain():
    seen = False
    while True:
        try:
            answered.add(sock.recvfrom(10)[1][1])
            seen = True
        except BlockingIOError:
            break
    while True:
        try:
            refusal(errors.recv(200))
            seen = True
        except BlockingIOError:
            return seen
for port in range(1, 65536):
    while True:
        try:
            sock.sendto(b'x', (address, port))
            break
        except BlockingIOError:
            select.select([], [sock], [])
    if not port % 64:
        drain()
until = time.monotonic() + idle
while len(answered) + len(refused) < 65535 and (left := until - time.monotonic()) > 0:
    select.select([sock, errors], [], [], left)
    if drain():
        until = time.monotonic() + idle
print(json.dumps([sorted(answered), len(refused)]))
"""
# Makes a connection; exit code 3 if that fails.
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).close()
except OSError:
    sys.exit(3)
"""
# Sends packets with a source address that is not the sender's (RFC 791, RFC 8200), one to a port for each argument:
# SOURCE,TARGET,PORT,TEXT. With a text it is a datagram (RFC 768), without one a SYN (RFC 9293 section 3.1). The first
# argument is the sender's port.
SPOOF = """
import socket, struct, sys
UDP, TCP, SYN = 17, 6, 2
def checksum(data):
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff or 0xffff
own = int(sys.argv[1])
for each in sys.argv[2:]:
    source, target, port, text = each.split(',')
    data = text.encode() + b' ' * (len(text) % 2)
    six = ':' in target
    family = socket.AF_INET6 if six else socket.AF_INET
    ends = socket.inet_pton(family, source) + socket.inet_pton(family, target)
    protocol = UDP if data else TCP
    if data:
        head, tail = struct.pack('!HHH', own, int(port), 8 + len(data)), data
    else:
        head, tail = struct.pack('!HHIIBBH', own, int(port), 1, 0, 5 << 4, SYN, 64000), bytes(2)
    whole = head + bytes(2) + tail
    total = checksum(ends + struct.pack('!II', len(whole), protocol) + whole)
    whole = head + struct.pack('!H', total) + tail
    if six:
        packet = struct.pack('!IHBB', 6 << 28, len(whole), protocol, 64) + ends + whole
    else:
        packet = struct.pack('!BBHHHBBH', 69, 0, 0, 1, 0, 64, protocol, 0) + ends + whole
    socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW).sendto(packet, (target, 0))
"""
