# SPDX-License-Identifier: GPL-2.0-or-later
"""
WireGuard interfaces in VRFs: wg0 of site a is in red and leads to b, wg1 is in
blue and leads to c.  Both VRFs have the same prefixes and the same addresses;
the underlay is in the default VRF.  red learns by BGP too, and has a recursive
route.

A link gets into a VRF by hand (`ip link set wg0 master red`), or by what
manages links on the machine.  wgd follows it there.
"""

import pytest

from lib_wgd import BACKEND, HAVE_VRF, PATIENCE, difference, holds, wait_for

pytestmark = pytest.mark.skipif(not HAVE_VRF, reason="this kernel has no VRFs")

TOPOLOGY = {
    "sites": "abc",
    "daemons": ["bgpd"],
    "hosts": {
        "hb": ("b", "192.168.50.10/24", "192.168.50.1"),
        "hc": ("c", "192.168.50.10/24", "192.168.50.1"),
    },
}
TABLES = {"red": 1001, "blue": 1002}
# What each VRF's routes give the peer of the interface that is in it.
RED = ["192.168.50.0/24", "192.168.51.0/24", "192.168.60.0/24", "0.0.0.0/0"]
BLUE = ["192.168.50.0/24", "192.168.61.0/24"]
DEFAULT = ["192.168.70.0/24"]


def make_vrf(net, name):
    net["a"].run(
        "ip link add %s type vrf table %d && ip link set %s up"
        % (name, TABLES[name], name)
    )


def move(net, ifname, vrf):
    "vrf None: out of all VRFs."
    net["a"].run(
        "ip link set %s %s" % (ifname, "master " + vrf if vrf else "nomaster")
    )


def has(net, ifname, prefixes, timeout=None):
    "The only peer's AllowedIPs are its own address and exactly these."
    a, owner = net["a"], {"wg0": "b", "wg1": "c"}[ifname]

    def check():
        have = a.allowed(ifname)
        # not the link-local ones and 10.99.0.0/24, which are there as well
        routed = {p: o for p, o in have.items() if p.startswith(("192.168.", "0.0.0.0"))}
        assert difference(routed, dict.fromkeys(prefixes, owner)) == ({}, {}), have
        assert "10.99.0.2/32" in have, have
        assert set(have.values()) == {owner}, have
        return True

    wait_for(check, "AllowedIPs of " + ifname, *([timeout] if timeout else []))


def vrf_of(net, ifname):
    return net["a"].show(ifname).get("vrf")


def answers(net, vrf, name):
    "Who answers at the address that both VRFs have?"
    probe = net["a"].probe("192.168.50.10", source="%" + vrf)
    probe.wait_responder(name)
    assert set(probe.result()["responders"]) == {name}


@pytest.fixture(name="vrfs", scope="module")
def vrfs_fixture(net):
    "The interfaces are there first; the VRFs come later."
    a = net["a"]
    for ifname in ("wg0", "wg1"):
        wait_for(lambda: a.show(ifname)["syncState"] == "synced", "sync")
    for name, ifname in (("red", "wg0"), ("blue", "wg1")):
        make_vrf(net, name)
        move(net, ifname, name)
    net["hb"].echo("192.168.50.10")
    net["hc"].echo("192.168.50.10")
    has(net, "wg0", RED)
    has(net, "wg1", BLUE)


def test_followed(net, vrfs):
    a = net["a"]
    assert (vrf_of(net, "wg0"), vrf_of(net, "wg1")) == ("red", "blue")
    assert "VRF: red" in a.vtysh("show wireguard wg0")
    assert 'label="wg0\\nVRF red\\n' in a.vtysh("show wireguard graph")
    routes = a.show("wg0", "routes")
    assert routes["192.168.60.0/24"]["protocol"] == "bgp"
    assert routes["192.168.51.0/24"]["owner"] == "b"
    # a default route of red is none of the underlay's
    assert routes["0.0.0.0/0"]["verdict"] == "accepted"
    assert a.show("wg0")["adopted"] is False


def test_overlap(net, vrfs):
    "The same address in both leads to two hosts, by an underlay in neither."
    answers(net, "red", "hb")
    answers(net, "blue", "hc")


def test_changes(net, vrfs):
    "A route of one VRF is nothing to the other."
    a = net["a"]
    a.configure("vrf red\nip route 192.168.52.0/24 10.99.0.2")
    has(net, "wg0", RED + ["192.168.52.0/24"])
    has(net, "wg1", BLUE)
    a.configure("vrf red\nno ip route 192.168.52.0/24 10.99.0.2")
    a.configure("vrf blue\nno ip route 192.168.50.0/24 10.99.0.2")
    has(net, "wg0", RED)
    has(net, "wg1", ["192.168.61.0/24"])
    a.configure("vrf blue\nip route 192.168.50.0/24 10.99.0.2")
    has(net, "wg1", BLUE)


def test_zebra_killed(net, vrfs):
    "Its routes come again, in each VRF, and links there are followed."
    a = net["a"]
    a.kill("zebra")
    a.start("zebra")
    # staticd and bgpd were in the middle of something
    for daemon in "staticd", "bgpd":
        a.kill(daemon)
        a.start(daemon)
    has(net, "wg0", RED, timeout=4 * PATIENCE)
    has(net, "wg1", BLUE, timeout=4 * PATIENCE)
    a.configure("vrf red\nip route 192.168.53.0/24 10.99.0.2")
    has(net, "wg0", RED + ["192.168.53.0/24"])
    a.configure("vrf red\nno ip route 192.168.53.0/24 10.99.0.2")
    answers(net, "red", "hb")
    a.run("ip link set wg0 down")
    has(net, "wg0", [])
    a.run("ip link set wg0 up")
    has(net, "wg0", RED)


