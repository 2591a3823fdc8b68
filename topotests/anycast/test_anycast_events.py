# SPDX-License-Identifier: GPL-2.0-or-later
"""
What else may happen to two gateways with one key: cut from the underlay, cut
from each other, restarted; clients behind one NAT address, a client that moves
in the moment in which its gateway dies; who announces whom.
"""
import os
import shlex
import subprocess
import time

import pytest

from lib_wgd import SLOW, die, holds, live, wait_for
from clients import (
    TOPOLOGY,  # the net fixture takes it from here
    gateways_are_ready,
    group,
    role,
    two_clients,
    wait_served,
)

SLACK = 1000  # ms

def set_clock(seconds):
    time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)


NAT = """
table ip nat {
  chain post {
    type nat hook postrouting priority 100;
    oifname { "to-a", "to-b" } ip saddr 198.51.100.0/24 snat to 198.51.100.1
  }
  chain forward {
    # a connection that an answer began would go on without the NAT
    type filter hook forward priority 0;
    ip daddr 198.51.100.0/24 ct state new drop
  }
}
"""


@pytest.fixture(scope="module", name="clients", autouse=True)
def clients_fixture(net):
    with two_clients(net) as found:
        for name in found:
            wait_served(net, name, "a")
        yield found


def announced_by(net, address):
    "Next hops of the route to a client, as the router of the underlay has it."
    routes = net["r"].json("show ip route %s/32" % address)[address + "/32"]
    return {hop["ip"] for route in routes for hop in route["nexthops"]}


def home(net, clients):
    "All at a again, whatever was."
    wait_for(lambda: gateways_are_ready(net), "gateways")
    for name, client in clients.items():
        wait_for(client.ping, "answer to " + name)
        wait_served(net, name, "a")


def test_announced_where_served(net, clients):
    wait_for(lambda: announced_by(net, "10.99.0.1") == {"10.1.1.2"}, "c1 by a")
    wait_for(lambda: announced_by(net, "10.99.0.2") == {"10.1.1.2"}, "c2 by a")


def test_cut_from_the_underlay(net, clients):
    "a lives, and its fellow hears it; the clients' packets go to b."
    probe = clients["c1"].probe()
    probe.wait_responder("a")
    net["r"].run("ip link set to-a down")
    probe.wait_responder("b")
    wait_served(net, "c1", "b")
    # also who sends nothing: a has no way to it, and gives it away
    wait_served(net, "c2", "b", 5 * SLOW)
    result = probe.result()
    assert result["outageMs"] < (300 + SLACK) * SLOW, result
    assert not group(net["a"])["members"]["10.255.2.2"]["dead"]
    wait_for(lambda: announced_by(net, "10.99.0.2") == {"10.1.2.2"}, "c2 by b")
    net["r"].run("ip link set to-a up")
    home(net, clients)


def test_cut_from_each_other(net, clients):
    "Both live: each tries once, the network decides, nobody loses a packet."
    probe = clients["c1"].probe()
    probe.wait_responder("a")
    net.cut_link("a", "b")
    wait_for(lambda: group(net["b"])["members"]["10.255.1.2"]["dead"], "split")
    wait_for(lambda: group(net["b"])["counters"]["failed"] >= 2, "b gives up")
    holds(lambda: role(net["a"], "c1") == "serving", 2, "a serving")
    holds(lambda: role(net["b"], "c1") == "passive", 2, "b passive")
    net.heal_links()
    wait_for(lambda: gateways_are_ready(net), "gateways")
    wait_served(net, "c1", "a")
    wait_served(net, "c2", "a")
    result = probe.result()
    assert result["lost"] == 0, result
    assert result["responders"] == {"a": result["sent"]}, result


def test_wgd_restarts(net, clients):
    "The device stays, so does the client."
    probe = clients["c1"].probe()
    probe.wait_responder("a")
    net["a"].kill("wgd")
    wait_for(
        lambda: group(net["b"])["members"]["10.255.1.2"]["connection"] != "connected",
        "b to see it",
    )
    net["a"].start("wgd")
    home(net, clients)
    result = probe.result()
    assert result["lost"] == 0, result


def test_behind_one_address(net, clients):
    "Clients behind a NAT have one address, and ports of their own."
    net["r"].gear.net.cmd_raises("nft -f -", stdin=NAT)
    probe = clients["c1"].probe()
    home(net, clients)

    def together():
        shown = group(net["b"])["clients"]
        places = {shown[c]["endpoint"].split(":")[0] for c in ("c1", "c2")}
        return places == {"198.51.100.1"}

    wait_for(together, "endpoints behind the NAT")
    probe.wait_responder("a")
    probe.result()
    probe = clients["c1"].probe()
    probe.wait_responder("a")
    die(net["a"])
    probe.wait_responder("b")
    wait_for(lambda: role(net["b"], "c2") == "serving", "c2 at b", 3 * SLOW)
    result = probe.result()
    assert result["outageMs"] < (300 + SLACK) * SLOW, result
    live(net["a"])
    home(net, clients)
    net["r"].run("nft delete table ip nat")
    home(net, clients)


