# SPDX-License-Identifier: GPL-2.0-or-later
"""
What may own which prefix: prefix lists of both families, maximum-prefix,
static entries that beat routes, next hops that are nobody.  The routes are
static ones: who announces does not matter here.
"""
from lib_wgd import wait_for

TOPOLOGY = {"sites": "a"}


def routes(site, *lines, no=False):
    site.configure("\n".join(("no " if no else "") + line for line in lines))


def wait_verdict(site, prefix, verdict, owner=None):
    def check():
        route = site.show(what="routes")[prefix]
        assert route["verdict"] == verdict, route
        assert (route.get("owner") or None) == owner, route
        return True

    wait_for(check, "%s to be %s" % (prefix, verdict))


def test_prefix_list(net):
    a = net["a"]
    routes(a, "ip route 192.168.50.0/24 10.99.0.2", "ip route 172.16.0.0/16 10.99.0.2")
    wait_verdict(a, "192.168.50.0/24", "accepted", "b")
    wait_verdict(a, "172.16.0.0/16", "denied-by-prefix-list")
    a.wait_allowed({"192.168.50.0/24": "b", "172.16.0.0/16": None})


def test_prefix_list_changes(net):
    "A changed list counts at once, for what was denied and what was not."
    a = net["a"]
    a.configure(
        """
        ip prefix-list FROM-B permit 172.16.0.0/12 le 24
        no ip prefix-list FROM-B permit 192.168.0.0/16 le 24
        """
    )
    a.wait_allowed({"192.168.50.0/24": None, "172.16.0.0/16": "b"})
    a.configure("ip prefix-list FROM-B permit 192.168.0.0/16 le 24")
    a.wait_allowed({"192.168.50.0/24": "b", "172.16.0.0/16": "b"})


def test_ipv6_prefix_list(net):
    a = net["a"]
    routes(a, "ipv6 route fd00:50::/64 fd00:99::2", "ipv6 route fd00:51::/64 fd00:99::2")
    a.wait_allowed({"fd00:50::/64": "b"})
    wait_verdict(a, "fd00:51::/64", "denied-by-prefix-list")
    assert "fd00:51::/64" not in a.allowed()


def test_maximum_prefix(net):
    "What came first is kept; said once; room that comes free is used."
    a = net["a"]
    lines = ["ip route 203.0.113.%d/32 10.99.0.3" % i for i in range(5)]
    routes(a, *lines)

    def verdicts():
        shown = a.show(what="routes")
        return [shown["203.0.113.%d/32" % i]["verdict"] for i in range(5)]

    wait_for(
        lambda: sorted(verdicts()) == ["accepted"] * 3 + ["over-maximum-prefix"] * 2,
        "three accepted, two over the maximum",
    )
    accepted = [i for i, v in enumerate(verdicts()) if v == "accepted"]

    def owned():
        return [p for p, o in a.allowed().items() if o == "c" and p.startswith("203.")]

    # decided is not yet acknowledged
    wait_for(lambda: len(owned()) == 3, "three on the device")

    def said():
        return [s for s in a.log().splitlines() if "maximum-prefix" in s and "peer c" in s
                and "vty" not in s and "configure" not in s]

    # FRR 10 writes its log when it has nothing else to do
    wait_for(said, "a line in the log")
    assert len(said()) == 1, said()
    routes(a, lines[accepted[0]], no=True)
    wait_for(
        lambda: len([p for p in a.allowed() if p.startswith("203.")]) == 3
        and "203.0.113.%d/32" % accepted[0] not in a.allowed(),
        "another prefix in the free place",
    )
    a.configure("interface wg0\nno wireguard peer c maximum-prefix")
    wait_for(
        lambda: len([p for p in a.allowed() if p.startswith("203.")]) == 4,
        "all four without a maximum",
    )
    routes(a, *(s for i, s in enumerate(lines) if i != accepted[0]), no=True)


def test_static_beats_route(net):
    a = net["a"]
    routes(a, "ip route 192.168.60.0/24 10.99.0.2")
    wait_verdict(a, "192.168.60.0/24", "shadowed-by-static", "c")
    a.wait_allowed({"192.168.60.0/24": "c"})
    a.configure("interface wg0\nno wireguard peer c allowed-ips 192.168.60.0/24")
    a.wait_allowed({"192.168.60.0/24": "b"})
    a.configure("interface wg0\nwireguard peer c allowed-ips 192.168.60.0/24")
    a.wait_allowed({"192.168.60.0/24": "c"})


def test_next_hop_of_nobody(net):
    a = net["a"]
    routes(a, "ip route 198.51.100.0/24 10.99.0.77")
    wait_verdict(a, "198.51.100.0/24", "no-peer-for-nexthop")
    assert "198.51.100.0/24" not in a.allowed()
    a.configure("interface wg0\nwireguard peer d address 10.99.0.77")
    a.wait_allowed({"198.51.100.0/24": "d", "10.99.0.77/32": "d"})


def test_incomplete_peer(net):
    a = net["a"]
    routes(a, "ip route 198.51.101.0/24 10.99.0.5")
    wait_verdict(a, "198.51.101.0/24", "peer-down")
    assert a.show()["peers"]["e"]["state"] == "incomplete"
    a.configure("interface wg0\nwireguard peer e public-key " + net.make_key("e", "wg0"))
    a.wait_allowed({"198.51.101.0/24": "e", "10.99.0.5/32": "e"})


def test_shutdown(net):
    a = net["a"]
    a.configure("interface wg0\nwireguard peer d shutdown")
    wait_verdict(a, "198.51.100.0/24", "peer-down")
    a.wait_allowed({"198.51.100.0/24": None, "10.99.0.4/32": None})
    wait_for(lambda: "d" not in a.handshakes(), "d to be off the device")
    a.configure("interface wg0\nno wireguard peer d shutdown")
    a.wait_allowed({"198.51.100.0/24": "d", "10.99.0.4/32": "d"})
