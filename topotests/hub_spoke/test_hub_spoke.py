# SPDX-License-Identifier: GPL-2.0-or-later
"""
Spokes a and b that know only the hub h, which has no endpoints of theirs and
reflects their routes.  Packets between the LANs go through h.
"""
from lib_wgd import wait_for

TOPOLOGY = {
    "sites": "abh",
    "daemons": ["bgpd"],
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
        "hh": ("h", "192.168.3.10/24", "192.168.3.1"),
    },
}
LAN = {"a": "192.168.1.0/24", "b": "192.168.2.0/24", "h": "192.168.3.0/24"}


def test_spokes_have_all_at_the_hub(net):
    net["h"].wait_allowed({LAN["a"]: "a", LAN["b"]: "b"})
    net["a"].wait_allowed({LAN["b"]: "h", LAN["h"]: "h"})
    net["b"].wait_allowed({LAN["a"]: "h", LAN["h"]: "h"})


def test_picture(net):
    net["h"].picture("hub-spoke")


def test_through_the_hub(net):
    for host, there in (("ha", "192.168.2.10"), ("hb", "192.168.3.10"),
                        ("hh", "192.168.1.10")):
        wait_for(lambda: net[host].ping(there), "%s to %s" % (host, there))
    before = net["h"].handshakes()["b"]
    assert net["ha"].ping("192.168.2.10")
    _, rx, tx = net["h"].handshakes()["b"]
    assert rx > before[1] and tx > before[2]


def test_a_spoke_withdraws(net):
    "... and the hub lets it send no more from there."
    net["b"].configure("router bgp 65000\naddress-family ipv4 unicast\nno network %s" % LAN["b"])
    net["a"].wait_allowed({LAN["b"]: None, LAN["h"]: "h"})
    net["h"].wait_allowed({LAN["b"]: None, LAN["a"]: "a"})
