# SPDX-License-Identifier: GPL-2.0-or-later
"""
wireguard gateway-group source: everything that the gateway sends leaves from
one address, which is on its loopback.  The underlay's router counts: not one
packet comes from another source, whatever is done.  u has two links to g, one
of them through v.
"""
import json
import re

import pytest

from lib_wgd import SLOW, holds, make_key, wait_for

TOPOLOGY = {
    "sites": "gbcv",
    "links": [("g", "v")],
    "options": {"wgd": "--stale-time 10"},
}
SOURCES = {"b": "198.51.100.9", "c": "fd00:ffff::9"}
INSIDE = {"b": "10.99.0.2", "c": "10.99.0.3"}

COUNT = """
table inet count {
  counter right { }
  counter wrong { }
  counter through_v { }
  chain c {
    type filter hook prerouting priority -300;
    iifname { "u-g", "u-v" } udp sport 51820 jump from_g
  }
  chain from_g {
    iifname "u-v" counter name through_v
    ip saddr 198.51.100.9 counter name right return
    ip6 saddr fd00:ffff::9 counter name right return
    counter name wrong
  }
}
"""


def counters(net):
    out = json.loads(net["u"].run("nft -j list counters table inet count"))
    return {c["counter"]["name"]: c["counter"]["packets"]
            for c in out["nftables"] if "counter" in c}


def rules(net):
    "What is ours of the kernel's rules, and what is not."
    text = (net["g"].run("ip rule show").splitlines()
            + net["g"].run("ip -6 rule show").splitlines())
    ours = [s for s in text if re.match(r"50[0-2]:", s)]
    return ours, [s for s in text if s not in ours]


def way(net, endpoint):
    "How the kernel routes what g encrypts for that address; empty: not at all."
    g = net["g"]
    text = g.run("ip route get %s mark %d" % (endpoint, g.show()["fwmark"]), check=False)
    return text.splitlines()[0] if text else ""


def table(net):
    "All routes of both sources."
    text = ""
    for view in net["g"].show()["underlay"]:
        if "source" in view:
            family = view["family"][-1]
            text += net["g"].run("ip -%s route show table %d" % (family, view["table"]),
                                 check=False)
    return text


def reached(net, name):
    "Packets go both ways, and the client sees the gateway where it should."
    assert net["g"].ping(INSIDE[name])
    endpoint = net[name].run("wg show wg0 endpoints").split()[1]
    assert endpoint.strip("[]").startswith(SOURCES[name]), endpoint
    return True


def all_reached(net):
    for name in "bc":
        wait_for(lambda: reached(net, name), "way to " + name)


def move(b, address):
    "Client b is somewhere else now."
    b.run("ip -4 addr flush dev under; ip addr add %s/24 dev under;"
          "ip route add 10.255.0.0/16 via 10.255.2.1;"
          "ip route add 198.51.100.0/24 via 10.255.2.1" % address)


@pytest.fixture(scope="module", autouse=True)
def underlay(net):
    u = net["u"]
    # u and v lead to the gateway's address; before that nothing can arrive
    move(net["b"], "10.255.2.2")
    net["c"].run("ip route add fd00:ffff::/64 via fd00:255:3::1")
    u.run("ip route add 198.51.100.9 via 10.255.1.2; ip route add fd00:ffff::9 via fd00:255:1::2")
    net["v"].run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")


@pytest.fixture(scope="module", autouse=True)
def strangers(net, underlay):
    "What others have of rules, before and after."
    return rules(net)[1]


@pytest.fixture(autouse=True)
def nothing_else(net, underlay, strangers):
    "Around each test: not one packet from another source, where there is one."
    text = COUNT
    if not any(":" in view.get("source", "") for view in net["g"].show()["underlay"]):
        text = text.replace("counter name wrong\n", "meta nfproto ipv4 counter name wrong\n")
    net["u"].gear.net.cmd_raises("nft -f -", stdin=text)
    yield
    count = counters(net)
    net["u"].run("nft delete table inet count")
    assert count["wrong"] == 0, count
    assert count["right"] > 0, count
    assert rules(net)[1] == strangers


def test_from_the_first_packet(net):
    all_reached(net)
    assert "via 10.255.1.1 dev under" in way(net, "10.255.2.2")
    assert "src 198.51.100.9" in way(net, "10.255.2.2")
    assert "src fd00:ffff::9" in way(net, "fd00:255:3::2")
    assert len(rules(net)[0]) == 6


