# SPDX-License-Identifier: GPL-2.0-or-later
"""
Peers that die: BFD sessions of wgd's own with stock bfdd.
"""
from lib_wgd import holds, wait_for

TOPOLOGY = {
    "sites": "abc",
    "daemons": ["bfdd"],
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.50.10/24", "192.168.50.1"),
        "hc": ("c", "192.168.50.10/24", "192.168.50.1"),
    },
}


def bfd(site, peer):
    return site.show()["peers"][peer]["bfd"]["status"]


def wait_bfd(site, peer, status):
    wait_for(lambda: bfd(site, peer) == status, "BFD to %s %s" % (peer, status))


def test_bfd_comes_up(net):
    for name in "bc":
        wait_bfd(net["a"], name, "up")
        wait_bfd(net[name], "a", "up")
    peers = net["a"].json("show bfd peers")
    assert {p["peer"]: p["receive-interval"] for p in peers} == {
        "10.99.0.2": 50,
        "10.99.0.3": 50,
    }


def test_bfd_says_who_died(net):
    net.cut("b")
    wait_bfd(net["a"], "b", "down")
    wait_bfd(net["b"], "a", "down")
    assert bfd(net["a"], "c") == "up"
    net.heal("b")
    wait_bfd(net["a"], "b", "up")


def test_bfdd_killed_is_not_a_death(net):
    "Unknown while it is away, and until the session is up again."
    a = net["a"]
    seen = set()

    def see():
        seen.add(bfd(a, "b"))
        return seen

    a.kill("bfdd")
    wait_for(lambda: see() and bfd(a, "b") == "not known", "end of BFD")
    a.start("bfdd")
    wait_for(lambda: see() and bfd(a, "b") == "up", "BFD again", every=0.02)
    assert seen == {"up", "not known"}
    for name in "bc":
        wait_bfd(net[name], "a", "up")


def test_zebra_killed_is_not_a_death(net):
    a = net["a"]
    seen = set()

    def see():
        seen.add(bfd(a, "c"))
        return seen

    a.kill("zebra")
    wait_for(lambda: see() and bfd(a, "c") == "not known", "end of zebra")
    a.start("zebra")
    wait_for(lambda: see() and bfd(a, "c") == "up", "BFD again", every=0.02)
    assert seen == {"up", "not known"}


def test_session_goes_with_its_line(net):
    a = net["a"]
    a.configure("interface wg0\nno wireguard peer c bfd")
    assert "bfd" not in a.show()["peers"]["c"]
    wait_for(lambda: len(a.json("show bfd peers")) == 1, "one session")
    a.configure("interface wg0\nwireguard peer c shutdown\nwireguard peer c bfd")
    holds(lambda: len(a.json("show bfd peers")) == 1, 1, "one session")
    a.configure("interface wg0\nno wireguard peer c shutdown")
    wait_bfd(a, "c", "up")
