# SPDX-License-Identifier: GPL-2.0-or-later
"""
Site b announces the default route and is site a's way to everywhere, but for
the way to b itself: a's endpoints are behind another default route, which
BGP's replaces.  wgd keeps a host route to the endpoint by the way that it had
before, as long as it is needed, and follows what changes.
"""
import re

import pytest

from lib_wgd import SLOW, holds, wait_for

pytestmark = pytest.mark.release  # what zebra tells of ways, and its sweep

TOPOLOGY = {
    "sites": "ab",
    "daemons": ["bgpd"],
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.50.10/24", "192.168.50.1"),
    },
}
HOST = "10.255.2.2/32"


def host_routes(a):
    "{prefix: gateways} of wgd's own routes, those that the kernel has."
    found = {}
    for prefix, routes in a.json("show ip route").items():
        for route in routes:
            if route["protocol"] == "hsls" and route.get("selected"):
                found[prefix] = [
                    hop.get("ip", hop["interfaceName"])
                    for hop in route["nexthops"]
                    if hop.get("fib")
                ]
    return found


def way(a, address):
    "The link by which the kernel sends to the address."
    return re.search(r" dev (\S+)", a.run("ip route get " + address))[1]


def path(a, peer="b"):
    return a.show()["peers"][peer]["endpointPath"]


def announce(net, on=True):
    net["b"].configure(
        "router bgp 65002\naddress-family ipv4 unicast\n%sneighbor 10.99.0.1 default-originate"
        % ("" if on else "no ")
    )


def through_tunnel(net):
    "The default route leads to b, and the way to b does not."
    a = net["a"]
    wait_for(lambda: way(a, "203.0.113.1") == "wg0", "default route through wg0")
    wait_for(lambda: a.allowed().get("0.0.0.0/0") == "b", "default route at b")
    wait_for(lambda: host_routes(a) == {HOST: ["10.255.1.1"]}, "host route")
    wait_for(lambda: path(a) == "host-route", "endpoint's way")
    assert way(a, "10.255.2.2") == "under"


def not_through_tunnel(net):
    a = net["a"]
    wait_for(lambda: way(a, "203.0.113.1") == "under", "default route outside")
    wait_for(lambda: not host_routes(a), "end of the host route")
    wait_for(lambda: path(a) == "outside", "endpoint's way")


@pytest.fixture(name="start", scope="module")
def start_fixture(net):
    a = net["a"]
    # all that leads to other sites is the default route
    a.run("ip route del 10.255.0.0/16")
    wait_for(lambda: a.ping("10.99.0.2"), "answer of b")
    net["b"].wait_allowed({"192.168.1.0/24": "a"})
    wait_for(lambda: "all routes are here" in a.log(), "all routes")


@pytest.fixture(name="default")
def default_fixture(net, start):
    announce(net)
    through_tunnel(net)
    yield
    announce(net, False)
    not_through_tunnel(net)


def test_comes_and_goes(net, start):
    """
    Nothing is lost when it goes.  When it comes, the kernel has it before wgd
    hears of it: what is sent until the host route is there, is lost.
    """
    not_through_tunnel(net)
    server = net["b"].echo("10.99.0.2")
    probe = net["a"].probe("10.99.0.2")
    probe.wait_responder("b")
    for _ in range(3):
        announce(net)
        through_tunnel(net)
        assert net["ha"].ping("192.168.50.10")
        announce(net, False)
        not_through_tunnel(net)
    result = probe.result()
    server.kill()
    assert len(result["holes"]) <= 3 and result["lost"] < 3 * 200 * SLOW, result
    assert "host route" in net["a"].log()
    # a packet that was encrypted twice makes the other end believe that
    assert "an address in the tunnel" not in net["a"].log() + net["b"].log()


def test_picture(net, default):
    net["a"].picture("default-route")


def test_verdicts(net, default):
    a = net["a"]
    assert a.show(what="routes")["0.0.0.0/0"]["verdict"] == "accepted"
    # nobody's but the kernel's: the host route leads to no peer
    assert HOST not in a.show(what="routes")
    assert HOST not in a.allowed()
    assert "kept outside the tunnel by a host route" in a.vtysh("show wireguard")


@pytest.fixture(name="flow")
def flow_fixture(net):
    server = net["hb"].echo("192.168.50.10")
    probe = net["ha"].probe("192.168.50.10", rate=200)
    probe.wait_responder("hb")
    yield probe
    probe.kill()
    server.kill()


