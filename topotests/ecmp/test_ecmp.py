# SPDX-License-Identifier: GPL-2.0-or-later
"""
Two equal paths into one interface: WireGuard has no ECMP, so one peer owns
the prefix and wgd says which and why.  It stays as long as it is one of the
best; a heavier path takes over; and what is left is used when one goes.
"""
from lib_wgd import holds, wait_for

LAN = "192.168.50.0/24"
SERVER = "192.168.50.10"
TOPOLOGY = {
    "sites": "abc",
    "daemons": ["bgpd"],
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", SERVER + "/24", "192.168.50.1"),
        "hc": ("c", SERVER + "/24", "192.168.50.1"),
    },
}
OTHER = {"b": "c", "c": "b"}


def two_next_hops(site):
    route = site.show(what="routes")[LAN]
    return route if len(route["nexthops"]) == 2 else None


def kernel_next_hops(site):
    return site.run("ip route show " + LAN).count("nexthop")


def test_one_owner(net):
    a = net["a"]
    route = wait_for(lambda: two_next_hops(a), "two next hops")
    assert kernel_next_hops(a) == 2
    assert {h["peer"] for h in route["nexthops"]} == {"b", "c"}
    assert all(h["usable"] for h in route["nexthops"])
    assert route["owner"] in OTHER and route["verdict"] == "accepted"
    a.wait_allowed({LAN: route["owner"]})


def test_all_traffic_goes_to_it(net):
    "Whichever next hop the kernel takes."
    owner = two_next_hops(net["a"])["owner"]
    for host in "hb", "hc":
        net[host].echo(SERVER)
    for port in (7001, 7002, 7003):
        net["h" + owner].echo(SERVER, port=port)
    probes = [net["ha"].probe(SERVER, port=p, rate=50)
              for p in (7000, 7001, 7002, 7003)]
    for probe in probes:
        probe.wait_responder("h" + owner)
    for probe in probes:
        result = probe.result()
        assert result["lost"] == 0, result
        assert list(result["responders"]) == ["h" + owner]


def test_other_takes_over_and_keeps_it(net):
    a = net["a"]
    owner = two_next_hops(a)["owner"]
    other = OTHER[owner]
    net[owner].configure(
        "router bgp 6500%d\naddress-family ipv4 unicast\nno network %s"
        % ("abc".index(owner) + 1, LAN)
    )
    a.wait_allowed({LAN: other})
    net[owner].configure(
        "router bgp 6500%d\naddress-family ipv4 unicast\nnetwork %s"
        % ("abc".index(owner) + 1, LAN)
    )
    wait_for(lambda: two_next_hops(a), "two next hops")
    holds(lambda: a.allowed().get(LAN) == other, 1, "owner " + other)


def test_heavier_path_takes_it(net):
    """
    Weights, of a route that somebody put into the kernel: the heavier path
    owns it, and stays owner when both are equal again.
    """
    a = net["a"]
    prefix = "192.168.70.0/24"

    def route(weight_b, weight_c):
        a.run(
            "ip route replace %s nexthop via 10.99.0.2 dev wg0 weight %d"
            " nexthop via 10.99.0.3 dev wg0 weight %d" % (prefix, weight_b, weight_c)
        )

    for weights, owner in (((20, 10), "b"), ((10, 20), "c"), ((20, 10), "b")):
        route(*weights)
        a.wait_allowed({prefix: owner})
    shown = a.show(what="routes")[prefix]
    assert {h["peer"]: h["weight"] for h in shown["nexthops"]} == {"b": 20, "c": 10}
    route(10, 10)
    holds(lambda: a.allowed().get(prefix) == "b", 1, "owner b")
