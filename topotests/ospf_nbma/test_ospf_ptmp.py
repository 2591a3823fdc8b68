# SPDX-License-Identifier: GPL-2.0-or-later
"""
The same sites with point-to-multipoint non-broadcast, which FRR has since 10.1:
no designated router, each speaks to each by its address.
"""
import pytest

from lib_wgd import FRR10, wait_for
from nbma import LANS, TOPOLOGY  # noqa: F401 (the library looks for it)

pytestmark = [
    pytest.mark.release,  # a network type that 8.4 does not have
    pytest.mark.skipif(not FRR10, reason="FRR 8.4 has no such network type"),
]


@pytest.fixture(scope="module", autouse=True)
def kind(net):
    for name in "abc":
        net[name].configure("interface wg0\nip ospf network point-to-multipoint non-broadcast")


def test_every_site_has_the_others(net):
    for name in "abc":
        net[name].wait_allowed({LANS[p]: p for p in "abc" if p != name})
    routes = net["a"].show(what="routes")
    assert (routes[LANS["b"]]["protocol"], routes[LANS["b"]]["verdict"]) == ("ospf", "accepted")


def test_neighbors_addresses_are_their_own(net):
    "OSPF has a route to each, and one to our own address, which is nobody's."
    a = net["a"]
    wait_for(lambda: "10.99.0.2/32" in a.json("show ip ospf route"), "route to the neighbor")
    a.wait_allowed({"10.99.0.2/32": "b", "10.99.0.3/32": "c", "10.99.0.1/32": None})


def test_traffic(net):
    for here, there in (("ha", "192.168.2.10"), ("hb", "192.168.3.10"),
                        ("hc", "192.168.1.10")):
        wait_for(lambda: net[here].ping(there), "%s to %s" % (here, there))


def test_silent_site(net):
    net.cut("b")
    for name in "ac":
        net[name].wait_allowed({LANS["b"]: None})
    assert net["ha"].ping("192.168.3.10")
    net.heal("b")
    net["a"].wait_allowed({LANS["b"]: "b"})