def test_wgd_dies(net, default, flow):
    "zebra keeps the host route; the next wgd finds it and needs it still."
    a = net["a"]
    a.kill("wgd")
    assert holds(lambda: host_routes(a), 2, "the host route without wgd") is None
    a.start("wgd")
    wait_for(lambda: "all routes are here" in a.log(), "all routes")
    through_tunnel(net)
    result = flow.result()
    assert result["lost"] == 0, result


def test_not_needed_any_more_after_a_restart(net, start):
    "The need went while wgd was away."
    a = net["a"]
    announce(net)
    through_tunnel(net)
    a.kill("wgd")
    announce(net, False)
    wait_for(lambda: way(a, "203.0.113.1") == "under", "default route outside")
    assert host_routes(a)
    a.start("wgd")
    not_through_tunnel(net)


def test_endpoint_roams(net, default):
    """
    b calls from another address.  Until wgd has looked, what a answers goes
    into the tunnel; b is heard all the time.
    """
    a, b = net["a"], net["b"]
    move = (
        "ip addr flush dev under scope global; ip addr add 10.255.2.%d/24 dev under;"
        " ip route add 10.255.0.0/16 via 10.255.2.1"
    )
    b.run(move % 77)
    try:
        wait_for(
            lambda: a.show()["peers"]["b"]["endpoint"] == "10.255.2.77:51820",
            "new endpoint",
        )
        # the configured one stays safe, too
        both = {HOST: ["10.255.1.1"], "10.255.2.77/32": ["10.255.1.1"]}
        wait_for(lambda: host_routes(a) == both, "host routes")
        wait_for(lambda: net["ha"].ping("192.168.50.10"), "answer of hb")
        assert way(a, "10.255.2.77") == "under"
    finally:
        b.run(move % 2)
    wait_for(
        lambda: a.show()["peers"]["b"]["endpoint"] == "10.255.2.2:51820",
        "old endpoint",
    )
    wait_for(lambda: host_routes(a) == {HOST: ["10.255.1.1"]}, "one host route")


def test_endpoint_in_the_tunnel(net, default):
    "What a userspace program does to itself (wgd_peer.c): it is put right."
    a = net["a"]

    def seen():
        # b's next packet would put it right, too
        a.run("wg set wg0 peer %s endpoint 10.99.0.2:51820" % net.keys["b", "wg0"][1])
        a.vtysh("clear wireguard wg0")
        return "an address in the tunnel" in a.log()

    wait_for(seen, "a line in the log")
    through_tunnel(net)
    wait_for(lambda: net["ha"].ping("192.168.50.10"), "answer of hb")
    assert "endpoint 10.99.0.2/32" not in a.log(), "no host route"


def test_underlay_changes(net, default):
    "A more specific route outside: no need. Another gateway: followed."
    a = net["a"]
    net["u"].run("ip addr add 10.255.1.254/24 dev u-a")
    # the prefix is in the tunnel, and its way outside is shorter
    a.configure("ip route 10.255.2.0/24 10.99.0.2\nip route 10.255.0.0/16 10.255.1.254")
    wait_for(lambda: host_routes(a) == {HOST: ["10.255.1.254"]}, "new gateway")
    a.configure("no ip route 10.255.0.0/16 10.255.1.254\nip route 10.255.0.0/16 10.255.1.1")
    wait_for(lambda: host_routes(a) == {HOST: ["10.255.1.1"]}, "old gateway")
    a.configure("no ip route 10.255.2.0/24 10.99.0.2")
    wait_for(lambda: not host_routes(a), "no need: a longer prefix outside")
    assert way(a, "10.255.2.2") == "under"
    a.configure("no ip route 10.255.0.0/16 10.255.1.1")
    through_tunnel(net)
    net["u"].run("ip addr del 10.255.1.254/24 dev u-a")


def test_mark(net, default):
    "With a mark the operator's own rules route what is sent."
    a = net["a"]
    # as wg-quick does: what bears the mark is routed by another table
    a.run("ip route add default via 10.255.1.1 table 77; ip rule add fwmark 77 table 77")
    a.configure("interface wg0\nwireguard fwmark 77")
    wait_for(lambda: not host_routes(a), "end of the host route")
    wait_for(lambda: net["ha"].ping("192.168.50.10"), "answer of hb")
    a.configure("interface wg0\nno wireguard fwmark")
    wait_for(lambda: host_routes(a), "host route")
    a.run("ip rule del fwmark 77; ip route flush table 77")


