# SPDX-License-Identifier: GPL-2.0-or-later
"""
Sites behind NATs, each NAT a namespace with nftables.

    h, k: hubs ---+
    pub ----------+
    full -- NAT --+--- u, the Internet: it knows no private address
    c1 -- NAT --+ |
    c2 -- NAT --+-+
                 a carrier's NAT

What hangs on u has 198.18.i.2 and 2001:db8:i::2, u the .1 and ::1.  Behind a
gateway the j-th site or gateway has 192.168.j.10, the same everywhere, as in
real life.  IPv6 is routed to the sites of a gateway which has that family.

What a gateway does with UDP is said as RFC 4787 says it (lib_oracle.Nat):

  - Mapping.  Linux takes for a socket the port that it has taken before, if that
    is free for the destination (nf_nat_core.c, find_appropriate_src): endpoint
    independent while no two sockets want one port, for which reason ports are
    drawn from a range.  With `random` each destination gets another one.
  - Filtering.  By itself that of conntrack, by address and port.  A laxer one
    remembers the sockets' outside ports in a map, and to which addresses they
    have sent; what comes to these ports is sent to the sockets.

What is not let in is dropped, and so conntrack keeps nothing of it: a packet that
comes too early does not take the port which the answer would come to.
"""
import pytest

import lib_wgd
from lib.topogen import TopoHost
from lib_node import Node, Site
from lib_oracle import ADDRESS, INDEPENDENT, PORT, Nat, Place
from lib_run import kernel_has
from lib_wgd import PLAIN_DIRS, Net

FULL = Nat()
BY_ADDRESS = Nat(INDEPENDENT, ADDRESS)
BY_PORT = Nat(INDEPENDENT, PORT)
SYMMETRIC = Nat(PORT, PORT)
HAIRPIN = Nat(hairpin=True, joined=False)
APART = Nat(INDEPENDENT, PORT, joined=False)
ONLY_HUBS = Nat(INDEPENDENT, PORT, only_hubs=True)
FIREWALL6 = Nat()  # of a site that has no IPv4

# {site: the gateways before it, the closest first}
WAYS = {
    "pub": [],
    "full": ["n-full"],
    "addr": ["n-addr"],
    "port": ["n-port"],
    "sym": ["n-sym"],
    "sym2": ["n-sym2"],
    "one": ["n-home"],  # two on one LAN
    "two": ["n-home"],
    "hair": ["n-hair"],  # two that reach each other by the NAT alone
    "pin": ["n-hair"],
    "guest": ["n-inn"],  # two that do not reach each other
    "lodger": ["n-inn"],
    "cgn": ["n-cgn", "n-carrier"],
    "cgn2": ["n-cgn2", "n-carrier"],
    "fire": ["n-fire"],
    "six": ["n-six"],
}
NATS = {
    "n-full": FULL, "n-addr": BY_ADDRESS, "n-port": BY_PORT,
    "n-sym": SYMMETRIC, "n-sym2": SYMMETRIC, "n-home": BY_PORT,
    "n-hair": HAIRPIN, "n-inn": APART, "n-cgn": BY_PORT, "n-cgn2": BY_PORT,
    "n-carrier": HAIRPIN, "n-fire": ONLY_HUBS, "n-six": FIREWALL6,
}
# Ports of its sockets are kept where they are free, which is Linux's default.
KEEPS_PORTS = {"n-port", "n-cgn", "n-cgn2", "n-fire"}
FAMILIES = {"pub": (4, 6), "six": (6,)}
KIND = {
    "pub": "public", "full": "full cone", "addr": "by address", "port": "by port",
    "sym": "symmetric", "sym2": "symmetric", "one": "one LAN", "two": "one LAN",
    "hair": "hairpin", "pin": "hairpin", "guest": "no hairpin", "lodger": "no hairpin",
    "cgn": "carrier", "cgn2": "carrier", "fire": "only hubs", "six": "IPv6 only",
}


def families(site):
    return FAMILIES.get(site, (4,))


def place(site):
    "For the oracle."
    return Place(tuple((gateway, NATS[gateway]) for gateway in WAYS.get(site, ())),
                 frozenset(families(site)))


