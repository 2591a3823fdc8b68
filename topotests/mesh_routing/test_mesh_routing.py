# SPDX-License-Identifier: GPL-2.0-or-later
"""
Routing protocols in a mesh of hub h and sites a and b.  First BGP: h reflects
what the sites tell it, and knows neither by name.  Then OSPF on the same
interface.  The sites' traffic is relayed by h, which never sees it.
"""
import pytest

from lib_keeper import Keeper, bring, learn_key, make_hub, mesh, prepare, wait_connected
from lib_mesh import Capture
from lib_wgd import wait_for

pytestmark = pytest.mark.once  # what routing and certificates choose

TOPOLOGY = {
    "sites": "abh",
    "daemons": ["bgpd", "ospfd", "bfdd"],
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
    },
}
LAN = {"a": "192.168.1.0/24", "b": "192.168.2.0/24"}
ADDRESS = {"h": "10.99.0.1", "a": "10.99.0.2", "b": "10.99.0.3"}


@pytest.fixture(scope="module", name="keeper", autouse=True)
def keeper_fixture(net, tmp_path_factory):
    for name in "abh":
        prepare(net[name])
    keeper = Keeper(str(tmp_path_factory.mktemp("keeper") / "acme"))
    h = net["h"]
    make_hub(keeper, h, "10.255.3.2")
    assert "applied" in keeper.load(h)
    h.configure("interface wg0\nno wireguard mesh routes")
    keeper.add("a", "--prefix", "192.168.1.0/24 le 28")
    keeper.add("b", "--prefix", "192.168.2.0/24")
    for name in "ab":
        bring(net[name], keeper.line("invite", name))
        net[name].configure("interface wg0\nwireguard mesh name acme")
    for name in "abh":
        wait_connected(net[name])
        learn_key(net[name])
    return keeper


def owned(site, prefix, owner, **expected):
    "The device has the prefix at that member's peer, and why."
    def check():
        route = site.show(what="routes")[prefix]
        assert route.get("owner") == owner, route
        assert {k: route.get(k) for k in expected} == expected, route
        return True
    wait_for(check, "%s of %s at %s" % (prefix, owner, site.name))


def gateway(site, prefix):
    "The kernel's next hop."
    return site.run("ip route show " + prefix)


def sealed(net):
    "LAN to LAN, of which the hub sees but sealed packets."
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "LAN to LAN")
    capture = Capture(net["h"])
    assert net["ha"].ping("192.168.2.10")
    # of IPv4 there is only what routing says to the hub itself
    passed = [p for p in capture.end()
              if p[0] >> 4 == 4 and bytes((192, 168)) in (p[12:14], p[16:18])]
    assert not passed, passed


def routed(net, protocol):
    "Each LAN is its site's, whose address is the next hop; what goes there is relayed sealed."
    owned(net["a"], LAN["b"], "b", protocol=protocol, verdict="accepted")
    owned(net["b"], LAN["a"], "a", protocol=protocol, verdict="accepted")
    for name in "ab":
        owned(net["h"], LAN[name], name, protocol=protocol, verdict="accepted")
    assert ADDRESS["b"] in gateway(net["a"], LAN["b"])
    sealed(net)


def test_bgp(net):
    "A LAN is its site's, whose address is the next hop at the hub and the other site."
    routed(net, "bgp")


def test_hub_knows_no_site_by_name(net):
    assert not [s for s in net["h"].running().splitlines()
                if " 10.99.0.2" in s or " 10.99.0.3" in s]


