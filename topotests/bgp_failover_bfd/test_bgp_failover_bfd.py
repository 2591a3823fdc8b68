# SPDX-License-Identifier: GPL-2.0-or-later
"""
The main job: three sites, one WireGuard interface each, BGP with BFD over
it.  B and C announce the same LAN, A prefers B.  B falls silent: the LAN
goes on through C as soon as BFD finds out, and the AllowedIPs with it, at
every site.  B comes back: the LAN returns to it without loss.
"""
import pytest

from lib_wgd import SLOW, holds, wait_for

LAN = "192.168.50.0/24"
SERVER = "192.168.50.10"
pytestmark = [pytest.mark.device, pytest.mark.release]  # the main job

TOPOLOGY = {
    "sites": "abc",
    "daemons": ["bgpd", "bfdd"],
    # the same server at both sites: the answer tells which one it is
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", SERVER + "/24", "192.168.50.1"),
        "hc": ("c", SERVER + "/24", "192.168.50.1"),
    },
}

# 300 ms x 3 is the default of BFD here. Detection is at most 900 ms after the
# last packet; the rest is room for a slow test machine.
DETECTION = 900
SLACK = 900


def bfd_up(site, n):
    """
    bgpd knows that N sessions are up.  That bfdd has them up is not enough:
    bgpd makes them anew when it is established, and until they are up again
    it waits for its hold time.
    """
    peers = [p for p in site.json("show bfd peers") if p["status"] == "up"]
    known = [p for p in site.json("show bgp neighbors").values()
             if p["bgpState"] == "Established"
             and p.get("peerBfdInfo", {}).get("status") == "Up"]
    return len(peers) == len(known) == n


@pytest.fixture(scope="module", autouse=True)
def servers(net):
    net["hb"].echo(SERVER)
    net["hc"].echo(SERVER)


def test_converges(net):
    for name in "abc":
        wait_for(lambda: bfd_up(net[name], 2), "BFD at " + name)
    net["a"].wait_allowed(
        {"10.99.0.2/32": "b", "10.99.0.3/32": "c", LAN: "b"}
    )
    for name in "bc":
        net[name].wait_allowed({"192.168.1.0/24": "a"})


def test_no_other_prefixes(net):
    "Only addresses, the peers' link-local ones, and what routes go by."
    have = {p for p in net["a"].allowed() if not p.startswith("fe80:")}
    assert have == {"10.99.0.2/32", "10.99.0.3/32", LAN}
    link_locals = set(net["a"].allowed()) - have
    assert len(link_locals) == 2 and all(p.endswith("/128") for p in link_locals)


def test_who_has_what(net):
    "wgd's own view is what the device has."
    entry = net["a"].show(what="allowed-ips")[LAN]
    assert entry == {"peer": "b", "source": "bgp", "state": "installed"}
    route = net["a"].show(what="routes")[LAN]
    assert route["owner"] == "b" and route["verdict"] == "accepted"


def test_picture(net):
    "The one in the manual."
    net["a"].picture("mesh-bgp")


def test_failover(net):
    a = net["a"]
    probe = net["ha"].probe(SERVER, rate=500)
    probe.wait_responder("hb")
    net.cut("b")
    probe.wait_responder("hc")
    result = probe.result()
    assert result["outageMs"] < DETECTION + SLACK * SLOW, result
    # one hole, and nothing lost before or after it
    assert len(result["holes"]) == 1, result
    a.wait_allowed({LAN: "c", "10.99.0.2/32": "b", "10.99.0.3/32": "c"})
    net["c"].wait_allowed({"192.168.1.0/24": "a"})
    assert net["ha"].ping(SERVER)


def test_dead_site_owns_nothing_learned(net):
    "B, alone, has no routes to follow."
    net["b"].wait_allowed(
        {"192.168.1.0/24": None, "10.99.0.1/32": "a", "10.99.0.3/32": "c"}
    )


def test_failback(net):
    a = net["a"]
    probe = net["ha"].probe(SERVER, rate=500)
    probe.wait_responder("hc")
    net.heal("b")
    # A prefers B as soon as it has its route; B has A's at about that time,
    # so the only thing that may be lost is what arrives before B can answer.
    probe.wait_responder("hb")
    a.wait_allowed({LAN: "b"})
    net["b"].wait_allowed({"192.168.1.0/24": "a"})
    wait_for(lambda: net["ha"].ping(SERVER), "answer")
    holds(lambda: probe.responder == "hb", 0.5, "path through b")
    result = probe.result()
    assert result["outageMs"] < 1000 * SLOW, result
