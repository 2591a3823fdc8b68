# SPDX-License-Identifier: GPL-2.0-or-later
"""
IPv4 and IPv6 in one tunnel, over an IPv6 underlay: both LANs of b are b's at a,
and go by themselves.
"""
from lib_wgd import wait_for

TOPOLOGY = {
    "sites": "ab",
    "daemons": ["bgpd"],
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
        "h6": ("b", "fd00:10:2::10/64", "fd00:10:2::1"),
    },
}


def test_both_families(net):
    net["a"].wait_allowed({"192.168.2.0/24": "b", "fd00:10:2::/64": "b"})
    net["b"].wait_allowed({"192.168.1.0/24": "a", "fd00:10:1::/64": "a"})
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer over IPv4")
    wait_for(lambda: net["a"].ping("fd00:10:2::10", source="fd00:10:1::1"),
             "answer over IPv6")
    assert net["a"].show()["peers"]["b"]["endpoint"] == "[fd00:255:2::2]:51820"


def test_picture(net):
    net["a"].picture("dual-stack")


def test_one_family_goes(net):
    net["b"].configure(
        "router bgp 65002\naddress-family ipv6 unicast\nno network fd00:10:2::/64"
    )
    net["a"].wait_allowed({"192.168.2.0/24": "b", "fd00:10:2::/64": None})
    assert net["ha"].ping("192.168.2.10")
