# SPDX-License-Identifier: GPL-2.0-or-later
"""
Site b announces the default route and is site a's way to everywhere, also to b
itself: a's endpoints are behind another default route, which BGP's replaces.
What a encrypts is routed by its mark: by the main table while that leads
outside, else by wgd's own table, which has the way that led outside before.
"""
import re
import time

import pytest

from lib_wgd import SLOW, holds, wait_for

pytestmark = pytest.mark.release  # what zebra tells of ways, and its sweep
device = pytest.mark.device  # rules, marks, groups and the reverse look-up are the kernel's

TOPOLOGY = {
    "sites": "ab",
    "daemons": ["bgpd"],
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.50.10/24", "192.168.50.1"),
    },
}
DEFAULT = "via 10.255.1.1 dev under"


def table(a, family=4):
    "{prefix: words} of wgd's own table."
    view = a.show()["underlay"][family == 6]
    text = a.run("ip -%d route show table %d" % (family, view["table"]), check=False)
    return {s.split()[0]: " ".join(s.split()[1:]) for s in text.splitlines()}


def rules(a):
    return [s for s in (a.run("ip rule") + a.run("ip -6 rule")).splitlines() if "proto 87" in s]


def nothing_of_ours(a):
    "... where others look."
    text = a.run("ip route show") + a.run("ip -6 route show")
    assert "proto 87" not in text, text
    for command in ("show ip route", "show ipv6 route"):
        for prefix, routes in a.json(command).items():
            assert all(route["protocol"] != "hsls" for route in routes), prefix
    return True


def way(a, address, mark=None):
    "The link by which the kernel sends to the address; None: not at all."
    mark = " mark %d" % mark if mark else ""
    found = re.search(r" dev (\S+)", a.run("ip route get " + address + mark, check=False))
    return found[1] if found else None


def marked_way(a, address):
    return way(a, address, a.show()["fwmark"])


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
    wait_for(lambda: path(a) == "marked", "endpoint's way")
    assert DEFAULT in table(a)["default"]
    assert way(a, "10.255.2.2") == "wg0"
    assert marked_way(a, "10.255.2.2") == "under"
    assert nothing_of_ours(a)


def not_through_tunnel(net):
    a = net["a"]
    wait_for(lambda: way(a, "203.0.113.1") == "under", "default route outside")
    wait_for(lambda: path(a) == "outside", "endpoint's way")
    assert nothing_of_ours(a)


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


@device
def test_comes_and_goes(net, start):
    "Nothing is lost, neither when it comes nor when it goes."
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
    assert result["lost"] == 0, result


def test_picture(net, default):
    net["a"].picture("default-route")


def test_shown(net, default):
    a = net["a"]
    assert a.show(what="routes")["0.0.0.0/0"]["verdict"] == "accepted"
    assert "kept outside the tunnel by its mark" in a.vtysh("show wireguard")
    show = a.show()
    for view in show["underlay"]:
        assert view["mark"] == show["fwmark"] == 0x77670000
        assert view["rules"] == 500 and view["table"] == 30567
        assert "error" not in view and "strictLink" not in view
    assert show["underlay"][0]["routes"] == len(table(a)) >= 1
    assert "rules from 500 for mark 0x77670000, table 30567" in a.vtysh("show wireguard")
    assert "group 30567" in a.run("ip link show wg0")
    assert len(rules(a)) == 6, rules(a)


@pytest.fixture(name="flow")
def flow_fixture(net):
    server = net["hb"].echo("192.168.50.10")
    probe = net["ha"].probe("192.168.50.10", rate=200)
    probe.wait_responder("hb")
    yield probe
    probe.kill()
    server.kill()


def test_wgd_dies(net, default, flow):
    "The kernel has it all; the next wgd finds it and needs it still."
    a = net["a"]
    before = rules(a), table(a)
    a.kill("wgd")
    time.sleep(1)
    assert (rules(a), way(a, "10.255.2.2", 0x77670000)) == (before[0], "under")
    a.start("wgd")
    wait_for(lambda: "all routes are here" in a.log(), "all routes")
    through_tunnel(net)
    assert (rules(a), table(a)) == before
    result = flow.result()
    assert result["lost"] == 0, result


