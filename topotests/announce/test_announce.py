# SPDX-License-Identifier: GPL-2.0-or-later
"""
Routes for live peers: site a announces its clients b and c while they are up,
in a table that stock bgpd and ospfd redistribute.  A third router, r, sees
them come and go over BGP and over OSPF.  Peer d is never there.
"""
import time

import pytest

from lib_wgd import BACKEND, FRR10, SLOW, TABLE6, holds, wait_for

TOPOLOGY = {
    "sites": "abcr",
    "daemons": ["bgpd", "ospfd", "bfdd"],
    "links": [("a", "r")],
    # one backend's zebra sweeps at its start, the other one's after a minute
    "options": {"wgd": "--stale-time 15", "zebra": "-K 60" if BACKEND == "kernel" else ""},
}
release = pytest.mark.release  # zebra's tables, its client's routes, its sweep
B = {"10.99.0.2/32", "10.8.2.0/24", "fd00:8:2::/64"}
C = {"10.99.0.3/32", "10.8.3.0/24"}


def v4(prefixes):
    return {p for p in prefixes if ":" not in p}


def by_bgp(net):
    found = set()
    for family in "ipv4", "ipv6":
        table = net["r"].json("show bgp %s unicast" % family)
        found |= set(table["routes"])
    return found


def by_ospf(net):
    "External routes: nothing else of a is one."
    found = net["r"].json("show ip ospf route")
    return {p for p, route in found.items() if "E" in route["routeType"]}


def zebra_routes(net):
    "Prefix and route, of all that a's zebra has."
    for family in "ip", "ipv6":
        for prefix, routes in net["a"].json("show %s route" % family).items():
            for route in routes:
                yield prefix, route


def in_zebra(net):
    "Routes of the type table, with their instance."
    return {(p, r.get("instance")) for p, r in zebra_routes(net) if r["protocol"] == "table"}


def protocols(net):
    "Who has routes to live peers' prefixes."
    return {r["protocol"] for p, r in zebra_routes(net) if p in B | C}


def in_table(prefixes, number=100):
    "... as they should be: IPv6 has no numbers."
    return {(p, None if ":" in p else number) for p in prefixes}


def seen(net, prefixes):
    "r sees exactly these."
    found = {"BGP": by_bgp(net), "OSPF": by_ospf(net)}
    assert found == {"BGP": prefixes if TABLE6 else v4(prefixes), "OSPF": v4(prefixes)}
    return True


def wait_seen(net, prefixes):
    wait_for(lambda: seen(net, prefixes), "exactly %s at r" % sorted(prefixes))


def configure(net, line):
    net["a"].configure("interface wg0\n" + line)


class Changes:
    "What the kernel's routes at a do meanwhile."

    def __init__(self, net):
        self.node = net["a"]
        self.node.run("ip monitor route > /tmp/gearlogdir/monitor 2>&1 & echo $! > /tmp/gearlogdir/pid")

    def stop(self):
        self.node.run("kill $(cat /tmp/gearlogdir/pid)")
        return self.node.run("cat /tmp/gearlogdir/monitor")


@release
def test_live_peers_are_announced(net):
    def announced():
        a = net["a"].show()
        assert a["announceTable"] == 100
        # d never answered
        assert [a["peers"][p]["announced"] for p in "bcd"] == [3, 2, 0]
        assert in_zebra(net) == in_table(B | C)
        return seen(net, B | C)

    # all at one time: BFD may flap where processors are scarce
    wait_for(announced, "b and c announced, and d not")


def test_r_reaches_the_client(net):
    wait_for(lambda: net["r"].ping("10.8.2.1"), "answer of b")
    wait_for(lambda: net["r"].ping("10.8.3.1"), "answer of c")


def test_picture(net):
    net["a"].picture("access")


@pytest.mark.once
def test_our_own_routes_do_not_confuse_us(net):
    a = net["a"]
    assert a.allowed()["10.8.2.0/24"] == "b"
    entry = a.show(what="allowed-ips")["10.8.2.0/24"]
    assert entry == {"peer": "b", "source": "static", "state": "installed"}
    assert "cause" not in a.json("show wireguard explain 10.8.2.1")


