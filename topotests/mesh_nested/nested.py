# SPDX-License-Identifier: GPL-2.0-or-later
"""
The mesh that the tests of this folder have: hub h, and sites a, b and c.  A
host is behind a, and behind c is everything, here one address a family.
"""
import pytest

from lib_mesh import UNDERLAY, Mesh, counters

TOPOLOGY = {
    "sites": "abch",
    "hosts": {"ha": ("a", "192.168.1.10/24", "192.168.1.1")},
    "plain": True,
}
PREFIXES = {
    "a": ["192.168.1.0/24", "fd00:1::/64"],
    "b": ["192.168.2.0/24", "fd00:2::/64"],
    "c": ["192.168.3.0/24", "fd00:3::/64", "0.0.0.0/0", "::/0"],
}
OUTSIDE = {4: "203.0.113.77", 6: "2001:db8:77::77"}  # behind c
FAMILIES = pytest.mark.parametrize("family", [4, 6], ids=["ipv4", "ipv6"])
ipv4_underlay = pytest.mark.skipif(
    UNDERLAY != 4, reason="this wireguard-go cannot have endpoints of both families")


@pytest.fixture(scope="module", name="mesh")
def mesh_fixture(net):
    mesh = Mesh(net, "h", "abc", PREFIXES)
    mesh.make()
    for i, name in enumerate("abc", 1):
        lan = "lan" if name == "a" else "lo"
        net[name].run("ip addr add 192.168.%d.1/24 dev %s; ip addr add fd00:%d::1/64 dev %s nodad"
                      % (i, lan, i, lan))
    net["ha"].run("ip addr add fd00:1::10/64 dev lan nodad; ip -6 route add default via fd00:1::1")
    for family, address in OUTSIDE.items():
        net["c"].run("ip -%d addr add %s dev lo" % (family, address))
    for site in mesh.sites:
        for other in mesh.sites:
            if site is not other:
                mesh.wait_answer(site, other)
    return mesh


@pytest.fixture(name="relayed", autouse=True)
def relayed_fixture(mesh):
    "Each test ends with a and b at the relay, and so each begins."
    yield
    for one, other in ((mesh.a, mesh.b), (mesh.b, mesh.a)):
        assert mesh.is_relayed(one, other), mesh.endpoint(one, other)
    mesh.wait_answer(mesh.a, mesh.b)


@pytest.fixture(name="through")
def through_fixture(mesh):
    "a's default route leads to c, which is relayed; so does the main table's way to the hub."
    mesh.a.run("for v in 4 6; do ip -$v route add default dev wg0 metric 5; done")
    yield
    mesh.a.run("for v in 4 6; do ip -$v route del default dev wg0 metric 5; done")


class Since:
    "What counters of the kernel have grown by since then, at these nodes."

    def __init__(self, *nodes):
        self.nodes = nodes
        self.before = [counters(node) for node in nodes]

    def __call__(self, name):
        return [counters(node).get(name, 0) - before.get(name, 0)
                for node, before in zip(self.nodes, self.before)]