def test_the_way_changed_while_wgd_was_away(net, default):
    "What the main table does not have any more goes from ours, too."
    a = net["a"]
    net["u"].run("ip addr add 10.255.1.254/24 dev u-a")
    a.configure("ip route 10.255.0.0/16 10.255.1.254")
    wait_for(lambda: "10.255.0.0/16" in table(a), "shorter way outside")
    a.kill("wgd")
    a.configure_static("no ip route 10.255.0.0/16 10.255.1.254")
    assert "10.255.0.0/16" in table_of(a, 30567)
    a.start("wgd")
    wait_for(lambda: "10.255.0.0/16" not in table(a), "end of the old way")
    through_tunnel(net)
    net["u"].run("ip addr del 10.255.1.254/24 dev u-a")


ANOTHER_ADDRESS = """
table ip another_address {
  chain c {
    type filter hook prerouting priority raw;
    iifname "u-b" ip saddr 10.255.2.2 udp sport 51820 ip saddr set 10.255.2.77
    iifname "u-a" ip daddr 10.255.2.77 udp dport 51820 ip daddr set 10.255.2.2
  }
}
"""


def test_endpoint_roams(net, default):
    "b's packets come from another address, and are answered at once."
    a, b, u = net["a"], net["b"], net["u"]
    u.gear.net.cmd_raises("nft -f -", stdin=ANOTHER_ADDRESS)
    # b's first packet and a's answer to it
    assert b.ping("10.99.0.1")
    wait_for(
        lambda: a.show()["peers"]["b"]["endpoint"] == "10.255.2.77:51820",
        "new endpoint",
    )
    through_tunnel(net)
    assert marked_way(a, "10.255.2.77") == "under"
    assert net["ha"].ping("192.168.50.10")
    u.run("nft delete table ip another_address")
    assert b.ping("10.99.0.1")
    wait_for(
        lambda: a.show()["peers"]["b"]["endpoint"] == "10.255.2.2:51820",
        "old endpoint",
    )


def test_endpoint_in_the_tunnel(net, default):
    "An address of the tunnel: what is encrypted leaves by the underlay all the same."
    a = net["a"]
    a.run("wg set wg0 peer %s endpoint 10.99.0.2:51820" % net.keys["b", "wg0"][1])
    assert marked_way(a, "10.99.0.2") == "under"
    # b's next packet puts it right
    wait_for(lambda: net["ha"].ping("192.168.50.10"), "answer of hb")
    through_tunnel(net)


def test_underlay_changes(net, default):
    "What leads outside behind the tunnel's routes is followed."
    a = net["a"]
    net["u"].run("ip addr add 10.255.1.254/24 dev u-a")
    # the prefix is in the tunnel, and its way outside is shorter
    a.configure("ip route 10.255.2.0/24 10.99.0.2\nip route 10.255.0.0/16 10.255.1.254")
    wait_for(lambda: "via 10.255.1.254" in table(a).get("10.255.0.0/16", ""), "new gateway")
    assert path(a) == "marked"
    assert net["ha"].ping("192.168.50.10")
    a.configure("no ip route 10.255.0.0/16 10.255.1.254\nip route 10.255.0.0/16 10.255.1.1")
    wait_for(lambda: "via 10.255.1.1" in table(a).get("10.255.0.0/16", ""), "old gateway")
    a.configure("no ip route 10.255.2.0/24 10.99.0.2")
    wait_for(lambda: path(a) == "outside", "a longer prefix outside")
    assert way(a, "10.255.2.2") == "under"
    a.configure("no ip route 10.255.0.0/16 10.255.1.1")
    through_tunnel(net)
    net["u"].run("ip addr del 10.255.1.254/24 dev u-a")


