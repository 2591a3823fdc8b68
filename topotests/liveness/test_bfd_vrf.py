# SPDX-License-Identifier: GPL-2.0-or-later
"""
BFD of wgd's own in a VRF: wg0 of a is in red, with its peers and their
addresses; the underlay is in the default VRF.
"""
import pytest

from lib_wgd import HAVE_VRF, wait_for
from test_liveness import TOPOLOGY, wait_bfd, wait_state

pytestmark = pytest.mark.skipif(not HAVE_VRF, reason="this kernel has no VRFs")


@pytest.fixture(scope="module", autouse=True)
def red(net):
    net["a"].run("ip link add red type vrf table 1001; ip link set red up;"
                 "sysctl -qw net.ipv4.tcp_l3mdev_accept=1 net.ipv4.udp_l3mdev_accept=1;"
                 "ip link set wg0 master red")
    wait_for(lambda: net["a"].show().get("vrf") == "red", "wg0 in red")


def sessions(net):
    return {s["peer"]: (s.get("vrf"), s["status"]) for s in net["a"].json("show bfd vrf red peers")}


def test_death_and_return(net):
    a = net["a"]
    for name in "bc":
        wait_bfd(a, name, "up")
        wait_state(a, name, "up", "bfd-up")
    assert sessions(net) == {"10.99.0.2": ("red", "up"), "10.99.0.3": ("red", "up")}
    net.cut("b")
    wait_state(a, "b", "down", "bfd-down")
    wait_state(a, "c", "up", "bfd-up")
    net.heal("b")
    wait_state(a, "b", "up", "bfd-up")


def test_out_of_it(net):
    "The sessions follow the interface."
    a = net["a"]
    a.run("ip link set wg0 nomaster")
    for name in "bc":
        wait_bfd(a, name, "up")
    wait_for(lambda: not sessions(net), "no session in red")
