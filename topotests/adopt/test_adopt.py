# SPDX-License-Identifier: GPL-2.0-or-later
"""
An interface that was there before wgd, made by hand and in use: it is taken
over under traffic, its key, port and mark stay, strangers are never touched,
and when the configuration goes the interface stays.
"""
import pytest

from lib_wgd import BACKEND, holds, wait_for

pytestmark = [
    pytest.mark.device,  # a device of somebody else's
    pytest.mark.skipif(
        BACKEND != "kernel",
        reason="a program started by hand is root's, and wgd is not root",
    ),
]

TOPOLOGY = {
    "sites": "ab",
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
    },
}
STRANGER = {"203.0.113.0/24": "s", "198.51.100.7/32": "s"}


@pytest.fixture(scope="module")
def by_hand(net):
    "wg0 of a, as somebody has set it up, and traffic through it."
    a = net["a"]
    b_key, s_key = net.keys["b", "wg0"][1], net.make_key("s", "wg0")
    a.run(
        "ip link add wg0 type wireguard && ip addr add 10.99.0.1/24 dev wg0 &&"
        "wg set wg0 listen-port 51999 fwmark 77 private-key /etc/frr/wireguard/wg0.key"
        " peer %s endpoint 10.255.2.2:51820 allowed-ips 10.99.0.2/32,192.168.2.0/24"
        " peer %s allowed-ips %s &&"
        "ip link set wg0 up && ip route add 192.168.2.0/24 dev wg0"
        % (b_key, s_key, ",".join(STRANGER))
    )
    net["hb"].echo("192.168.2.10")
    probe = net["ha"].probe("192.168.2.10", rate=500)
    probe.wait_responder("hb")
    return probe


def device(site):
    "Private and public key, port, mark: all but the peers."
    return site.run("wg show wg0 dump").splitlines()[0]


def test_taken_over_under_traffic(net, by_hand):
    a = net["a"]
    before = device(a), a.handshakes()["b"][0]
    a.configure(
        """
        interface wg0
        wireguard peer b public-key %s
        wireguard peer b address 10.99.0.2
        wireguard peer b allowed-ips 192.168.2.0/24
        wireguard peer b endpoint 10.255.2.2 port 51820
        """
        % net.keys["b", "wg0"][1]
    )
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
    assert a.show()["adopted"] is True
    assert (device(a), a.handshakes()["b"][0]) == before
    right = {"10.99.0.2/32": "b", "192.168.2.0/24": "b", **STRANGER}
    holds(lambda: {**a.allowed(), **right} == a.allowed(), 1, "AllowedIPs")
    result = by_hand.result()
    assert result["lost"] == 0, result


def test_stranger_is_not_robbed(net, by_hand):
    "A route to exactly its prefix does not take it; others are followed."
    a = net["a"]
    a.configure("ip route 203.0.113.0/24 10.99.0.2\nip route 203.0.113.0/25 10.99.0.2")
    a.wait_allowed({"203.0.113.0/25": "b", **STRANGER})
    assert a.show(what="routes")["203.0.113.0/24"]["verdict"] == "shadowed-by-static"
    assert a.show(what="allowed-ips")["203.0.113.0/24"]["source"] == "stranger"
    a.configure("no ip route 203.0.113.0/24 10.99.0.2\nno ip route 203.0.113.0/25 10.99.0.2")
    a.wait_allowed({"203.0.113.0/25": None, **STRANGER})


def test_restart_knows_it_again(net, by_hand):
    a = net["a"]
    before = device(a)
    a.run("vtysh -w")
    a.kill("wgd")
    a.start("wgd")
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
    assert a.show()["adopted"] is True and device(a) == before
    a.wait_allowed({"10.99.0.2/32": "b", **STRANGER})


def test_stays_when_not_configured(net, by_hand):
    a = net["a"]
    before = device(a)
    a.configure("interface wg0\nno wireguard peer b")
    wait_for(lambda: "wg0" not in a.json("show wireguard"), "wgd without wg0")
    assert device(a) == before
    a.wait_allowed(STRANGER)
