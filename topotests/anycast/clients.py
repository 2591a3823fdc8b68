# SPDX-License-Identifier: GPL-2.0-or-later
"""
Anycast gateways a and b with one key behind the underlay's router r, and
clients of r that have plain WireGuard and nothing else.

    c1, c2 --- r ---- a     192.0.2.1 at both, announced by BGP with BFD
                 \\--- b     (r prefers a); members reach each other by u

The service 10.99.0.254 is at both gateways: who answers a probe is the gateway
that the client uses.
"""
import contextlib

from lib_wgd import BACKEND, wait_for

ANYCAST = "192.0.2.1"
SERVICE = "10.99.0.254"
GATEWAYS = "ab"
OTHER = {"a": "b", "b": "a"}
TOPOLOGY = {
    "sites": "abr",
    "daemons": ["bgpd", "bfdd"],
    "hosts": {
        "c1": ("r", "198.51.100.11/24", "198.51.100.1"),
        "c2": ("r", "198.51.100.12/24", "198.51.100.1"),
    },
    "links": ["ar", "br"],
    "same_key": {"b": "a"},
}


class Client:
    "A namespace with WireGuard as a client has it."

    def __init__(self, net, name, number, keepalive=0):
        self.net, self.node, self.name = net, net[name], name
        self.ifname = "wg" + name
        self.address = "10.99.0.%d" % number
        private, _ = net.keys[name, self.ifname]
        run = self.node.run
        self.program = None
        if BACKEND == "userspace":
            self.program = self.node.popen(["wireguard-go", "-f", self.ifname])
            wait_for(
                lambda: "interface" in run("wg show " + self.ifname, check=False),
                "the program of " + name,
            )
        else:
            run("ip link add %s type wireguard" % self.ifname)
        self.node.gear.net.cmd_raises(
            "wg set %s private-key /dev/stdin" % self.ifname, stdin=private + "\n")
        self.connect(keepalive)
        run("ip addr add %s/24 dev %s" % (self.address, self.ifname))
        run("ip link set %s up" % self.ifname)

    def connect(self, keepalive=0):
        "It knows the gateway's key and address, and nothing of what was."
        key = self.net.keys["a", "wg0"][1]
        self.node.run(
            "wg set %s peer %s remove; wg set %s peer %s endpoint %s:51820"
            " persistent-keepalive %d allowed-ips 10.99.0.0/24"
            % (self.ifname, key, self.ifname, key, ANYCAST, keepalive))

    def end(self):
        if self.program:
            self.program.terminate()
            self.program.wait()

    def probe(self, rate=100):
        return self.node.probe(SERVICE, rate=rate)

    def ping(self):
        return self.node.ping(SERVICE)


def group(site):
    return site.gateway_group()


def role(site, client):
    return group(site)["clients"][client]["role"]


def gateways_are_ready(net):
    "They hear each other, and the clients' packets go to a."
    for name, other in (("a", "10.255.2.2"), ("b", "10.255.1.2")):
        member = group(net[name])["members"][other]
        assert member["connection"] == "connected" and member["heard"], member
        assert member["bfd"] == "up", member
    route = net["r"].json("show ip route %s/32" % ANYCAST)[ANYCAST + "/32"]
    assert route[0]["nexthops"][0]["ip"] == "10.1.1.2", route
    sessions = [peer["status"] for peer in net["r"].json("show bfd peers")]
    assert sessions == ["up", "up"], sessions
    return True


def wait_served(net, client, by, timeout=30):
    "Until exactly this gateway serves the client, and the other one knows."

    def check():
        clients = {g: group(net[g])["clients"][client] for g in GATEWAYS}
        assert clients[by]["role"] == "serving", clients
        assert clients[OTHER[by]]["role"] == "passive", clients
        assert clients[OTHER[by]].get("server", "").startswith("10.255."), clients
        return True

    wait_for(check, "%s served by %s" % (client, by), timeout)


@contextlib.contextmanager
def two_clients(net, echoes="ab", bfd="abr", ready=gateways_are_ready):
    "c1 and c2, once they have an answer; the service is at ECHOES."
    net.relax_bfd("fast", bfd)
    for name in echoes:
        net[name].echo(SERVICE)
    wait_for(lambda: ready(net), "gateways")
    found = {"c1": Client(net, "c1", 1), "c2": Client(net, "c2", 2)}
    for name, client in found.items():
        wait_for(client.ping, "answer to " + name)
    yield found
    for client in found.values():
        client.end()