def test_shown(net):
    show = net["g"].show()
    assert show["fwmark"] >> 24 == 0x77
    for view, source in zip(show["underlay"], ("198.51.100.9", "fd00:ffff::9")):
        assert view["source"] == source and view["routes"] >= 1, view
        assert "error" not in view
    assert "source 198.51.100.9" in net["g"].vtysh("show wireguard wg0")
    all_reached(net)


def test_client_roams(net):
    move(net["b"], "10.255.2.3")
    # it speaks first: the gateway cannot know
    wait_for(lambda: net["b"].ping("10.99.0.1"), "answer to b")
    all_reached(net)
    assert "src 198.51.100.9" in way(net, "10.255.2.3")


def test_underlay_changes(net):
    "Now by v, and back: the source stays."
    g = net["g"]
    g.configure("ip route 10.255.2.0/24 192.168.8.2\nipv6 route fd00:255:3::/64 fd00:8::2")
    wait_for(lambda: "via 192.168.8.2 dev to-v" in way(net, "10.255.2.3"), "way by v")
    wait_for(lambda: "via fd00:8::2 dev to-v" in way(net, "fd00:255:3::2"), "way by v")
    all_reached(net)
    assert counters(net)["through_v"] > 0
    g.configure("no ip route 10.255.2.0/24 192.168.8.2\nno ipv6 route fd00:255:3::/64 fd00:8::2")
    wait_for(lambda: "dev under" in way(net, "10.255.2.3"), "way back")
    wait_for(lambda: "dev under" in way(net, "fd00:255:3::2"), "way back")
    all_reached(net)


def test_several_next_hops(net):
    "Each endpoint has one of them, and the endpoints share them out."
    g, u = net["g"], net["u"]
    ends = ["203.0.113.%d" % i for i in range(1, 13)]
    hops = ["10.255.1.1", "10.255.1.9"]
    u.run("ip addr add 10.255.1.9/24 dev u-g")
    for i, hop in enumerate(hops):
        g.configure("ip route 203.0.113.0/24 " + hop)
    g.configure("interface wg0\n" + "\n".join(
        "wireguard peer x%d public-key %s\nwireguard peer x%d endpoint %s port 51820"
        % (i, make_key()[1], i, end) for i, end in enumerate(ends)))

    def used(expected):
        found = [way(net, end) for end in ends]
        ways = [text.split()[2] for text in found]
        assert set(ways) == set(expected), ways
        assert all("src 198.51.100.9" in text for text in found), found
        return ways

    ways = wait_for(lambda: used(hops), "both next hops in use")
    assert 2 <= ways.count(hops[0]) <= 10, ways
    g.configure("no ip route 203.0.113.0/24 " + hops[0])
    wait_for(lambda: used(hops[1:]), "the one that is left")
    g.configure("no ip route 203.0.113.0/24 " + hops[1])
    g.configure("interface wg0\n" + "\n".join(
        "no wireguard peer x%d" % i for i in range(len(ends))))
    u.run("ip addr del 10.255.1.9/24 dev u-g")
    all_reached(net)


def test_roams_to_where_answers_go_another_way(net):
    """
    Packets come in by one link and answers go out by another: WireGuard lets
    the source go then, and the link's address would be taken.
    """
    g, b = net["g"], net["b"]
    g.configure("ip route 10.255.2.4/32 192.168.8.2")
    wait_for(lambda: "via 192.168.8.2" in g.run("ip route get 10.255.2.4"), "route by v")
    move(b, "10.255.2.4")
    wait_for(lambda: b.ping("10.99.0.1"), "answer to b")
    # our table has the route a moment after the main one
    wait_for(lambda: "via 192.168.8.2 dev to-v" in way(net, "10.255.2.4"), "way by v")
    all_reached(net)


def test_endpoint_is_configured_anew(net):
    "The same as ever: somebody wants it there."
    move(net["b"], "10.255.2.2")
    net["g"].configure("interface wg0\nno wireguard peer b endpoint\n"
                       "wireguard peer b endpoint 10.255.2.2 port 51820")
    # b has nothing to say for 15 s
    wait_for(lambda: "10.255.2.2:" in net["g"].run("wg show wg0 endpoints"),
             "endpoint on the device", 5 * SLOW)
    all_reached(net)
    wait_for(lambda: "10.255.2.4" not in table(net), "end of what was for another place")


@pytest.mark.parametrize("command", [
    "ip rule del pref 500",
    "ip rule del pref 501",
    "ip -6 rule del pref 500; ip -6 rule del pref 502",
    "ip route flush table %d",
    "ip route change 10.255.0.0/16 dev to-v table %d",
])
def test_repaired(net, command):
    "What somebody deletes is back; all else was never touched."
    before, found = rules(net)[0], table(net)
    if "%d" in command:
        command %= net["g"].show()["underlay"][0]["table"]
    net["g"].run(command)
    wait_for(lambda: rules(net)[0] == before and table(net) == found, "repair of: " + command)
    all_reached(net)