@release
def test_dead_peer_is_withdrawn(net):
    "b falls silent: BFD finds out, long before WireGuard would."
    wait_for(lambda: net["a"].json("show bfd peers")[0]["status"] == "up", "BFD")
    net.cut("b")
    began = time.monotonic()
    wait_seen(net, C)
    # the detection time is 900 ms; WireGuard's own signs take 15 s
    assert time.monotonic() - began < 8 * SLOW
    assert net["a"].show()["peers"]["b"]["state"] == "down"
    net.heal("b")
    wait_seen(net, B | C)


@pytest.mark.once
def test_shutdown_withdraws(net):
    changes = Changes(net)
    configure(net, "wireguard peer b shutdown")
    wait_seen(net, C)
    assert net["a"].show()["peers"]["b"]["announced"] == 0
    configure(net, "no wireguard peer b shutdown")
    wait_seen(net, B | C)
    text = changes.stop()
    assert "10.8.2.0/24" in text
    assert "10.8.3.0/24" not in text, "c was not touched: " + text


def test_only_what_changed(net):
    "A prefix more, a prefix less: the others stay as they are."
    changes = Changes(net)
    configure(net, "wireguard peer b allowed-ips 10.8.22.0/24")
    wait_seen(net, B | C | {"10.8.22.0/24"})
    configure(net, "no wireguard peer b allowed-ips 10.8.22.0/24")
    wait_seen(net, B | C)
    text = changes.stop()
    assert "10.8.22.0/24" in text
    assert "10.8.2.0/24" not in text and "10.99.0.2" not in text, text


@release
def test_a_prefix_moves(net):
    "From one announced peer to the other in one commit: it is never gone."
    changes = Changes(net)
    net["a"].configure(
        "interface wg0\nwireguard peer b allowed-ips 10.8.23.0/24")
    wait_seen(net, B | C | {"10.8.23.0/24"})
    net["a"].configure(
        "interface wg0\nno wireguard peer b allowed-ips 10.8.23.0/24\n"
        "wireguard peer c allowed-ips 10.8.23.0/24")
    wait_seen(net, B | C | {"10.8.23.0/24"})
    net["a"].configure(
        "interface wg0\nno wireguard peer c allowed-ips 10.8.23.0/24")
    wait_seen(net, B | C)
    assert "10.8.2.0/24" not in changes.stop()


@pytest.mark.once
def test_not_announced(net):
    configure(net, "no wireguard peer c announce")
    wait_seen(net, B)
    configure(net, "wireguard peer c announce")
    wait_seen(net, B | C)


@pytest.mark.once
def test_another_table(net):
    configure(net, "wireguard announce table 255")
    wait_seen(net, B - v4(B))
    wait_for(lambda: in_zebra(net) == in_table(B | C, 255), "the other table")
    net["a"].configure("router ospf\nredistribute table 255")
    wait_for(lambda: by_ospf(net) == v4(B | C), "the other table over OSPF")
    net["a"].configure("router ospf\nno redistribute table 255")
    configure(net, "no wireguard announce table")
    wait_for(lambda: in_zebra(net) == set(), "end of all")
    configure(net, "wireguard announce table 100")
    wait_seen(net, B | C)


def test_wgd_killed(net):
    "The routes stay, and are not touched when it is back."
    net["a"].vtysh("write memory")
    changes = Changes(net)
    net["a"].kill("wgd")
    holds(lambda: seen(net, B | C), 3, "routes")
    net["a"].start("wgd")
    holds(lambda: seen(net, B | C), 3, "routes")
    wait_for(lambda: net["a"].show()["peers"]["b"]["announced"] == 3, "b up")
    holds(lambda: seen(net, B | C), 2, "routes")
    # zebra writes a route that it is told again; in IPv6 it cannot replace one
    deleted = [s for s in changes.stop().splitlines() if s.startswith("Deleted")]
    assert not [s for s in deleted if "fd00" not in s]


def edit(net, old, new):
    "What is configured while wgd is away."
    net["a"].run("sed -i 's,^%s$,%s,' /etc/frr/frr.conf" % (old, new))


