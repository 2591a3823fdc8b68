# SPDX-License-Identifier: GPL-2.0-or-later
"""
Spokes a and b with two hubs, h and k, that are each its own next hop for what
they reflect.  Both prefer h.  Where it is gone for one of them, it is gone for
the routes between the two, so both directions use the same hub.
"""

import pytest

from lib_wgd import holds, wait_for

pytestmark = pytest.mark.once  # what BGP chooses

TOPOLOGY = {
    "sites": "abhk",
    "daemons": ["bgpd", "bfdd"],
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
        "hh": ("h", "192.168.3.10/24", "192.168.3.1"),
        "hk": ("k", "192.168.4.10/24", "192.168.4.1"),
    },
}
LAN = {name: "192.168.%d.0/24" % (i + 1) for i, name in enumerate("abhk")}


def wait_by(net, hub):
    "Spoke to spoke by that hub, in both directions."
    net["a"].wait_allowed({LAN["b"]: hub, LAN["k"]: "k"})
    net["b"].wait_allowed({LAN["a"]: hub, LAN["k"]: "k"})
    before = net[hub].handshakes()
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "a to b by " + hub)

    def counted():
        "wireguard-go counts a packet when it was sent, which its answer may overtake."
        after = net[hub].handshakes()
        for spoke in "ab":
            for i in 1, 2:
                assert after[spoke][i] > before[spoke][i], (spoke, before, after)
        return True

    wait_for(counted, "packets of both at " + hub)


def wait_bfd(net):
    """
    Who is cut off before its BFD session was up is found by BGP's hold time
    only, which is three minutes.
    """
    for name in "abhk":
        wait_for(lambda: [s["status"] for s in net[name].json("show bfd peers")] == ["up"] * 2,
                 name + "'s BFD sessions")


def test_the_first_hub(net):
    wait_by(net, "h")
    net["a"].wait_allowed({LAN["h"]: "h"})
    wait_for(lambda: net["hk"].ping("192.168.1.10"), "from behind k to a")


def test_the_first_hub_dies(net):
    wait_bfd(net)
    net.cut("h")
    wait_by(net, "k")
    assert net["a"].allowed().get(LAN["h"]) is None
    net.heal("h")
    wait_by(net, "h")


def test_one_spoke_loses_its_way_to_a_hub(net):
    "The other one comes to it by the second hub, too, or its packets were refused."
    wait_bfd(net)
    net.cut_link("a", "h")
    wait_by(net, "k")
    net["b"].wait_allowed({LAN["h"]: "h"})
    net.heal_links()
    wait_by(net, "h")


def test_without_next_hop_self(net):
    "The hint is at the hubs: an address here would pin the prefix to one of them."
    for hub in "hk":
        net[hub].configure(
            "router bgp 65000\naddress-family ipv4 unicast\n"
            "no neighbor SPOKES next-hop-self force"
        )
    a = net["a"]
    a.wait_allowed({LAN["b"]: None, LAN["h"]: "h"})
    shown = wait_for(lambda: explained(a, "192.168.2.10"), "the cause")
    assert "next-hop-self" in shown["try"][0], shown
    assert "10.99.0.2" in shown["reason"] and "own address" in "".join(shown["try"]), shown
    assert not net["ha"].ping("192.168.2.10")
    for hub in "hk":
        net[hub].configure(
            "router bgp 65000\naddress-family ipv4 unicast\n"
            "neighbor SPOKES next-hop-self force"
        )
    wait_by(net, "h")


def explained(site, address):
    shown = site.json("show wireguard explain " + address)
    assert shown.get("cause") == "no-peer-for-nexthop", shown
    return shown


def direct(net, name, other):
    i = "abhk".index(other) + 1
    net[name].configure(
        "interface wg0\n"
        "wireguard peer {o} public-key {key}\n"
        "wireguard peer {o} address 10.99.0.{i}\n"
        "wireguard peer {o} endpoint 10.255.{i}.2 port 51820\n"
        "exit\n"
        "route-map DIRECT permit 10\n"
        "set local-preference 200\n"
        "exit\n"
        "router bgp 65000\n"
        "neighbor 10.99.0.{i} remote-as 65000\n"
        "neighbor 10.99.0.{i} bfd profile steady\n"
        "neighbor 10.99.0.{i} timers connect 1\n"
        "address-family ipv4 unicast\n"
        "neighbor 10.99.0.{i} route-map DIRECT in".format(
            o=other, i=i, key=net.keys[other, "wg0"][1]))


def test_direct_peers(net):
    """
    One end comes first, and nothing changes until the other one is there: only
    BGP between the two makes them each other's next hop.
    """
    net["hb"].echo("192.168.2.10")
    probe = net["ha"].probe("192.168.2.10")
    probe.wait_responder("hb")
    direct(net, "a", "b")
    net["a"].wait_allowed({"10.99.0.2/32": "b"})
    holds(lambda: net["a"].allowed()[LAN["b"]] == "h", 3, "the way by the hub")
    direct(net, "b", "a")
    net["a"].wait_allowed({LAN["b"]: "b"})
    net["b"].wait_allowed({LAN["a"]: "a"})
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "direct answer")
    result = probe.result()
    print(result)
    # each end's best route changes when it hears the other's: a moment apart
    assert result["outageMs"] < 1000, result
