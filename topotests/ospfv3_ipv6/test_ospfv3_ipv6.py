# SPDX-License-Identifier: GPL-2.0-or-later
"""
IPv6 inside and outside: OSPFv3 over one peer, whose link-local address is
the next hop and follows from its public key; IPv6 endpoints.
"""
import re

from lib_wgd import wait_for

TOPOLOGY = {
    "sites": "ab",
    "daemons": ["ospf6d"],
    "hosts": {
        "ha": ("a", "fd00:10::10/64", "fd00:10::1"),
        "hb": ("b", "fd00:20::10/64", "fd00:20::1"),
    },
}


def link_local(site):
    out = site.run("ip -6 addr show dev wg0 scope link")
    return re.findall(r"inet6 (fe80::[0-9a-f:]+)/", out)


def test_one_link_local_each(net):
    for name in "ab":
        wait_for(lambda: len(link_local(net[name])) == 1, "link-local at " + name)


def test_peer_has_its_link_local(net):
    "a knows b's link-local address without being told."

    def check():
        # a TUN comes with an address of the kernel's choice, for a moment
        there = link_local(net["b"])
        assert len(there) == 1, there
        have = net["a"].allowed()
        assert have.get(there[0] + "/128") == "b", have
        return True

    wait_for(check, "AllowedIP for the link-local address of b")


def test_adjacency(net):
    def full():
        out = net["a"].json("show ipv6 ospf6 neighbor")
        return [n["state"] for n in out["neighbors"]] == ["Full"]

    wait_for(full, "OSPFv3")


def test_prefixes_follow(net):
    net["a"].wait_allowed({"fd00:20::/64": "b", "fd00:99::2/128": "b"})
    net["b"].wait_allowed({"fd00:10::/64": "a"})
    route = net["a"].show(what="routes")["fd00:20::/64"]
    assert route["protocol"] == "ospf6" and route["owner"] == "b", route
    assert route["nexthops"][0]["address"] == link_local(net["b"])[0]
    assert route["nexthops"][0]["peer"] == "b"


def test_traffic(net):
    net["hb"].echo("fd00:20::10")
    wait_for(lambda: net["ha"].ping("fd00:20::10"), "answer")
    probe = net["ha"].probe("fd00:20::10")
    probe.wait_responder("hb")
    assert net["a"].handshakes()["b"][0] > 0


def test_endpoint_is_ipv6(net):
    assert "[fd00:255:2::2]:51820" in net["a"].run("wg show wg0 endpoints")
    assert net["a"].show()["peers"]["b"]["endpoint"] == "[fd00:255:2::2]:51820"


def test_silence(net):
    net.cut("b")
    net["a"].wait_allowed({"fd00:20::/64": None, "fd00:99::2/128": "b"})
    net.heal("b")
    net["a"].wait_allowed({"fd00:20::/64": "b"})
    wait_for(lambda: net["ha"].ping("fd00:20::10"), "answer")
