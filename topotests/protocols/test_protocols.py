# SPDX-License-Identifier: GPL-2.0-or-later
"""
Routing protocols, all at once, over one point-to-point interface, wg1 of a
and p.  p has no wgd for it: a plain WireGuard interface, made by hand, with a
link-local address of its own choice.  And those that need no multicast with
many peers, over wg0 of a and b: here RIP; OSPF is in ospf_nbma, BGP in
bgp_failover_bfd.
"""
import pytest

from lib_wgd import BACKEND, wait_for

TOPOLOGY = {
    "sites": "abp",
    "daemons": ["ospfd", "ospf6d", "bgpd", "ripd", "ripngd", "eigrpd", "babeld", "isisd"],
}
NETWORKS = ("ospf", "ospf6", "bgp", "rip", "ripng", "eigrp")


@pytest.fixture(scope="module", autouse=True)
def plain(net):
    """
    The networks that are announced, and the other end.  The far end of each is
    up first: zebra 8.4 may abort over a link that goes up without a carrier.
    """
    for site in "abp":
        for name in NETWORKS:
            net[site].run("ip link add d-%s type veth peer name e-%s;"
                          "ip link set e-%s up; ip link set d-%s up" % ((name,) * 4))
    p = net["p"]
    how = "ip link add wg1 type wireguard"
    if BACKEND == "userspace":
        how = "wireguard-go wg1 >/dev/null 2>&1 </dev/null"
    p.run(how + " && ip link set wg1 multicast on addrgenmode none &&"
          "wg set wg1 listen-port 51821 private-key /etc/frr/wireguard/wg1.key"
          " peer %s endpoint 10.255.1.2:51821 allowed-ips 0.0.0.0/0,::/0 &&"
          "ip link set wg1 up && ip addr add fe80::98/64 dev wg1 nodad"
          % net.keys["a", "wg1"][1])
    yield
    p.run("ip link del wg1")


@pytest.mark.parametrize("protocol,prefix", [
    ("ospf", "192.168.1%d.0/24"),
    ("ospf6", "fd00:1%d::/64"),
    ("bgp", "192.168.2%d.0/24"),
    ("bgp", "fd00:2%d::/64"),  # unnumbered
    ("rip", "192.168.3%d.0/24"),
    ("ripng", "fd00:3%d::/64"),
    ("eigrp", "192.168.4%d.0/24"),
], ids=["ospf", "ospf6", "bgp", "bgp-unnumbered", "rip", "ripng", "eigrp"])
def test_with_one_peer(net, protocol, prefix):
    "Both ends learn, and the peer has what a learned."
    a, there = net["a"], prefix % 2
    a.wait_allowed({there: "p"}, "wg1")
    route = a.show("wg1", "routes")[there]
    assert (route["protocol"], route["verdict"]) == (protocol, "accepted"), route
    family = "ipv6" if ":" in prefix else "ip"
    wait_for(lambda: net["p"].json("show %s route %s" % (family, prefix % 1)), "route at p")


def test_rip_with_many_peers(net):
    "Its neighbors are spoken to by their addresses."
    net["a"].wait_allowed({"192.168.39.0/24": "b"}, "wg0")
    net["b"].wait_allowed({"192.168.31.0/24": "a"}, "wg0")


def test_explain_multicast_of_nobody(net):
    "Between many peers it is nobody's, and RIP does well all the same."
    explained = net["b"].json("show wireguard explain 224.0.0.9")
    assert explained["cause"] == "multicast" and "224.0.0.9" in explained["reason"]
    assert any("point-to-point" in t for t in explained["try"])


@pytest.mark.parametrize("group", ["224.0.0.5", "ff02::5"], ids=["ospf", "ospf6"])
def test_explain_multicast(net, group):
    explained = net["a"].json("show wireguard explain " + group)
    assert "cause" not in explained and not explained["dropped"], explained
    assert (explained["interface"], explained["peer"]) == ("wg1", "p")
    assert "dropped" not in net["a"].vtysh("show wireguard explain " + group)


def test_own_address_is_no_peers(net):
    """
    ... though OSPF has a route to it over the interface, without a next hop,
    when the network is point-to-multipoint.
    """
    a = net["a"]
    for site in net["a"], net["p"]:
        site.configure("interface wg1\nip ospf network point-to-multipoint")
    wait_for(lambda: "10.98.0.2/32" in a.json("show ip ospf route"), "route to the neighbor")
    a.wait_allowed({"192.168.12.0/24": "p"}, "wg1")
    assert "10.98.0.1/32" not in a.allowed("wg1")


def test_isis_is_warned_of(net):
    "It cannot work, and isisd says nothing of it."
    a = net["a"]

    def warnings():
        return [s for s in a.show("wg1")["warnings"] if "IS-IS is not IP" in s]

    assert not warnings()
    a.configure("router isis X\nnet 49.0001.0000.0000.0001.00\nexit\n"
                "interface wg1\nip router isis X")
    wait_for(warnings, "a warning")
    assert "IS-IS is not IP" in a.vtysh("show wireguard wg1")
    assert not [s for s in a.show()["warnings"] if "IS-IS" in s]
    a.configure("interface wg1\nno ip router isis X\nexit\nno router isis X")
    wait_for(lambda: not warnings(), "no warning")


def test_babel(net):
    """
    Last, for its routes are preferred to OSPF's.  A babeld of 8.4 is deaf on an
    interface that zebra tells of a second time; zebra does when the interface is
    15 s old, if its speed is another by then, as it is with wireguard-go.
    """
    for i, name in enumerate("ap", 1):
        site = net[name]
        if BACKEND == "userspace":
            wait_for(lambda: "speed_update: wg1 " in site.log("zebra"), "its speed")
        site.configure(
            "ip route 192.168.5%d.0/24 blackhole\n"
            "ipv6 route fd00:5%d::/64 blackhole\n"
            "router babel\n"
            "network wg1\n"
            # not connected ones: p, which has no wgd, would learn a's underlay
            "redistribute ipv4 static\n"
            "redistribute ipv6 static" % (i, i))
    net["a"].wait_allowed({"192.168.52.0/24": "p", "fd00:52::/64": "p"}, "wg1")
    assert net["a"].show("wg1", "routes")["192.168.52.0/24"]["protocol"] == "babel"
    for show in "ip route 192.168.51.0/24", "ipv6 route fd00:51::/64":
        wait_for(lambda: net["p"].json("show " + show), "route at p")
    net["a"].configure("no router babel")
    net["a"].wait_allowed({"192.168.52.0/24": None, "fd00:52::/64": None}, "wg1")
