# SPDX-License-Identifier: GPL-2.0-or-later
"""
OSPF with one interface for each peer, point-to-point.  Hellos go to
224.0.0.5, which such a peer has to have.  Between a and c both ends use
`route-following any`: everything is that one peer's.  When the link between
a and b dies, the traffic goes through c, which has to accept a's addresses
from a and b's from b.
"""
import pytest

from lib_wgd import SLOW, wait_for

TOPOLOGY = {
    "sites": "abc",
    "daemons": ["ospfd"],
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
        "hc": ("c", "192.168.3.10/24", "192.168.3.1"),
    },
}


def full(site, n):
    neighbors = site.json("show ip ospf neighbor")["neighbors"]
    states = [s["nbrState"] if "nbrState" in s else s["state"]
              for entries in neighbors.values() for s in entries]
    return len(states) == n and all(s.startswith("Full") for s in states)


def test_adjacencies(net):
    for name in "abc":
        wait_for(lambda: full(net[name], 2), "OSPF at " + name)


def test_prefixes_follow(net):
    net["a"].wait_allowed({"192.168.2.0/24": "b", "10.12.0.2/32": "b"}, "wg-b")
    net["b"].wait_allowed({"192.168.1.0/24": "a"}, "wg-a")
    net["b"].wait_allowed({"192.168.3.0/24": "c"}, "wg-c")
    entry = net["a"].show("wg-b", "allowed-ips")["192.168.2.0/24"]
    assert entry["source"] == "ospf" and entry["peer"] == "b"


def test_any_is_everything(net):
    for site, ifname in (("a", "wg-c"), ("c", "wg-a")):
        have = net[site].allowed(ifname)
        assert {"0.0.0.0/0", "::/0"} <= set(have), have
        # no learned prefix beside them
        assert not [p for p in have if p.startswith("192.168.")], have


def test_failover_through_the_third(net):
    net["hb"].echo("192.168.2.10")
    probe = net["ha"].probe("192.168.2.10")
    probe.wait_responder("hb")
    net.cut_link("a", "b")
    net["a"].wait_allowed({"192.168.2.0/24": None}, "wg-b")
    # b learns a's LAN from c, c's interface to b learns nothing new of b
    net["b"].wait_allowed({"192.168.1.0/24": "c"}, "wg-c")
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer through c")
    result = probe.result()
    assert result["outageMs"] < 8000 * SLOW, result


def test_heals(net):
    net.heal_links()
    net["a"].wait_allowed({"192.168.2.0/24": "b"}, "wg-b")
    net["b"].wait_allowed({"192.168.1.0/24": None}, "wg-c")
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer")


@pytest.mark.parametrize("name", "abc")
def test_multicast_is_on(net, name):
    for ifname in ("wg-" + p for p in "abc" if p != name):
        flags = net[name].run("ip link show dev " + ifname)
        assert "MULTICAST" in flags, flags