def test_several_ways(net, default):
    "All next hops that lead outside."
    a = net["a"]
    net["u"].run("ip addr add 10.255.1.254/24 dev u-a")
    a.configure("ip route 10.255.2.0/25 10.255.1.254\nip route 10.255.2.0/25 10.255.1.1\n"
                "ip route 10.255.2.0/26 10.99.0.2")

    def both():
        text = a.run("ip route show table 30567")
        return "10.255.2.0/25" in text and text.count("nexthop via 10.255.1.") == 2

    wait_for(both, "two next hops")
    wait_for(lambda: path(a) == "marked", "the tunnel before them")
    assert net["ha"].ping("192.168.50.10")
    a.configure("no ip route 10.255.2.0/26 10.99.0.2\nno ip route 10.255.2.0/25 10.255.1.254\n"
                "no ip route 10.255.2.0/25 10.255.1.1")
    through_tunnel(net)
    net["u"].run("ip addr del 10.255.1.254/24 dev u-a")


def static_default(a):
    "Does zebra have a way for the static default route?"
    return [hop for route in a.json("show ip route 0.0.0.0/0").get("0.0.0.0/0", [])
            if route["protocol"] == "static"
            for hop in route["nexthops"] if hop.get("active")]


def test_link_down_and_up(net, default):
    "The kernel throws routes away with the link, of every table."
    a = net["a"]
    a.run("ip link set under down")
    wait_for(lambda: "default" not in table_of(a, 30567), "end of the routes")
    # a zebra of 8.4 that hears of both at once never installs its route again
    wait_for(lambda: not static_default(a), "zebra without its route")
    a.run("ip link set under up")
    wait_for(lambda: static_default(a), "zebra's route again")
    wait_for(lambda: "default" in table_of(a, 30567), "the routes again")
    wait_for(lambda: net["ha"].ping("192.168.50.10"), "answer of hb")
    a.run("ip route del 10.255.0.0/16", check=False)
    through_tunnel(net)


def table_of(a, number):
    return a.run("ip route show table %d" % number, check=False)


@pytest.mark.parametrize("command", [
    "ip rule del pref 500",
    "ip rule del pref 502; ip -6 rule del pref 501",
    "ip rule flush; ip rule add pref 32766 table main",
    "ip route flush table 30567",
    "ip route change default dev lan table 30567",
    "ip route add 198.51.100.0/24 dev lan table 30567 proto 87",
    "ip link set wg0 group 0",
])
def test_repaired(net, default, command):
    "What somebody deletes is back, what somebody adds is gone."
    a = net["a"]
    before = sorted(rules(a)), table(a)
    a.run(command)
    a.vtysh("clear wireguard wg0")

    def repaired():
        assert (sorted(rules(a)), table(a)) == before
        return "group 30567" in a.run("ip link show wg0")

    wait_for(repaired, "repair of: " + command)
    through_tunnel(net)


@device
@pytest.mark.parametrize("filter", [0, 1, 2])
def test_reverse_path_filter(net, default, filter):
    """
    The way back to b leads into the tunnel, so a strict filter would throw away
    what b sends.  Nobody else's packets are concerned.
    """
    a = net["a"]
    probe = net["ha"].probe("192.168.50.10", rate=100)
    server = net["hb"].echo("192.168.50.10")
    probe.wait_responder("hb")
    a.run("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.under.rp_filter=%d" % filter)
    try:
        view = wait_for(
            lambda: [v for v in a.show()["underlay"]
                     if v.get("strictLink") == ("under" if filter == 1 else None)],
            "what is shown",
        )
        assert view
        strict = [s for s in rules(a) if "sport 51820" in s]
        assert bool(strict) == (filter == 1), strict
        assert all("from 10.255.1.2 " in s or "from 192.168.1.1 " in s for s in strict), strict
        # no cache is older than that
        wait_for(lambda: net["ha"].ping("192.168.50.10"), "answer of hb")
        before = probe.last["lost"] if probe.last else 0
        assert holds(lambda: net["b"].ping("10.99.0.1"), 2, "answers to b") is None
        # somebody's packets from the same port take the main table's way
        assert "wg0" in a.run("ip route get 198.51.100.9 from 192.168.1.10 iif lan"
                              " ipproto udp sport 51820 dport 51820")
        result = probe.result()
        assert result["lost"] - before <= 40 * SLOW, result
    finally:
        probe.kill()
        server.kill()
        a.run("sysctl -qw net.ipv4.conf.under.rp_filter=0")
    wait_for(lambda: not [s for s in rules(a) if "sport" in s], "end of those rules")


