# SPDX-License-Identifier: GPL-2.0-or-later
"""
Anycast gateways a and b with one key behind the underlay's router r, and
clients of r that have plain WireGuard and nothing else.

    c1, c2 --- r ---- a     192.0.2.1 at both, announced by BGP with BFD
                 \\--- b     (r prefers a); members reach each other by u

The service 10.99.0.254 is at both gateways: who answers a probe is the gateway
that the client uses.
"""
import os
import subprocess

from lib_wgd import BACKEND, wait_for

ANYCAST = "192.0.2.1"
SERVICE = "10.99.0.254"
GATEWAYS = "ab"
OTHER = {"a": "b", "b": "a"}

DEAD = """
table inet dead {
  chain pre { type filter hook prerouting priority -500; iifname != "lo" drop; }
  chain out { type filter hook output priority -500; oifname != "lo" drop; }
}
"""


def die(site):
    "From now on nothing comes from the machine and nothing gets there."
    site.gear.net.cmd_raises("nft -f -", stdin=DEAD)


def live(site):
    site.run("nft delete table inet dead", check=False)


def route_to_clients(site):
    "WireGuard sends from the anycast address: that is what routing picks."
    i = "ab".index(site.name) + 1
    site.run(
        "ip route replace 198.51.100.0/24 via 10.1.%d.1 dev to-r src %s" % (i, ANYCAST)
    )


class Client:
    "A namespace with WireGuard as a client has it."

    def __init__(self, net, name, number, keepalive=0):
        self.net, self.node, self.name = net, net[name], name
        self.ifname = "wg" + name
        self.address = "10.99.0.%d" % number
        private, _ = net.keys[name, self.ifname]
        run = self.node.run
        if BACKEND == "userspace":
            run("ip link del %s 2>/dev/null; rm -f /run/wireguard/%s.sock; true" % (self.ifname, self.ifname))
            run("wireguard-go %s" % self.ifname)
        else:
            run("ip link add %s type wireguard" % self.ifname)
        self.node.gear.net.cmd_raises(
            "wg set %s private-key /dev/stdin peer %s endpoint %s:51820"
            " persistent-keepalive %d allowed-ips 10.99.0.0/24"
            % (self.ifname, net.keys["a", "wg0"][1], ANYCAST, keepalive),
            stdin=private + "\n",
        )
        run("ip addr add %s/24 dev %s" % (self.address, self.ifname))
        run("ip link set %s up" % self.ifname)

    def probe(self, rate=100):
        return self.node.probe(SERVICE, rate=rate)

    def ping(self):
        return self.node.ping(SERVICE)


def role(site, client):
    return site.json("show wireguard wg0 gateway-group")["wg0"]["clients"][client][
        "role"
    ]


def wait_served(net, client, by, timeout=30):
    "Until exactly this gateway serves the client, and the other one knows."

    def check():
        clients = {
            g: net[g].json("show wireguard wg0 gateway-group")["wg0"]["clients"][client]
            for g in GATEWAYS
        }
        assert clients[by]["role"] == "serving", clients
        assert clients[OTHER[by]]["role"] == "passive", clients
        assert clients[OTHER[by]].get("server", "").startswith("10.255."), clients
        return True

    wait_for(check, "%s served by %s" % (client, by), timeout)