RULES = """
table ip nat {
    map mapped {
        type inet_service : ipv4_addr . inet_service
        flags dynamic,timeout; timeout 5m; size 65535
    }
    set sent {
        type ipv4_addr . inet_service; flags dynamic,timeout; timeout 5m; size 65535
    }
    chain boot { type filter hook prerouting priority raw; %(zone)s; }
    chain in {
        type nat hook prerouting priority dstnat
        iifname under %(let_in)s
        iifname "lan*" ip daddr %(outside)s %(hairpin)s
    }
    chain out {
        type nat hook postrouting priority srcnat
        oifname "lan*" ct status dnat meta l4proto udp ct original ip daddr %(outside)s \
iifname "lan*" snat to %(outside)s%(hairpin_ports)s
        oifname under meta l4proto udp masquerade %(ports)s
        oifname under masquerade
    }
    chain note {
        type filter hook postrouting priority srcnat + 1
        oifname under meta l4proto udp ct direction original jump noted
        iifname "lan*" oifname "lan*" ct status dnat ct direction original jump noted
    }
    chain noted {
        update @mapped { udp sport : ct original ip saddr . ct original proto-src }
        update @sent { ip daddr . udp sport }
    }
    chain forward {
        type filter hook forward priority 0; policy drop
        %(only_hubs)s
        ct state established,related accept
        ct status dnat accept
        iifname "lan*" oifname under accept
        iifname "lan*" oifname "lan*" %(joined)s
    }
    chain own { type filter hook input priority 0; meta l4proto udp drop; }
}
"""
FIREWALL6_RULES = """
table ip6 firewall {
    chain forward {
        type filter hook forward priority 0; policy drop
        iifname "lan*" accept
        ct state established,related accept
        meta l4proto icmpv6 accept
    }
}
"""
LET_IN = {
    INDEPENDENT: "dnat ip to udp dport map @mapped",
    ADDRESS: "ip saddr . udp dport @sent dnat ip to udp dport map @mapped",
    PORT: "",  # only conntrack's
}


HAVE_ZONES = kernel_has(
    "nft 'add table t; add chain t c { type filter hook prerouting priority raw; };"
    " add rule t c ct zone set 1'")


class Gateway(Node):
    "A NAT or a firewall, between what hangs on it and its parent."

    def __init__(self, net, gear, nat):
        super().__init__(net, gear)
        self.nat = nat
        self.outside = None
        self.boots = 0
        self.hubs = []

    def load(self):
        "(Re)place the rules."
        nat, low = self.nat, 20000 + 1000 * (self.boots % 10)
        ports = "to :%d-%d" % (low, low + 999)
        if nat.mapping != INDEPENDENT:
            ports = "random"
        elif self.name in KEEPS_PORTS and not self.boots:
            ports = ""
        only = "meta l4proto udp ip daddr != { %s } ip saddr != { %s } drop" % (
            (", ".join(self.hubs),) * 2)
        text = RULES % {
            "zone": "ct zone set %d" % (1 + self.boots) if HAVE_ZONES else "accept",
            "let_in": LET_IN[nat.filtering],
            "outside": self.outside,
            "hairpin": LET_IN[INDEPENDENT] if nat.hairpin else "",
            "ports": ports,
            "hairpin_ports": ports.partition("to ")[2],
            "only_hubs": only if nat.only_hubs else "",
            "joined": "accept" if nat.joined else "drop",
        }
        old = "table ip nat { }\ndelete table ip nat\n"
        self.run("nft -f - <<X\n%s%sX\n" % (old, text))

    def reboot(self):
        """
        It comes back without a memory, and takes other ports.  Where the kernel
        has no zones of conntrack it forgets only what it masquerades.
        """
        self.boots += 1
        self.run("ip link set under down")
        self.load()
        self.run("ip link set under up; ip route replace default via %s.1" % (
            self.outside.rsplit(".", 1)[0]))

    def move(self, address):
        "Its provider gives it another address."
        self.run("ip addr del %s/24 dev under; ip addr add %s/24 dev under;"
                 "ip route add default via %s.1" % (
                     self.outside, address, address.rsplit(".", 1)[0]))
        self.outside = address
        self.load()


