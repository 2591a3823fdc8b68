# SPDX-License-Identifier: GPL-2.0-or-later
"""
BGP unnumbered: no address on the tunnel but the link-local ones, the
neighbor is found by router advertisements, and IPv4 prefixes have an IPv6
next hop.
"""
import signal

from lib_wgd import holds, signal_to, wait_for

TOPOLOGY = {
    "sites": "ab",
    "daemons": ["bgpd"],
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
    },
}


def test_session(net):
    def up():
        peers = net["a"].json("show bgp ipv4 unicast summary")["peers"]
        assert peers["wg0"]["state"] == "Established", "\n".join(
            net[name].run(command, check=False)
            for name in "ab"
            for command in ("vtysh -c 'show interface wg0'", "wg show wg0 transfer")
        )
        return True

    wait_for(up, "BGP")


def test_both_families_follow(net):
    net["a"].wait_allowed({"192.168.2.0/24": "b", "fd00:20::/64": "b"})
    net["b"].wait_allowed({"192.168.1.0/24": "a", "fd00:10::/64": "a"})
    route = net["a"].show(what="routes")["192.168.2.0/24"]
    assert route["owner"] == "b" and route["verdict"] == "accepted"
    assert route["nexthops"][0]["address"].startswith("fe80:"), route


def test_traffic(net):
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer")


def test_address_waits_for_zebra(net):
    "zebra forgets an address that it hears of before the link."
    a = net["a"]
    net.make_key("a", "wg9")
    zebra = a.pid("zebra")
    signal_to(zebra, signal.SIGSTOP)
    try:
        a.configure_one("wgd", net.expand("interface wg9\nwireguard\n@implementation@"))
        wait_for(lambda: "UP" in a.run("ip -o link show dev wg9", check=False), "the link")
        holds(
            lambda: "fe80" not in a.run("ip -6 -o addr show dev wg9"), 2, "no address"
        )
    finally:
        signal_to(zebra, signal.SIGCONT)
    wait_for(lambda: "inet6 fe80" in a.vtysh("show interface wg9"), "the address in zebra")
    a.configure("interface wg9\nno wireguard implementation\nno wireguard")
