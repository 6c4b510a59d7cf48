"""A container behind Docker's rules: its addresses, the ports that it publishes, and what Docker makes for them."""

from __future__ import annotations

BRIDGE, CONTAINER = "172.17.0.1", "172.17.0.2"
BRIDGE6, CONTAINER6 = "fd17::1", "fd17::2"
PUBLISHED, OPENED, PUBLISHED_UDP = 9999, 25565, 27015
APPLICATIONS = f"""
x-open-ports: [{OPENED}, 53/udp]
services:
  application: {{image: none, ports: ["{PUBLISHED}:80", "{OPENED}:80", "{PUBLISHED_UDP}:53/udp"]}}
"""
# What Docker 20.10 makes for a container with these ports; see `iptables-save` on a host that runs it.
DOCKER_NAT = (
    "-N DOCKER",
    "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
    "-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
    "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
    f"-A POSTROUTING -s {CONTAINER}/32 -d {CONTAINER}/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
    f"-A POSTROUTING -s {CONTAINER}/32 -d {CONTAINER}/32 -p udp -m udp --dport 53 -j MASQUERADE",
    "-A DOCKER -i docker0 -j RETURN",
    f"-A DOCKER ! -i docker0 -p tcp -m tcp --dport {PUBLISHED} -j DNAT --to-destination {CONTAINER}:80",
    f"-A DOCKER ! -i docker0 -p tcp -m tcp --dport {OPENED} -j DNAT --to-destination {CONTAINER}:80",
    f"-A DOCKER ! -i docker0 -p udp -m udp --dport {PUBLISHED_UDP} -j DNAT --to-destination {CONTAINER}:53",
)
DOCKER_FILTER = (
    "-N DOCKER",
    "-N DOCKER-USER",
    "-P FORWARD DROP",
    "-A FORWARD -j DOCKER-USER",
    "-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-A FORWARD -o docker0 -j DOCKER",
    "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT",
    "-A FORWARD -i docker0 -o docker0 -j ACCEPT",
    f"-A DOCKER -d {CONTAINER}/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT",
    f"-A DOCKER -d {CONTAINER}/32 ! -i docker0 -o docker0 -p udp -m udp --dport 53 -j ACCEPT",
)
