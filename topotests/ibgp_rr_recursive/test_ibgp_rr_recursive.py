# SPDX-License-Identifier: GPL-2.0-or-later
"""
iBGP through the route reflector r: the prefix's next hop is the loopback of
the announcer, which a static route leads to.  The owner is the peer where
the recursion ends, and changes with it although the BGP route does not.
"""
from lib_wgd import wait_for

TOPOLOGY = {
    "sites": "abr",
    "daemons": ["bgpd"],
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
    },
}
LAN = "192.168.2.0/24"


def test_recursion_ends_at_b(net):
    net["a"].wait_allowed({LAN: "b", "10.0.0.2/32": "b", "10.0.0.3/32": "r"})
    net["b"].wait_allowed({"192.168.1.0/24": "a"})
    route = net["a"].show(what="routes")[LAN]
    assert route["protocol"] == "bgp" and route["owner"] == "b", route
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer")


def test_resolved_anew(net):
    "The loopback goes through r now; the BGP route stays as it was."
    net["a"].configure(
        """
        no ip route 10.0.0.2/32 10.99.0.2
        ip route 10.0.0.2/32 10.99.0.3
        """
    )
    net["a"].wait_allowed({LAN: "r", "10.0.0.2/32": "r", "10.99.0.2/32": "b"})


def test_and_back(net):
    net["a"].configure(
        """
        ip route 10.0.0.2/32 10.99.0.2
        no ip route 10.0.0.2/32 10.99.0.3
        """
    )
    net["a"].wait_allowed({LAN: "b", "10.0.0.2/32": "b"})
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer")


def test_unreachable_next_hop(net):
    net["a"].configure("no ip route 10.0.0.2/32 10.99.0.2")
    net["a"].wait_allowed({LAN: None, "10.0.0.2/32": None})
