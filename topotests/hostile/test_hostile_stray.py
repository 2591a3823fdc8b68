# SPDX-License-Identifier: GPL-2.0-or-later
"""
A stranger without any key, x, beside two gateways with one key: packets from
wherever it likes, to whichever gateway.  It knows where the clients are.  No
client that is served loses a packet by it, nothing is sent to where nobody
proved to be, and wgd needs no more of a processor than is said.
"""
import contextlib
import os
import re
import subprocess
import sys
import time

import pytest

from lib_wgd import HERE, SLOW, die, holds, live, wait_for
from forge import command

sys.path.insert(1, HERE + "/anycast")
import clients as lib  # noqa: E402
from clients import group, role, two_clients, wait_served  # noqa: E402

TOPOLOGY = dict(
    lib.TOPOLOGY,
    hosts=dict(lib.TOPOLOGY["hosts"], x=("r", "198.51.100.66/24", "198.51.100.1")),
)
# addresses of the gateways' own
AT = {"a": "10.1.1.2:51820", "b": "10.1.2.2:51820"}
NOWHERE = "203.0.113.66"
# type 4, an index, a counter, 16 bytes of a keepalive's tag
DATA, INDEX = "04000000" + 28 * "00", "4:8"
SLACK = 1000  # ms

COUNT = """
table inet hostile {
  counter to-nowhere { }
  chain forward {
    type filter hook prerouting priority 0;
    ip daddr %s counter name to-nowhere drop
  }
}
""" % NOWHERE


@pytest.fixture(scope="module", name="clients", autouse=True)
def clients_fixture(net):
    net["r"].gear.net.cmd_raises("nft -f -", stdin=COUNT)
    with two_clients(net) as found:
        for name in found:
            wait_served(net, name, "a")
        yield found


def attack(net, source, to, payload=DATA, count=50, interval=0.1, random=(INDEX,)):
    "The stranger's packets, while the test goes on; .end() waits for the last."
    process = net["x"].popen(
        ["sh", "-c", command(source, to, payload, count, interval, random)])

    def end():
        out, err = process.communicate(timeout=60 * SLOW)
        assert int(out) == count, err

    process.end = end
    return process


def endpoint(net, client):
    return group(net["b"])["clients"][client]["endpoint"]


def home(net, clients):
    wait_for(lambda: lib.gateways_are_ready(net), "gateways")
    for name, client in clients.items():
        wait_for(client.ping, "answer to " + name)
        wait_served(net, name, "a")


def sent_to_nowhere(net):
    text = net["r"].run("nft list counter inet hostile to-nowhere")
    return int(re.search(r"packets (\d+)", text)[1])


def test_packets_as_of_an_idle_client(net, clients):
    "From where it is, to the gateway that does not serve it."
    shown = [group(net[g])["counters"] for g in "ab"]
    forged = attack(net, endpoint(net, "c2"), AT["b"])
    holds(lambda: role(net["a"], "c2") == "serving", 5, "c2 at a")
    forged.end()
    assert role(net["b"], "c2") == "passive"
    # nobody even tried
    assert [group(net[g])["counters"]["takes"] for g in "ab"] == [s["takes"] for s in shown]
    assert [group(net[g])["counters"]["asked"] for g in "ab"] == [s["asked"] for s in shown]
    assert clients["c2"].ping()


def test_packets_as_of_an_active_client(net, clients):
    probe = clients["c1"].probe()
    probe.wait_responder("a")
    for to in "ba":
        attack(net, endpoint(net, "c1"), AT[to], count=200, interval=0.02).end()
    result = probe.result()
    assert result["lost"] == 0, result
    assert result["responders"] == {"a": result["sent"]}, result


def test_packets_while_a_client_is_missed(net, clients):
    """
    c2 is away when its gateway dies, and the other one misses it.  Packets from
    nowhere do not make it send anything there, and do not keep c2 from coming
    back: at once, if its packets are what they were.
    """
    c2 = clients["c2"]
    failed = group(net["b"])["counters"]["failed"]
    c2.node.run("ip link set lan down")
    forged = attack(net, NOWHERE + ":4242", AT["b"], count=100, interval=0.12)
    die(net["a"])
    wait_for(lambda: role(net["b"], "c1") == "serving", "c1 at b")
    wait_for(lambda: group(net["b"])["counters"]["failed"] > failed, "b gives c2 up", 20 * SLOW)
    takes = group(net["b"])["counters"]["takes"]
    forged.end()
    assert group(net["b"])["counters"]["takes"] == takes
    assert sent_to_nowhere(net) == 0
    assert NOWHERE not in net["b"].run("ip route show table all")
    c2.node.run("ip link set lan up; ip route replace default via 198.51.100.1")
    wait_for(c2.ping, "answer to c2", 5 * SLOW)
    live(net["a"])
    home(net, clients)


# What is no data packet of WireGuard's, and one that names nobody.
FLOODS = {
    "one_byte_4": dict(payload="04", random=()),
    "one_byte_1": dict(payload="01", random=()),
    "initiations": dict(payload="01000000" + 144 * "00", random=(INDEX,)),
    "from_port_0": dict(payload=DATA, port=0),
    "data": dict(payload=DATA),
}


@contextlib.contextmanager
def flood(net, kind, interval):
    "To b, from x itself, until it is enough."
    what = dict(FLOODS[kind])
    source = "198.51.100.66:%d" % what.pop("port", 4242)
    flood_ = net["x"].popen(
        ["sh", "-c", command(source, AT["b"], count=0, interval=interval, **what)],
        stdin=subprocess.PIPE)
    try:
        yield
    finally:
        out, err = flood_.communicate(timeout=60 * SLOW)
    assert int(out) > 0, err


two_processors = pytest.mark.skipif(
    os.cpu_count() < 2, reason="the flood would have the only processor")


@two_processors
@pytest.mark.parametrize("kind", [kind for kind in FLOODS if kind != "data"])
def test_flood_does_not_blind(net, clients, kind):
    "3,000 a second, and a client that takes another way is found as ever."
    home(net, clients)
    with flood(net, kind, 1 / 3000):
        probe = clients["c1"].probe()
        probe.wait_responder("a")
        time.sleep(5)
        net["a"].configure(
            "router bgp 65001\naddress-family ipv4 unicast\nno network 192.0.2.1/32")
        probe.wait_responder("b")
        wait_served(net, "c1", "b")
        result = probe.result()
    net["a"].configure("router bgp 65001\naddress-family ipv4 unicast\nnetwork 192.0.2.1/32")
    assert result["outageMs"] < SLACK * SLOW, result


def cpu_s(site):
    "Seconds of a processor that wgd had so far."
    fields = site.run("cat /proc/%d/stat" % site.pid("wgd")).rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def share(site, seconds):
    before, begin = cpu_s(site), time.monotonic()
    time.sleep(seconds)
    return (cpu_s(site) - before) / (time.monotonic() - begin)


@two_processors
@pytest.mark.parametrize("kind", FLOODS)
def test_flood_costs_little(net, clients, kind):
    "As many as there can be: a tenth of a processor at most, with sanitizers, too."
    home(net, clients)
    idle = share(net["b"], 3)
    with flood(net, kind, 0):
        busy = share(net["b"], 5)
    print("idle %.3f, flooded %.3f" % (idle, busy))
    assert busy - idle < 0.1, (idle, busy)