def test_mark(net, default):
    "With a mark the operator's own rules route what is sent."
    a = net["a"]
    # as wg-quick does: what bears the mark is routed by another table
    a.run("ip route add default via 10.255.1.1 table 77; ip rule add fwmark 77 table 77")
    a.configure("interface wg0\nwireguard fwmark 77")
    wait_for(lambda: not rules(a), "end of the rules")
    assert table_of(a, 30567).strip() == ""
    assert a.show()["underlay"] == []
    wait_for(lambda: net["ha"].ping("192.168.50.10"), "answer of hb")
    a.configure("interface wg0\nno wireguard fwmark")
    wait_for(lambda: len(rules(a)) == 6, "rules")
    a.run("ip rule del fwmark 77; ip route flush table 77")
    through_tunnel(net)
    wait_for(lambda: net["ha"].ping("192.168.50.10"), "answer of hb")


def test_numbers_of_others(net, start):
    "Rules, table and mark that somebody else uses: wgd takes others and says so."
    a = net["a"]
    a.vtysh("write memory")
    a.kill("wgd")
    a.run("ip rule | grep -q 'proto 87' && for i in 500 501 502; do"
          " ip rule del pref $i; ip -6 rule del pref $i; done; ip route flush table 30567")
    a.run("ip rule add pref 501 fwmark 0x77670000 table 30567;"
          "ip route add 192.0.2.0/24 dev lan table 30567")
    try:
        a.start("wgd")
        wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
        view = a.show()["underlay"][0]
        assert (view["rules"], view["mark"], view["table"]) == (490, 0x77670001, 30568), view
        assert "somebody else uses" in a.log()
        announce(net)
        wait_for(lambda: path(a) == "marked", "endpoint's way")
        wait_for(lambda: net["ha"].ping("192.168.50.10"), "answer of hb")
        assert "192.0.2.0/24" in table_of(a, 30567)
        announce(net, False)
        not_through_tunnel(net)
    finally:
        a.kill("wgd")
        a.run("ip rule del pref 501; ip route flush table 30567")
    a.start("wgd")
    wait_for(lambda: a.show()["underlay"][0]["table"] == 30567, "the usual numbers")
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")


def test_zebra_dies(net, default, flow):
    "bgpd with it: its 8.4.4 tells a new zebra nothing."
    a = net["a"]
    a.kill("zebra")
    a.kill("bgpd")
    assert way(a, "10.255.2.2", 0x77670000) == "under"
    a.start("zebra")
    a.start("bgpd")
    a.run("ip route del 10.255.0.0/16", check=False)
    through_tunnel(net)
    wait_for(lambda: net["ha"].ping("192.168.50.10"), "answer of hb")


def test_no_way_outside(net, start):
    "An endpoint that only the tunnel leads to: nothing is sent, and that is said."
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
    a.configure("ip route 203.0.113.0/24 10.99.0.2")
    wait_for(lambda: path(a, "d") == "inside", "endpoint's way")
    assert marked_way(a, "203.0.113.9") is None
    assert "through a tunnel, and no other way is known: nothing is sent" in a.log()
    # the prefix is followed: it concerns others, too
    assert a.show(what="routes")["203.0.113.0/24"]["verdict"] == "accepted"
    a.configure("ip route 203.0.0.0/16 10.255.1.1")
    wait_for(lambda: path(a, "d") == "marked", "the way outside")
    assert marked_way(a, "203.0.113.9") == "under"
    a.configure(
        "no ip route 203.0.0.0/16 10.255.1.1\nno ip route 203.0.113.0/24 10.99.0.2\n"
        "interface wg0\nno wireguard peer d"
    )
    wait_for(lambda: not [p for p in table(a) if p.startswith("203.")], "end of the routes")
    a.configure("ip route 0.0.0.0/0 10.255.1.1 250\nno ip route 10.255.0.0/16 10.255.1.1")


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
