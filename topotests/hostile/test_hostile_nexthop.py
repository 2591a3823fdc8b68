# SPDX-License-Identifier: GPL-2.0-or-later
"""
A neighbour in the tunnel announces with a next hop that is outside of it.

bgpd takes a next hop that any link leads to.  Peer sc announces, with an address
of the underlay as the next hop, a part of what is sb's, exclusive, and sb's
endpoint.  wgd is not asked: such a route leads through no tunnel.  So
doc/manual/security.rst says what to filter, and that is tried here, as it stands
there.
"""
import os
import re
import textwrap

import pytest

from lib_wgd import HERE, wait_for

pytestmark = pytest.mark.once  # whose a prefix is

TOPOLOGY = {"sites": ["sa", "sb", "sc"], "daemons": ["bgpd"]}
SERVER, PART = "192.168.50.10", "192.168.50.8/29"
ENDPOINT = "10.255.2.2"
TUNNEL, UNDERLAY = "via 10.99.0.2 dev wg0", "via 10.255.1.77 dev under"


def filters():
    "The literal block of the page, for this neighbour."
    path = os.path.join(HERE, "../doc/manual/security.rst")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    block = re.search(r"^   ip prefix-list tunnel .*?(?=^\S)", text, re.M | re.S)[0]
    return textwrap.dedent(block)


def way(site, address, words=""):
    return site.run("ip route get %s %s" % (address, words))


def heard(site):
    "Does bgpd have what sc announces, whatever it makes of it?"
    routes = site.json("show bgp ipv4 unicast neighbors 10.99.0.3 received-routes")
    return PART in routes["receivedRoutes"]


@pytest.fixture(scope="module", name="announced", autouse=True)
def announced_fixture(net):
    a = net["sa"]
    a.configure("interface wg0\nwireguard peer sb allowed-ips 192.168.50.0/24 exclusive\n"
                "router bgp 65001\naddress-family ipv4 unicast\n"
                "neighbor 10.99.0.3 soft-reconfiguration inbound")
    net["sc"].configure(
        "route-map out permit 10\nset ip next-hop 10.255.1.77\n"
        "router bgp 65003\naddress-family ipv4 unicast\n"
        "neighbor 10.99.0.1 route-map out out\nnetwork %s\nnetwork %s/32" % (PART, ENDPOINT))
    wait_for(lambda: heard(a), "announcement of sc")


def test_without_a_filter(net):
    "What the page warns of."
    a = net["sa"]
    mark = "mark %s" % a.run("wg show wg0 fwmark").strip()
    wait_for(lambda: UNDERLAY in way(a, SERVER), "the server outside of the tunnel")
    assert UNDERLAY in way(a, ENDPOINT, mark)
    # the announcement is no peer's, so no peer's filter is asked
    assert PART not in a.allowed()
    assert a.allowed()["192.168.50.0/24"] == "sb"


def test_filtered(net):
    a = net["sa"]
    a.configure(filters())
    mark = "mark %s" % a.run("wg show wg0 fwmark").strip()
    wait_for(lambda: TUNNEL in way(a, SERVER), "the server in the tunnel")
    assert "via 10.255.1.1 dev under" in way(a, ENDPOINT, mark)
    assert heard(a)
    # honest ones come in as ever
    net["sc"].configure("router bgp 65003\naddress-family ipv4 unicast\n"
                        "no neighbor 10.99.0.1 route-map out out\nnetwork 172.20.0.0/16")
    a.wait_allowed({"172.20.0.0/16": "sc"})
