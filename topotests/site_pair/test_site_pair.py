# SPDX-License-Identifier: GPL-2.0-or-later
"""
Two gateways of one site, a and b, with one private key and one endpoint
address.  BGP decides who is active: b's announcement is longer.  The site's
router l learns the other site's LAN from the gateway that serves it, so both
directions always use the same one.  The other site, c, has one peer with one
endpoint and knows nothing of all this.

    hc --- c --- r --- a --- l --- h        a and b reach each other by u
                  \\--- b ---/
"""
import pytest

from lib_wgd import SLOW, die, holds, live, wait_for

TOPOLOGY = {
    "sites": "abrcl",
    "daemons": ["bgpd", "bfdd"],
    "hosts": {
        "h": ("l", "192.168.50.10/24", "192.168.50.1"),
        "hc": ("c", "192.168.7.10/24", "192.168.7.1"),
    },
    "links": ["ar", "br", "cr", "al", "bl"],
    "same_key": {"b": "a"},
}
LAN, SERVER, CLIENT = "192.168.7.0/24", "192.168.50.10", "192.168.7.10"
NEXTHOP = {"a": "10.2.1.2", "b": "10.2.2.2"}

# BFD is 300 ms x 3, which does not flap on a busy machine; the rest is room
OUTAGE_MS = 2500


def role(net, name):
    return net[name].gateway_group()["clients"]["c"]["role"]


def way(net):
    "The next hops from the site to the client's network."
    best = net["l"].json("show ip route %s" % LAN)[LAN][0]
    return [n["ip"] for n in best["nexthops"]]


def active(net, name):
    "This gateway, and it alone, in both directions."
    roles = {g: role(net, g) for g in "ab"}
    assert roles == {g: "serving" if g == name else "passive" for g in "ab"}, roles
    assert way(net) == [NEXTHOP[name]]
    return True


def wait_active(net, name):
    wait_for(lambda: active(net, name), name + " to be active, alone")


def members_are_up(net):
    for name, other in ("a", "10.255.2.2"), ("b", "10.255.1.2"):
        group = net[name].gateway_group()
        assert group["members"][other]["connection"] == "connected"
        assert group["members"][other]["bfd"] == "up"
    return True


@pytest.fixture(scope="module", autouse=True)
def wrong_sources(net):
    "Whatever happens, c hears of one address only."
    net["c"].gear.net.cmd_raises("nft -f -", stdin="""
table inet count {
  counter wrong { }
  chain c {
    type filter hook prerouting priority -300;
    iifname "to-r" udp sport 51820 ip saddr != 192.0.2.1 counter name wrong
  }
}
""")
    yield
    assert "packets 0 " in net["c"].run("nft list counter inet count wrong")


@pytest.fixture(scope="module", autouse=True)
def servers(net, wrong_sources):
    net["h"].echo(SERVER)
    net["hc"].echo(CLIENT)
    wait_for(lambda: members_are_up(net), "members")
    wait_for(lambda: net["r"].json("show ip route 192.0.2.1/32")["192.0.2.1/32"][0]
             ["nexthops"][0]["ip"] == "10.1.1.2", "the way to a")


def probes(net):
    "Both directions, answered."
    both = [net["hc"].probe(SERVER), net["h"].probe(CLIENT)]
    both[0].wait_responder("h")
    both[1].wait_responder("hc")
    return both


def outages(both):
    return [probe.result()["outageMs"] for probe in both]


def test_one_is_active(net):
    wait_for(lambda: net["hc"].ping(SERVER), "answer of the server")
    wait_active(net, "a")
    assert net["h"].ping(CLIENT)


def test_active_one_dies(net):
    both = probes(net)
    die(net["a"])
    wait_for(lambda: role(net, "b") == "serving", "b serving", every=0.02)
    wait_for(lambda: net["hc"].ping(SERVER) and net["h"].ping(CLIENT), "both ways")
    assert max(outages(both)) < OUTAGE_MS * SLOW
    wait_for(lambda: way(net) == [NEXTHOP["b"]], "way to c by b")


def test_it_comes_back(net):
    both = probes(net)
    live(net["a"])
    wait_for(lambda: members_are_up(net), "members")
    # the network leads c's packets to a again
    wait_active(net, "a")
    assert net["hc"].ping(SERVER)
    assert max(outages(both)) < OUTAGE_MS * SLOW


def test_maintenance(net):
    "Planned: first the network, then the clients; and back."
    both = probes(net)
    net["a"].configure("router bgp 65001\naddress-family ipv4 unicast\nno network 192.0.2.1/32\n"
                       "interface wg0\nwireguard gateway-group drain")
    wait_active(net, "b")
    assert max(outages(both)) < OUTAGE_MS * SLOW
    net["a"].configure("interface wg0\nno wireguard gateway-group drain\n"
                       "router bgp 65001\naddress-family ipv4 unicast\nnetwork 192.0.2.1/32")
    both = probes(net)
    wait_active(net, "a")
    assert max(outages(both)) < OUTAGE_MS * SLOW
    holds(lambda: active(net, "a"), 2, "a")
