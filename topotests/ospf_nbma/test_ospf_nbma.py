# SPDX-License-Identifier: GPL-2.0-or-later
"""
OSPF on the shared interface, non-broadcast with neighbor lines: each peer's
address is all that has to be allowed, the rest follows.  A site that falls
silent loses its prefixes everywhere, and gets them back.
"""
from lib_wgd import wait_for
from nbma import LANS, TOPOLOGY  # noqa: F401 (the library looks for it)


def test_every_site_has_the_others(net):
    for name in "abc":
        net[name].wait_allowed({LANS[p]: p for p in "abc" if p != name})
    entry = net["a"].show(what="allowed-ips")[LANS["b"]]
    assert entry == {"peer": "b", "source": "ospf", "state": "installed"}


def test_traffic(net):
    for here, there in (("ha", "192.168.2.10"), ("hb", "192.168.3.10"),
                        ("hc", "192.168.1.10")):
        wait_for(lambda: net[here].ping(there), "%s to %s" % (here, there))


def test_picture(net):
    net["a"].picture("mesh-ospf")


def test_silent_site(net):
    net.cut("b")
    for name in "ac":
        net[name].wait_allowed({LANS["b"]: None})
    assert net["ha"].ping("192.168.3.10")
    assert LANS["b"] not in net["a"].show(what="routes")


def test_it_comes_back(net):
    net.heal("b")
    for name in "ac":
        net[name].wait_allowed({LANS["b"]: "b"})
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer of b")