def test_address_goes_and_comes(net):
    "Without it nothing is sent at all."
    g = net["g"]
    g.configure("interface lo\nno ip address 198.51.100.9/32")
    wait_for(lambda: "not an address of this machine" in g.show()["underlay"][0].get("error", ""),
             "the reason")
    assert not g.ping(INSIDE["b"])
    g.configure("interface lo\nip address 198.51.100.9/32")
    wait_for(lambda: "error" not in g.show()["underlay"][0], "all in place")
    all_reached(net)


def test_wgd_restarted(net):
    g = net["g"]
    g.vtysh("write memory")
    before, found = rules(net)[0], table(net)
    g.kill("wgd")
    holds(lambda: rules(net)[0] == before, 1, "rules")
    g.start("wgd")
    holds(lambda: rules(net)[0] == before, 2, "rules")
    wait_for(lambda: g.show()["syncState"] == "synced", "wgd in sync")
    assert table(net) == found
    all_reached(net)


def test_another_source(net):
    g = net["g"]
    old = rules(net)[0]
    g.configure("interface lo\nip address 198.51.100.10/32")
    net["u"].run("ip route add 198.51.100.10 via 10.255.1.2")
    net["u"].run("nft insert rule inet count from_g ip saddr 198.51.100.10 counter name right return")
    g.configure("interface wg0\nwireguard gateway-group source 198.51.100.10")
    SOURCES["b"] = "198.51.100.10"
    all_reached(net)
    wait_for(lambda: len(rules(net)[0]) == 6, "end of the old rules")
    assert rules(net)[0] != old
    # from here on only that one
    net["u"].run("nft flush chain inet count from_g;"
                 "nft add rule inet count from_g ip saddr 198.51.100.10 counter name right return;"
                 "nft add rule inet count from_g meta nfproto ipv6 counter name right return;"
                 "nft add rule inet count from_g counter name wrong")
    all_reached(net)
    # back
    net["u"].run("nft insert rule inet count from_g ip saddr 198.51.100.9 counter name right return")
    g.configure("interface wg0\nwireguard gateway-group source 198.51.100.9")
    SOURCES["b"] = "198.51.100.9"
    all_reached(net)
    g.configure("interface lo\nno ip address 198.51.100.10/32")


def test_fwmark_of_the_operator(net):
    g = net["g"]
    g.configure("interface wg0\nwireguard fwmark 51820")
    wait_for(lambda: "fwmark: 0xca6c" in g.run("wg show wg0"), "the mark")
    wait_for(lambda: len([s for s in rules(net)[0] if "0xca6c" in s]) == 6, "rules for it")
    wait_for(lambda: len(rules(net)[0]) == 6, "end of the old rules")
    all_reached(net)
    g.configure("interface wg0\nno wireguard fwmark")
    wait_for(lambda: not [s for s in rules(net)[0] if "0xca6c" in s], "end of them")
    all_reached(net)


def test_not_configured_any_more(net):
    "While wgd was away: the rules of the earlier life go when it is sure."
    g = net["g"]
    g.vtysh("write memory")
    all_reached(net)
    g.kill("wgd")
    g.run("sed -i '/gateway-group source fd00/d' /etc/frr/frr.conf")
    net["u"].run("nft insert rule inet count from_g meta nfproto ipv6 return")
    g.start("wgd")
    # another mark; over IPv6 as without a source
    wait_for(lambda: not [s for s in rules(net)[0] if "fd00" in s], "end of the old rules")
    wait_for(lambda: len(rules(net)[0]) == 6, "end of the old rules")
    wait_for(lambda: reached(net, "b"), "way to b")


def test_no_source(net):
    g = net["g"]
    number = g.show()["underlay"][0]["table"]
    wait_for(lambda: reached(net, "b"), "way to b")
    # from now on it is the link's address
    net["u"].run("nft flush chain inet count from_g;"
                 "nft add rule inet count from_g counter name right")
    for view in g.show()["underlay"]:
        if "source" in view:
            g.configure("interface wg0\nno wireguard gateway-group source " + view["source"])
    wait_for(lambda: g.run("wg show wg0 fwmark").strip() == "0x77670000", "the usual mark")
    wait_for(lambda: len(rules(net)[0]) == 6 and not [s for s in rules(net)[0] if "from 198" in s],
             "end of the rules")
    assert g.run("ip route show table %d" % number, check=False).strip() == ""
    assert all("source" not in view for view in g.show()["underlay"])