def test_moves_while_its_gateway_dies(net, clients):
    "Nobody could tell b where it is now; its packets do."
    c1 = clients["c1"]
    probe = c1.probe()
    probe.wait_responder("a")
    die(net["a"])
    c1.node.run("wg set %s listen-port 40404" % c1.ifname)
    probe.wait_responder("b")
    result = probe.result()
    assert result["outageMs"] < (1000 + SLACK) * SLOW, result
    wait_for(
        lambda: group(net["b"])["clients"]["c1"]["endpoint"].endswith(":40404"),
        "its new endpoint",
    )
    live(net["a"])
    home(net, clients)


@pytest.mark.once
def test_without_packet_socket(net, clients):
    "Who may not look at packets says so; a client that comes back has to wait."
    home(net, clients)
    a = net["a"]
    with open("/proc/%d/cmdline" % a.pid("wgd"), encoding="ascii") as f:
        command = f.read().strip("\0").split("\0")
    a.kill("wgd")
    # in the background: with sanitizers it stays where it is started
    a.run("setsid setpriv --bounding-set -net_raw %s </dev/null >>wgd.out 2>&1 &"
          % shlex.join(command))
    wait_for(lambda: "FRRouting" in a.run("vtysh -d wgd -c 'show version' 2>&1 || :"),
             "wgd to answer")
    a.run("vtysh -b")
    wait_for(lambda: not int(a.run("grep CapPrm /proc/%d/status" % a.pid("wgd")).split()[1],
                             16) & 1 << 13, "a wgd without CAP_NET_RAW")
    home(net, clients)
    probe = clients["c1"].probe()
    probe.wait_responder("a")
    die(a)
    probe.wait_responder("b")
    assert probe.result()["outageMs"] < (300 + SLACK) * SLOW
    wait_for(lambda: role(net["b"], "c2") == "serving", "c2 at b", 3 * SLOW)
    probe = clients["c1"].probe()
    probe.wait_responder("b")
    live(a)
    # now others serve them, and a would look
    wait_for(lambda: group(a).get("blindReason") == "CAP_NET_RAW is missing", "the reason")
    assert "are not seen: CAP_NET_RAW is missing" in a.log()
    # WireGuard's own 15 s and more, from when r prefers a again
    probe.wait_responder("a", 90 * SLOW)
    wait_served(net, "c1", "a")
    probe.result()
    assert group(a)["counters"]["strays"] == 0
    a.kill("wgd")
    a.start("wgd")
    home(net, clients)


@pytest.mark.skipif("uml" not in os.uname().release,
                    reason="only a guest's clock is a test's to set")
def test_clock_behind(net, clients):
    """
    b's clock was an hour ahead when it took the client, a's is right: the client
    refuses what a starts, and has to call by itself.
    """
    home(net, clients)
    set_clock(3600)
    try:
        die(net["a"])
        for name in clients:
            wait_for(lambda: role(net["b"], name) == "serving", name + " at b")
    finally:
        set_clock(-3600)
    probe = clients["c1"].probe()
    probe.wait_responder("b")
    live(net["a"])
    probe.wait_responder("a", 90 * SLOW)
    wait_served(net, "c1", "a")
    result = probe.result()
    # WireGuard's 15 s after the last answer, not what a failover takes
    assert 5000 < result["outageMs"] < 40000 * SLOW, result
    # which later time they saw is forgotten with the peer
    for client in clients.values():
        client.connect()
    home(net, clients)


# From a's fellow itself, but without the key: takes every place as soon as it is
# free, and holds it as long as it may.
STRANGERS = """
import os, select, socket, sys
for _ in range(100):
    s = socket.create_connection(("10.255.1.2", 51821), 5)
    s.sendall(os.urandom(4000))
    s.close()
held, tries = [], 0
while not select.select([0], [], [], 0)[0]:
    try:
        s = socket.create_connection(("10.255.1.2", 51821), 1)
        gone = select.select(held + [s], [], [], 0.001)[0]
        held = [h for h in held + [s] if h not in gone]
    except OSError:
        pass
    tries += 1
    if tries == 300:
        print("many", flush=True)
"""


def test_strangers(net, clients):
    "Who has no key is told nothing and keeps nobody out."
    home(net, clients)
    crowd = net["b"].popen(["python3", "-c", STRANGERS], stdin=subprocess.PIPE)
    try:
        assert crowd.stdout.readline() == "many\n"
        net["b"].kill("wgd")
        net["b"].start("wgd")
        home(net, clients)
        member = net["a"].gateway_group()["members"]["10.255.2.2"]
        assert member["cutOffs"] == 0, member
    finally:
        crowd.stdin.close()
        crowd.wait()