class NatNet(Net):
    "A Net whose sites are where WAYS says, and whose hubs are on u."

    def __init__(self, module, sites, hubs="hk", **kwargs):
        self.hub_names = list(hubs)
        names = self.hub_names + list(sites)
        self.children = {"u": []}  # of u and each gateway, parents first
        for site in names:
            way = ["u"] + WAYS.get(site, [])[::-1] + [site]
            for parent, child in zip(way, way[1:]):
                some = self.children.setdefault(parent, [])
                if child not in some:
                    some.append(child)
        super().__init__(module, sites=names, **kwargs)

    def _build(self, tgen):
        for name in self.children:
            tgen.gears[name] = TopoHost(tgen, name, privateDirs=[])
        for name in self.names:
            if self.plain:
                tgen.gears[name] = TopoHost(tgen, name, privateDirs=PLAIN_DIRS)
            else:
                tgen.add_router(name)
        for parent, children in self.children.items():
            for j, child in enumerate(children, 1):
                ifname = ("u-%d" if parent == "u" else "lan%d") % j
                tgen.add_link(tgen.gears[parent], tgen.gears[child], ifname, "under")

    def _underlay(self):
        for name, gear in self.tgen.gears.items():
            if name in self.names:
                self.nodes[name] = Site(self, gear)
            elif name in NATS:
                self.nodes[name] = Gateway(self, gear, NATS[name])
            else:
                self.nodes[name] = Node(self, gear)
        for name in self.children:
            self._router(name)

    def _router(self, name):
        "The addresses of u or of a gateway, and what a gateway does."
        lines = []
        for child in self.children[name]:
            ifname, (own, _), (own6, far6) = self.link(child)
            lines.append("addr add %s/24 dev %s\naddr add %s/64 dev %s nodad\n" % (
                own, ifname, own6, ifname))
            for j, _ in enumerate(self.children.get(child, ()), 1):
                if name == "u":
                    lines.append("route add %s:%d::/64 via %s\n" % (
                        far6[:-len("::2")], j, far6))
        self[name].run("ip -batch - <<X\n%sX\n" % "".join(lines))
        if name != "u":
            self._address(self[name])
            gateway = self[name]
            gateway.outside = self.link(name)[1][1]
            gateway.hubs = [self.link(hub)[1][1] for hub in self.hub_names]
            gateway.run("nft -f - <<X\n%sX\n" % FIREWALL6_RULES)
            gateway.load()

    def parent(self, name):
        return next(p for p, children in self.children.items() if name in children)

    def link(self, name):
        """
        (interface of what it hangs on, (IPv4 address there, its own), (IPv6
        address there, its own)).
        """
        parent = self.parent(name)
        j = self.children[parent].index(name) + 1
        if parent == "u":
            base, base6, ifname, host = "198.18.%d" % j, "2001:db8:%d" % j, "u-%d" % j, 2
        else:
            base, host = "192.168.%d" % j, 10
            if parent == "n-carrier":
                base = "100.64.%d" % j
            base6 = "%s:%d" % (self.link(parent)[2][1][:-len("::2")], j)
            ifname = "lan%d" % j
        return (ifname, (base + ".1", "%s.%d" % (base, host)),
                (base6 + "::1", base6 + "::2"))

    def address(self, name, family=4):
        "A site's own one, or a gateway's outside."
        return self.link(name)[1 if family == 4 else 2][1]

    def _address(self, site):
        _, (via, own), (via6, own6) = self.link(site.name)
        which = families(site.name)
        if site.name in self.hub_names or site.name in NATS:
            which = (4, 6)
        lines = ""
        if 4 in which:
            lines += "addr add %s/24 dev under\nroute add default via %s\n" % (own, via)
        if 6 in which:
            lines += ("addr add %s/64 dev under nodad\n"
                      "route add default via %s\n" % (own6, via6))
        site.run("ip -batch - <<X\n%sX\n" % lines)

    def cut_link(self, one, two):
        "What goes between the outsides of these two, or of their gateways, is lost."
        ends = [(WAYS.get(name) or [name])[-1] for name in (one, two)]
        for x, y in (ends, ends[::-1]):
            ifname = self.link(x)[0]
            _, (to, _), (to6, _) = self.link(y)
            self["u"].run(
                "ip rule add pref 100 iif %s to %s/24 blackhole;"
                "ip -6 rule add pref 100 iif %s to %s/48 blackhole" % (
                    ifname, to, ifname, to6))


@pytest.fixture(scope="module", name="net")
def nat_net_fixture(request):
    yield from lib_wgd.serve(NatNet(request.module, **request.module.TOPOLOGY))