def test_more_specific(net):
    "A part of what it is certified for is a site's to announce; no other is."
    a, b = net["a"], net["b"]
    a.configure("ip route 192.168.1.128/25 blackhole\nip route 192.168.9.0/24 blackhole\n"
                "router bgp 65000\naddress-family ipv4 unicast\n"
                "network 192.168.1.128/25\nnetwork 192.168.9.0/24")
    for site in (net["h"], b):
        owned(site, "192.168.1.128/25", "a", verdict="accepted")
        owned(site, "192.168.9.0/24", None, verdict="denied-by-certificate")
    shown = b.json("show wireguard explain 192.168.9.1")
    assert shown["cause"] == "denied-by-certificate", shown
    a.configure("no ip route 192.168.1.128/25 blackhole\nno ip route 192.168.9.0/24 blackhole\n"
                "router bgp 65000\naddress-family ipv4 unicast\n"
                "no network 192.168.1.128/25\nno network 192.168.9.0/24")


def test_false_announcement(net):
    "a says that b's LAN is behind a, and the hub prefers that: nothing gets there."
    a, h = net["a"], net["h"]
    a.configure("ip route 192.168.2.0/24 blackhole\n"
                "route-map BEST permit 10\nset local-preference 500\nexit\n"
                "router bgp 65000\naddress-family ipv4 unicast\n"
                "network 192.168.2.0/24 route-map BEST")
    owned(h, LAN["b"], "b", verdict="denied-by-certificate")
    assert ADDRESS["a"] in gateway(h, LAN["b"])
    capture = Capture(a)
    wait_for(lambda: h.ping("192.168.2.10"), "answer of b's LAN to the hub")
    assert not [p for p in capture.end() if p[16:20] == bytes((192, 168, 2, 10))]
    a.configure("no ip route 192.168.2.0/24 blackhole\n"
                "router bgp 65000\naddress-family ipv4 unicast\n"
                "no network 192.168.2.0/24")
    owned(h, LAN["b"], "b", verdict="accepted")


def test_next_hop_self(net):
    "The hub says that it is the way itself: certificates know better."
    net["h"].configure("router bgp 65000\naddress-family ipv4 unicast\n"
                       "neighbor SITES next-hop-self force")
    for name, other in ("ab", "ba"):
        owned(net[name], LAN[other], other, verdict="denied-by-certificate")
        wait_for(lambda: ADDRESS["h"] in gateway(net[name], LAN[other]), "the hub as next hop")
    sealed(net)


def test_bfd(net):
    "Over the relayed pair: a finds b dead, and back."
    for name, other in ("ab", "ba"):
        net[name].configure("interface wg0\nwireguard peer %s bfd" % other)

    def wait_state(state):
        wait_for(lambda: net["a"].show()["peers"]["b"]["state"] == state, "b to be " + state)

    wait_for(lambda: [s["status"] for s in net["a"].json("show bfd peers")] == ["up"], "BFD")
    net.cut("b")
    wait_state("down")
    net.heal("b")
    wait_state("up")
    for name, other in ("ab", "ba"):
        net[name].configure("interface wg0\nno wireguard peer %s bfd" % other)


def test_lines_of_a_member(net):
    "Some lines add to a member; another one keeps it out, and when it goes lets it in."
    a = net["a"]
    a.configure("interface wg0\nwireguard peer b description the other site")
    assert a.show()["peers"]["b"]["description"] == "the other site"
    assert net["ha"].ping("192.168.2.10")
    a.configure("interface wg0\nwireguard peer b endpoint 10.255.2.2 port 51820")
    wait_for(lambda: mesh(a, " members")["b"].get("refused") == "name-in-use", "b kept out")
    owned(a, LAN["b"], None)
    a.configure("interface wg0\nno wireguard peer b endpoint\nno wireguard peer b description")
    wait_for(lambda: "refused" not in mesh(a, " members")["b"], "b let in")
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "LAN to LAN")


# --- OSPF


def test_ospf(net):
    "The hub speaks to the sites, which know nobody; it is no next hop between them."
    for name in "hab":
        net[name].configure("no router bgp 65000")
        net.load(name, name + "-ospf")
    routed(net, "ospf")


def test_ospf_silent_site(net):
    net.cut("b")
    net["a"].wait_allowed({LAN["b"]: None})
    net.heal("b")
    net["a"].wait_allowed({LAN["b"]: "b"})
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "LAN to LAN")
