# SPDX-License-Identifier: GPL-2.0-or-later
"""
An interface that was there before wgd, made by hand and in use: it is taken
over under traffic, its key, port and mark stay, strangers are never touched,
and when the configuration goes the interface stays.
"""
import pytest

from lib_wgd import BACKEND, holds, wait_for

pytestmark = pytest.mark.device  # a device of somebody else's

TOPOLOGY = {
    "sites": "ab",
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
    },
}
STRANGER = {"203.0.113.0/24": "s", "198.51.100.7/32": "s"}


RIGHT = {"10.99.0.2/32": "b", "192.168.2.0/24": "b", **STRANGER}


def make(net):
    "wg0 of a, as somebody sets it up."
    how = "ip link add wg0 type wireguard"
    if BACKEND == "userspace":
        how = "wireguard-go wg0 >/dev/null 2>&1 </dev/null"
    net["a"].run(
        how + " && ip addr add 10.99.0.1/24 dev wg0 &&"
        "wg set wg0 listen-port 51999 fwmark 77 private-key /etc/frr/wireguard/wg0.key"
        " peer %s endpoint 10.255.2.2:51820 allowed-ips 10.99.0.2/32,192.168.2.0/24"
        " peer %s allowed-ips %s &&"
        "ip link set wg0 up && ip route add 192.168.2.0/24 dev wg0"
        % (net.keys["b", "wg0"][1], net.keys["s", "wg0"][1], ",".join(STRANGER))
    )


@pytest.fixture(scope="module")
def by_hand(net):
    "That interface, and traffic through it."
    net.make_key("s", "wg0")
    make(net)
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
        %s
        wireguard peer b public-key %s
        wireguard peer b address 10.99.0.2
        wireguard peer b allowed-ips 192.168.2.0/24
        wireguard peer b endpoint 10.255.2.2 port 51820
        """
        % (net.expand("@implementation@"), net.keys["b", "wg0"][1])
    )
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
    assert a.show()["adopted"] is True
    assert (device(a), a.handshakes()["b"][0]) == before
    holds(lambda: {**a.allowed(), **RIGHT} == a.allowed(), 1, "AllowedIPs")
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


def set_by_hand(net, name, *prefixes):
    net["a"].run(
        "wg set wg0 peer %s allowed-ips '%s'"
        % (net.keys[name, "wg0"][1], ",".join(prefixes))
    )


def test_foreign_hands(net, by_hand):
    "What is configured is repaired; what they do to their own is theirs."
    a = net["a"]
    net.make_key("t", "wg0")
    set_by_hand(net, "b", "10.99.0.2/32", "172.16.9.0/24")
    set_by_hand(net, "s", *STRANGER, "198.18.0.0/15")
    set_by_hand(net, "t", "100.64.0.0/10")
    a.run("wg set wg0 listen-port 51998 fwmark 78")
    before = device(a)
    theirs = {"198.18.0.0/15": "s", "100.64.0.0/10": "t"}
    a.vtysh("clear wireguard wg0")
    a.wait_allowed({**RIGHT, **theirs, "172.16.9.0/24": None})
    a.run("wg set wg0 peer %s remove" % net.keys["b", "wg0"][1])
    # by itself, too
    a.wait_allowed({**RIGHT, **theirs})
    assert device(a) == before
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer")


def test_started_anew(net, by_hand):
    "As wg-quick does it: for some seconds there is none, then it is theirs."
    a = net["a"]
    a.run("ip link del wg0")
    wait_for(lambda: a.show()["syncState"] == "absent", "wgd without a link")
    holds(lambda: not a.run("ip link show dev wg0", check=False), 3, "no link")
    make(net)
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
    assert a.show()["adopted"] is True
    a.wait_allowed(RIGHT)
    assert "51999" in device(a)
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer")


def test_stays_when_not_configured(net, by_hand):
    a = net["a"]
    before = device(a)
    a.configure("interface wg0\nno wireguard peer b\nno wireguard implementation")
    wait_for(lambda: "wg0" not in a.json("show wireguard"), "wgd without wg0")
    assert device(a) == before
    a.wait_allowed(STRANGER)


def test_link_without_a_key(net, by_hand):
    "It has none, and the file in the default place is not for it: that is said, with the line."
    a = net["a"]
    net.make_key("a", "wg7")
    how = "wireguard-go wg7 >/dev/null 2>&1 </dev/null"
    a.run(how if BACKEND == "userspace" else "ip link add wg7 type wireguard")
    a.configure("interface wg7\nwireguard\n" + net.expand("@implementation@"))
    wait_for(lambda: a.show("wg7")["syncState"] == "synced", "wgd in sync")
    assert "Public key: none: the link was there before wgd" in a.vtysh("show wireguard wg7")
    path = "/etc/frr/wireguard/wg7.key"
    a.configure("interface wg7\nwireguard private-key file " + path)
    wait_for(lambda: a.show("wg7").get("publicKey") == net.keys["a", "wg7"][1], "its key")
    a.configure("no interface wg7", check=False)
    a.run("ip link del wg7")


def test_gone_for_good(net, by_hand):
    "The configuration wants an interface: wgd makes one, and that is its own."
    a = net["a"]
    a.configure(
        """
        interface wg0
        %s
        wireguard peer b public-key %s
        wireguard peer b address 10.99.0.2
        wireguard peer b endpoint 10.255.2.2 port 51820
        """
        % (net.expand("@implementation@"), net.keys["b", "wg0"][1])
    )
    wait_for(lambda: a.show().get("syncState") == "synced", "wgd in sync")
    assert a.show()["adopted"] is True
    a.run("ip link del wg0")
    wait_for(lambda: a.show()["syncState"] == "synced" and not a.show()["adopted"],
             "an interface of its own")
    a.wait_allowed({"10.99.0.2/32": "b", "203.0.113.0/24": None})
    assert "made by frr wgd" in a.run("ip link show dev wg0")
