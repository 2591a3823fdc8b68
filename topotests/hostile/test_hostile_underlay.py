# SPDX-License-Identifier: GPL-2.0-or-later
"""
Peer m of site s has a valid key, and tries to move other people's packets: it
calls from addresses that are not its own, for WireGuard takes them for its new
place; and what it announces covers what s itself needs.
"""
import json
import re
import time

import pytest

from lib_wgd import wait_for

TOPOLOGY = {
    "sites": "smo",
    "hosts": {
        "hs": ("s", "192.168.1.10/24", "192.168.1.1"),
        "ho": ("o", "192.168.50.10/24", "192.168.50.1"),
    },
}
HOST = "192.168.50.10"

# What leaves m's device seems to come from somebody else.
FORGE = """
table ip forge {
  chain c {
    type filter hook postrouting priority 300;
    oifname "under" udp sport 51820 ip saddr set %s
  }
}
"""

# What u sees in clear.
COUNT = """
table ip count {
  counter clear { }
  chain c {
    type filter hook prerouting priority -300;
    ip saddr 192.168.1.0/24 counter name clear
    ip daddr 192.168.1.0/24 counter name clear
  }
}
"""


def clear(net):
    out = json.loads(net["u"].run("nft -j list counters table ip count"))
    return [c["counter"]["packets"] for c in out["nftables"] if "counter" in c][0]


def way(site, address, options=""):
    return re.search(r" dev (\S+)", site.run("ip route get %s %s" % (address, options)))[1]


@pytest.fixture(name="forged", scope="module")
def forged_fixture(net):
    "m's packets come from an address of o's site."
    s, m, u = net["s"], net["m"], net["u"]
    wait_for(lambda: net["hs"].ping(HOST), "answer of ho")
    wait_for(lambda: m.ping("10.99.0.1"), "answer to m")
    u.gear.net.cmd_raises("nft -f -", stdin=COUNT)
    m.gear.net.cmd_raises("nft -f -", stdin=FORGE % HOST)
    m.ping("10.99.0.1")
    wait_for(lambda: s.show()["peers"]["m"]["endpoint"] == HOST + ":51820", "forged endpoint")
    yield s
    m.run("nft delete table ip forge")
    u.run("nft delete table ip count")


def test_roams_to_an_address_of_another_peer(net, forged):
    "Packets to the address go to o, in the tunnel, as before."
    end = time.monotonic() + 8  # a reading of the device, and some
    while time.monotonic() < end:
        assert net["hs"].ping(HOST)
        assert way(forged, HOST) == "wg0"
        net["m"].ping("10.99.0.1")  # it goes on
    assert forged.show()["peers"]["m"]["endpoint"] == HOST + ":51820"
    assert clear(net) == 0
    routes = forged.json("show ip route")
    assert HOST + "/32" not in routes
    # what s has to say to m leaves, and nobody else's packets with it
    assert way(forged, HOST, "mark %d" % forged.show()["fwmark"]) == "under"


def test_wgd_restarted_under_attack(net, forged):
    forged.vtysh("write memory")
    forged.kill("wgd")
    assert net["hs"].ping(HOST)
    forged.start("wgd")
    wait_for(lambda: forged.show()["syncState"] == "synced", "wgd in sync")
    for _ in range(5):
        assert net["hs"].ping(HOST)
        assert way(forged, HOST) == "wg0"
    assert clear(net) == 0


def test_roams_to_its_own_address_in_the_tunnel(net, forged):
    "Nothing is encrypted twice."
    m = net["m"]
    m.run("nft delete table ip forge")
    m.gear.net.cmd_raises("nft -f -", stdin=FORGE % "10.99.0.2")
    m.ping("10.99.0.1")
    wait_for(lambda: forged.show()["peers"]["m"]["endpoint"] == "10.99.0.2:51820",
             "forged endpoint")
    before = forged.show()["peers"]["m"]["txBytes"]
    for _ in range(5):
        net["m"].ping("10.99.0.1")
        assert net["hs"].ping(HOST)
    after = forged.show()["peers"]["m"]["txBytes"]
    # five answers and handshakes; a loop makes megabytes of them
    assert after - before < 20000, (before, after)
    assert clear(net) == 0


@pytest.mark.parametrize("prefix", ["10.255.3.2/32", "10.255.3.0/24", "0.0.0.0/0"])
def test_announces_what_covers_a_member(net, forged, prefix):
    """
    The other gateways of a group are reached by the underlay; hosts' packets to
    the same addresses follow the route.
    """
    member = "10.255.3.2"
    forged.configure("interface wg0\nwireguard gateway-group member " + member)
    try:
        wait_for(lambda: "to " + member in forged.run("ip rule"), "rules for the member")
        forged.configure("ip route %s 10.99.0.2" % prefix)
        forged.run("ip route del 10.255.0.0/16", check=False)
        wait_for(lambda: way(forged, member, "from 192.168.1.10 iif lan") == "wg0",
                 "the route through the tunnel")
        assert way(forged, member) == "under"
        assert forged.ping(member)
        # and the tunnel to o, whose endpoint it is
        assert net["hs"].ping(HOST)
    finally:
        forged.configure("no ip route %s 10.99.0.2" % prefix)
        forged.configure("interface wg0\nno wireguard gateway-group member " + member)
    wait_for(lambda: "to " + member not in forged.run("ip rule"), "end of the rules")