def test_host_route_is_refused(net, start):
    "By the operator, who leads WireGuard's packets outside by a rule."
    a = net["a"]
    wait_for(lambda: way(a, "203.0.113.1") == "under", "default route outside")
    a.run("ip route add default via 10.255.1.1 table 78; ip rule add to %s table 78" % HOST)
    a.configure("ip prefix-list HOST permit %s\n"
                "route-map NO deny 10\nmatch ip address prefix-list HOST\n"
                "route-map NO permit 20\nip protocol any route-map NO" % HOST)
    announce(net)
    wait_for(lambda: a.allowed().get("0.0.0.0/0") == "b", "default route at b")
    assert not host_routes(a)
    assert "host route, for another route" in a.log()
    wait_for(lambda: net["ha"].ping("192.168.50.10"), "answer of hb")
    announce(net, False)
    wait_for(lambda: way(a, "203.0.113.1") == "under", "default route outside")
    a.configure("no ip protocol any route-map NO\nno route-map NO\nno ip prefix-list HOST")
    a.run("ip rule del to %s table 78; ip route flush table 78" % HOST)
    not_through_tunnel(net)


def test_zebra_dies(net, default):
    "bgpd with it: its 8.4.4 tells a new zebra nothing."
    a = net["a"]
    a.kill("zebra")  # first: the host route stays in the kernel
    a.kill("bgpd")
    a.start("zebra")
    a.start("bgpd")
    a.run("ip route del 10.255.0.0/16", check=False)
    through_tunnel(net)
    wait_for(lambda: net["ha"].ping("192.168.50.10"), "answer of hb")


def test_covers_endpoint(net, start):
    "An endpoint that was never seen outside, and whose peer does not answer."
    a = net["a"]
    key = net.make_key("a", "wg7")
    a.configure("no ip route 0.0.0.0/0 10.255.1.1 250\nip route 10.255.0.0/16 10.255.1.1")
    a.configure(
        "interface wg0\n"
        "wireguard peer d public-key %s\n"
        "wireguard peer d address 10.99.0.4\n"
        "wireguard peer d endpoint 203.0.113.9 port 51820" % key
    )
    wait_for(lambda: path(a, "d") == "unreachable", "endpoint's way")
    a.configure("ip route 203.0.113.0/24 10.99.0.2\nip route 203.0.112.0/24 10.99.0.2")
    routes = lambda: a.show(what="routes")
    wait_for(
        lambda: routes()["203.0.113.0/24"]["verdict"] == "covers-endpoint", "verdict"
    )
    assert "owner" not in routes()["203.0.113.0/24"]
    a.wait_allowed({"203.0.112.0/24": "b", "203.0.113.0/24": None})
    assert path(a, "d") == "inside"
    assert "peer d: routing leads to its endpoint 203.0.113.9 through" in a.log()
    # a way outside is found: the prefix is b's, and the endpoint is safe
    a.configure("ip route 203.0.0.0/16 10.255.1.1")
    a.wait_allowed({"203.0.113.0/24": "b"})
    wait_for(
        lambda: host_routes(a) == {"203.0.113.9/32": ["10.255.1.1"]}, "host route"
    )
    a.configure(
        "no ip route 203.0.0.0/16 10.255.1.1\nno ip route 203.0.113.0/24 10.99.0.2\n"
        "no ip route 203.0.112.0/24 10.99.0.2\n"
        "interface wg0\nno wireguard peer d"
    )
    wait_for(lambda: not host_routes(a), "no host route")


def mtu(site):
    return int(site.run("cat /sys/class/net/wg0/mtu"))


def test_mtu(net, start):
    "1420, or that of the underlay less 80; as told where it is told."
    a = net["a"]
    wait_for(lambda: mtu(a) == 1420, "MTU 1420")
    assert "mtuLink" not in a.show()
    a.run("ip link set under mtu 1400")
    wait_for(lambda: mtu(a) == 1320, "MTU 1320")
    wait_for(lambda: a.show()["mtu"] == 1320, "MTU 1320 in zebra")
    assert a.show()["mtuLink"] == "under"
    assert "MTU: 1320 (80 less than under)" in a.vtysh("show wireguard")
    assert "MTU is 1320 now: under, which leads to an endpoint, has 1400" in a.log()
    a.configure("interface wg0\nwireguard mtu 1412")
    wait_for(lambda: mtu(a) == 1412, "MTU 1412")
    a.configure("interface wg0\nno wireguard mtu")
    wait_for(lambda: mtu(a) == 1320, "MTU 1320")
    a.run("ip link set under mtu 1500")
    wait_for(lambda: mtu(a) == 1420, "MTU 1420")