def test_configuration(net, vrfs):
    "Its lines have no VRF: zebra and wgd key an interface by name."
    a = net["a"]
    before = a.running_wireguard()
    a.configure("interface wg0 vrf red\nwireguard peer b description x")
    assert "wg0: wireguard peer b description x" in a.running_wireguard()
    a.configure("interface wg0\nno wireguard peer b description")
    assert a.running_wireguard() == before
    assert a.running().count("interface wg0\n") == 1


def test_wgd_again(net, vrfs):
    "Traffic flows on; the next life finds the VRFs there."
    a = net["a"]
    a.run("vtysh -w")
    probe = a.probe("192.168.50.10", source="%red")
    probe.wait_responder("hb")
    a.kill("wgd")
    a.start("wgd")
    wait_for(lambda: "all routes are here" in a.log(), "all routes")
    wait_for(lambda: a.show("wg0")["syncState"] == "synced", "sync")
    has(net, "wg0", RED)
    has(net, "wg1", BLUE)
    assert (vrf_of(net, "wg0"), vrf_of(net, "wg1")) == ("red", "blue")
    result = probe.result()
    assert result["lost"] == 0, result


def test_moved(net, vrfs):
    "Out of its VRF and back; blue loses nothing."
    a = net["a"]
    blue = a.probe("192.168.50.10", source="%blue")
    blue.wait_responder("hc")
    move(net, "wg0", None)
    has(net, "wg0", DEFAULT)
    assert vrf_of(net, "wg0") is None
    a.configure("vrf red\nip route 192.168.53.0/24 10.99.0.2")
    move(net, "wg0", "red")
    has(net, "wg0", RED + ["192.168.53.0/24"])
    assert vrf_of(net, "wg0") == "red"
    a.configure("vrf red\nno ip route 192.168.53.0/24 10.99.0.2")
    has(net, "wg0", RED)
    answers(net, "red", "hb")
    result = blue.result()
    assert result["lost"] == 0, result


def test_moved_often(net, vrfs):
    for _ in range(5):
        move(net, "wg0", None)
        move(net, "wg0", "red")
    has(net, "wg0", RED)
    answers(net, "red", "hb")


def announced(net, vrf):
    routes = net["a"].json("show ip route%s" % (" vrf " + vrf if vrf else ""))
    return {p for p, rs in routes.items() if rs[0]["protocol"] == "table"}


def test_announced_in_its_vrf(net, vrfs):
    "... by which BGP's next hop is reached as before."
    a = net["a"]
    a.configure("interface wg0\nwireguard announce table 100\nwireguard peer b announce")
    wait_for(lambda: announced(net, "red") == {"10.99.0.2/32"}, "route in red")
    assert announced(net, None) == set()
    has(net, "wg0", RED)
    answers(net, "red", "hb")
    move(net, "wg0", None)
    wait_for(lambda: announced(net, None) == {"10.99.0.2/32"}, "route in the default VRF")
    wait_for(lambda: announced(net, "red") == set(), "its end in red")
    move(net, "wg0", "red")
    wait_for(lambda: announced(net, "red") == {"10.99.0.2/32"}, "route in red again")
    assert announced(net, None) == set()
    a.vtysh("write memory")
    a.kill("wgd")
    holds(lambda: announced(net, "red") == {"10.99.0.2/32"}, 1, "route")
    a.start("wgd")
    holds(lambda: announced(net, "red") == {"10.99.0.2/32"}, 2, "route")
    has(net, "wg0", RED)
    a.configure("interface wg0\nno wireguard announce table 100\nno wireguard peer b announce")
    wait_for(lambda: announced(net, "red") == set(), "its end")
    has(net, "wg0", RED)


@pytest.mark.skipif(BACKEND != "kernel", reason="a program's link goes with it")
def test_link_deleted(net, vrfs):
    "The next one is put where the last one was."
    a = net["a"]
    index = a.run("cat /sys/class/net/wg0/ifindex")
    a.run("ip link del wg0")
    wait_for(
        lambda: a.run("cat /sys/class/net/wg0/ifindex", check=False) not in ("", index),
        "another wg0",
    )
    has(net, "wg0", RED)
    assert vrf_of(net, "wg0") == "red"
    answers(net, "red", "hb")


def test_program_killed(net, vrfs):
    a = net["a"]
    pid = a.userspace_pid("wg0")
    if not pid:
        pytest.skip("the kernel's device has no program")
    a.run("kill -9 %d" % pid)
    wait_for(lambda: a.userspace_pid("wg0") not in (0, pid), "another program")
    has(net, "wg0", RED)
    assert vrf_of(net, "wg0") == "red"
    answers(net, "red", "hb")


def test_vrf_deleted(net, vrfs):
    "The kernel lets its links go; the next VRF of that name has another number."
    a = net["a"]
    a.run("ip link del red")
    has(net, "wg0", DEFAULT)
    make_vrf(net, "red")
    has(net, "wg0", DEFAULT)
    move(net, "wg0", "red")
    has(net, "wg0", RED)
    assert vrf_of(net, "wg0") == "red"
    answers(net, "red", "hb")


def test_vrf_of_the_same_number(net, vrfs):
    "... and this one the same.  8.4's staticd tells it no routes, bgpd does."
    a = net["a"]
    index = a.run("cat /sys/class/net/red/ifindex").strip()
    a.run("ip link del red")
    has(net, "wg0", DEFAULT)
    a.run(
        "ip link add red index %s type vrf table 1001 && ip link set red up" % index
    )
    move(net, "wg0", "red")
    a.wait_allowed({"192.168.60.0/24": "b", "192.168.70.0/24": None})
    has(net, "wg1", BLUE)
