# SPDX-License-Identifier: GPL-2.0-or-later
"""
Two peers announce one prefix and both are alive: whenever BGP changes its
mind the prefix moves in one step, and not one packet is lost on the way.

The count is taken at the two servers. An answer that was on its way from the
former owner at the moment of the move is refused by the source filter, as it
should be, so the sender may miss one or two for each move.
"""
import pytest

from lib_wgd import SLOW, wait_for

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


def prefer(net, name):
    net["a"].configure(
        "route-map FROM-B permit 10\nset local-preference %d"
        % (200 if name == "b" else 100)
    )


def test_preferred_one_owns(net):
    # both let a's packets in: a's route is there later than theirs at a
    for name in "bc":
        net[name].wait_allowed({"192.168.1.0/24": "a"})
    net["a"].wait_allowed({LAN: "b"})
    wait_for(lambda: net["ha"].ping(SERVER), "answer")


def test_moves_without_loss(net):
    servers = [net["hb"].echo(SERVER), net["hc"].echo(SERVER)]
    probe = net["ha"].probe(SERVER, rate=1000)
    probe.wait_responder("hb")
    for _ in range(3):
        prefer(net, "c")
        net["a"].wait_allowed({LAN: "c"})
        probe.wait_responder("hc")
        prefer(net, "b")
        net["a"].wait_allowed({LAN: "b"})
        probe.wait_responder("hb")
    result = probe.result()
    arrived = sum(server.received() for server in servers)
    assert arrived == result["sent"], (arrived, result)
    # answers of the old owner that are still under way are not let in
    assert result["outageMs"] < 1000 * SLOW, result


def test_withdrawal_moves_it(net):
    "b still forwards while it withdraws: nothing is lost either."
    servers = [net["hb"].echo(SERVER), net["hc"].echo(SERVER)]
    probe = net["ha"].probe(SERVER, rate=1000)
    probe.wait_responder("hb")
    net["b"].configure(
        "router bgp 65002\naddress-family ipv4 unicast\nno network " + LAN
    )
    probe.wait_responder("hc")
    net["a"].wait_allowed({LAN: "c"})
    result = probe.result()
    arrived = sum(server.received() for server in servers)
    assert arrived == result["sent"], (arrived, result)


@pytest.mark.parametrize("name", "bc")
def test_both_keep_their_addresses(net, name):
    address = "10.99.0.%d/32" % ("abc".index(name) + 1)
    assert net["a"].allowed()[address] == name


def test_last_one_goes(net):
    net["c"].configure(
        "router bgp 65003\naddress-family ipv4 unicast\nno network " + LAN
    )
    net["a"].wait_allowed({LAN: None})