@pytest.mark.once
def test_killed_and_configured(net):
    "What an earlier life announced and this one does not, goes."
    a = net["a"]
    configure(net, "wireguard peer c allowed-ips 10.8.33.0/24")
    wait_seen(net, B | C | {"10.8.33.0/24"})
    a.vtysh("write memory")
    time.sleep(1.1)  # zebra's seconds: see wgd_graceful.c
    a.kill("wgd")
    edit(net, " wireguard peer c allowed-ips 10.8.33.0/24", "")
    edit(net, " wireguard peer b shutdown", "")
    edit(net, " wireguard peer b announce", " wireguard peer b announce\\n wireguard peer b shutdown")
    a.start("wgd")
    wait_seen(net, C)
    configure(net, "no wireguard peer b shutdown")
    wait_seen(net, B | C)
    a.vtysh("write memory")


@pytest.mark.once
def test_killed_and_another_table(net):
    "What an earlier life announced in a table that nobody uses now, goes, too."
    a = net["a"]
    a.vtysh("write memory")
    a.kill("wgd")
    edit(net, " wireguard announce table 100", " wireguard announce table 200")
    a.start("wgd")
    wait_for(lambda: in_zebra(net) == in_table(B | C, 200), "table 200 and nothing else")
    # as it was
    a.kill("wgd")
    edit(net, " wireguard announce table 200", " wireguard announce table 100")
    a.start("wgd")
    wait_for(lambda: in_zebra(net) == in_table(B | C), "table 100 and nothing else")
    wait_seen(net, B | C)


@pytest.mark.once
def test_killed_in_its_first_second(net):
    "zebra's clock has seconds: what was sent in the last one goes all the same."
    a = net["a"]
    configure(net, "no wireguard peer c announce")
    wait_seen(net, B)
    a.vtysh("write memory")
    for _ in range(3):
        configure(net, "wireguard peer c announce")
        wait_for(lambda: ("10.8.3.0/24", 100) in in_zebra(net), "c's route", every=0.01)
        a.kill("wgd")
        edit(net, " wireguard peer c announce", "")
        edit(net, " wireguard peer c allowed-ips 10.8.3.0/24",
             " wireguard peer c allowed-ips 10.8.3.0/24\\n wireguard peer c announce\\n wireguard peer c shutdown")
        a.start("wgd")
        wait_for(lambda: ("10.8.3.0/24", 100) not in in_zebra(net), "its end")
        net["a"].configure("interface wg0\nno wireguard peer c shutdown\nno wireguard peer c announce")
        a.vtysh("write memory")
    configure(net, "wireguard peer c announce")
    wait_seen(net, B | C)
    a.vtysh("write memory")


@release
@pytest.mark.once
def test_zebra_restarted(net):
    a = net["a"]
    a.kill("zebra")
    a.start("zebra")
    wait_for(lambda: in_zebra(net) == in_table(B | C), "routes in the new zebra")
    # what is left of its predecessor would hide ours, and r hear of no end
    wait_for(lambda: protocols(net) == {"table"}, "end of what was left")
    wait_seen(net, B | C)
    a.kill("wgd")
    holds(lambda: seen(net, B | C), 2, "routes after wgd's end, with the new zebra")
    a.start("wgd")
    wait_for(lambda: a.show()["peers"]["b"]["announced"] == 3, "b up")
    wait_seen(net, B | C)


@release
@pytest.mark.once
@pytest.mark.skipif(not FRR10, reason="zebra sweeps, and bgpd tells a new one nothing")
def test_both_killed(net):
    "What zebra's successor did not sweep is taken over, and nothing stays for it."
    a = net["a"]
    a.vtysh("write memory")
    a.kill("wgd")
    a.kill("zebra")
    a.start("zebra")
    a.start("wgd")
    wait_for(lambda: in_zebra(net) == in_table(B | C), "routes in the new zebra")
    wait_seen(net, B | C)
    wait_for(lambda: "all routes are here" in a.log().rsplit(" starting: ", 1)[1], "all routes")
    wait_for(lambda: "hsls" not in a.vtysh("show ip route json", "show ipv6 route json"),
             "end of what stood in for them")
    kernel = a.run("ip route show proto zebra")
    assert len(kernel.splitlines()) == len(v4(B | C)), kernel


@release
def test_last_line(net):
    "The interface goes: so do its routes."
    net["a"].configure(
        "interface wg0\n" + "\n".join(
            "no " + s.split(": ", 1)[1] for s in net["a"].running_wireguard()))
    wait_for(lambda: in_zebra(net) == set(), "end of all")
    wait_seen(net, set())
