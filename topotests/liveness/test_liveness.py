# SPDX-License-Identifier: GPL-2.0-or-later
"""
Peers that die: B and C have the same LAN behind them, and A's route to it has
both as next hops and never changes, for it is static.  Who of both owns the
LAN is decided by their keys ("home"); where it goes, and when it comes back,
by liveness alone: BFD of wgd's own with stock bfdd, or what WireGuard shows.
"""
import base64
import json
import statistics
import time

import pytest

from lib_wgd import EMULATED, PYTHON, RELAXED_MS, SLOW, holds, wait_for

TOPOLOGY = {
    "sites": "abc",
    "daemons": ["bfdd"],
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.50.10/24", "192.168.50.1"),
        "hc": ("c", "192.168.50.10/24", "192.168.50.1"),
    },
}
LAN = "192.168.50.0/24"
SERVER = "192.168.50.10"
ADDRESS = {"b": "10.99.0.2/32", "c": "10.99.0.3/32"}
MANY = 100 if EMULATED else 2000
RUNS = 3
# 200 ms x 3: what BFD needs (with 50 ms, which bench/bench-failover measures, a
# busy machine finds deaths that are none); the rest is room for a slow one
DETECTION = 600 * SLOW
SLACK = 850
ANSWERS_MS = 20 if SLOW <= 1 else 1000  # that are refused when the LAN comes back


def peer(site, name):
    return site.show()["peers"][name]


def bfd(site, name):
    return peer(site, name)["bfd"]["status"]


def wait_bfd(site, name, status):
    wait_for(lambda: bfd(site, name) == status, "BFD to %s %s" % (name, status))


def wait_state(site, name, state, cause=None, timeout=None):
    def check():
        p = peer(site, name)
        assert p["state"] == state, p
        assert cause in (None, p["stateCause"]), p
        return p

    kwargs = {"timeout": timeout} if timeout else {}
    return wait_for(check, "peer %s %s" % (name, state), **kwargs)


def calm(net):
    "Both are up, and nobody is held down for what he did before."
    for name in "bc":
        wait_state(net["a"], name, "up", "bfd-up")


def steps(site, name):
    "[(from, to, cause)], the newest first."
    history = peer(site, name)["stateHistory"]
    return [(h["from"], h["to"], h["cause"]) for h in history]


CONSOLE = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect("/var/run/frr/wgd.vty")
for line in sys.stdin.read().splitlines():
    s.sendall(line.encode() + b"\\0")
    answer = bytearray()
    while answer[-4:-1] != b"\\0\\0\\0":  # then the status
        answer += s.recv(65536)
print(answer[:-4].decode())
"""


class Console:
    "wgd's own: vtysh knows its commands, not those of the northbound."

    def __init__(self, site):
        self.site = site

    def ask(self, line):
        return self.site.gear.net.cmd_raises(
            [PYTHON, "-c", CONSOLE], stdin="enable\n%s\n" % line)


class Traffic:
    "A probe, and how much of it arrived at the servers."

    def __init__(self, net, first, **kwargs):
        self.echoes = [net[h].echo(SERVER) for h in ("hb", "hc")]
        self.probe = net["ha"].probe(SERVER, **kwargs)
        self.probe.wait_responder(first)
        self.wait_responder = self.probe.wait_responder

    def result(self):
        result = self.probe.result()
        result["arrived"] = sum(e.received() for e in self.echoes)
        return result


def lost_nothing(result):
    """
    On the way there.  Answers that were under way when their source became the
    other one's are refused by WireGuard: those of a few milliseconds, or of as
    long as a busy machine keeps them waiting.
    """
    assert result["arrived"] == result["sent"], result
    assert result["outageMs"] < ANSWERS_MS, result


@pytest.fixture(scope="module", name="home")
def home_fixture(net):
    "(who owns the LAN while both are well, the other one)"
    low, high = sorted("bc", key=lambda s: _key(net, s))
    return low, high


@pytest.fixture(scope="module", autouse=True)
def relaxed(net):
    net.relax_bfd("FAST", "abc")


def _key(net, site):
    return base64.b64decode(net.keys[site, "wg0"][1])


@pytest.fixture(autouse=True)
def healed(net):
    "A test that fails leaves nobody cut off for the next one."
    yield
    net["u"].run("for i in 2 3; do for v in -4 -6; do"
                 " while ip $v rule del pref $i 2>/dev/null; do :; done; done; done")


def test_bfd_comes_up(net):
    for name in "bc":
        wait_bfd(net["a"], name, "up")
        wait_bfd(net[name], "a", "up")
        wait_state(net["a"], name, "up", "bfd-up")
    peers = net["a"].json("show bfd peers")
    interval = RELAXED_MS if SLOW > 1 else 200
    assert {p["peer"]: p["receive-interval"] for p in peers} == {
        "10.99.0.2": interval,
        "10.99.0.3": interval,
    }
    text = net["a"].vtysh("show wireguard wg0")
    assert "is up (BFD is up)" in text and "BFD with 10.99.0.2, profile FAST is up" in text


def test_both_are_well(net, home):
    net["a"].wait_allowed({LAN: home[0]})
    route = net["a"].show(what="routes")[LAN]
    assert sorted(h["peer"] for h in route["nexthops"]) == ["b", "c"]


def test_death_and_return(net, home):
    "The LAN goes on through the other one, and comes back without loss."
    a, u = net["a"], home[0]
    outages = []
    for _ in range(RUNS):
        calm(net)
        a.wait_allowed({LAN: u})
        probe = Traffic(net, "h" + u, rate=500)
        net.cut(u)
        probe.wait_responder("h" + home[1])
        result = probe.result()
        assert len(result["holes"]) == 1, result
        outages.append(result["outageMs"])
        wait_state(a, u, "down", "bfd-down")
        assert a.show(what="routes")[LAN]["owner"] == home[1]
        # only what another could take has moved
        a.wait_allowed({LAN: home[1], ADDRESS[u]: u})
        probe = Traffic(net, "h" + home[1], rate=500)
        net.heal(u)
        probe.wait_responder("h" + u)
        lost_nothing(probe.result())
    print("outages, BFD 200 ms x 3: %s ms, median %.0f"
          % (" ".join("%.0f" % x for x in outages), statistics.median(outages)))
    assert statistics.median(outages) < DETECTION + SLACK * SLOW, outages


@pytest.mark.once
def test_told_while_down(net, home):
    "A route that came while its peer was down goes to it, too."
    a, u = net["a"], home[0]
    net.cut(u)
    wait_state(a, u, "down")
    # by one message: of two lines the first would give it to the other one
    a.run("ip route add 192.168.51.0/24 nexthop via 10.99.0.2 dev wg0"
          " nexthop via 10.99.0.3 dev wg0")
    a.wait_allowed({"192.168.51.0/24": home[1], LAN: home[1]})
    net.heal(u)
    wait_state(a, u, "up")
    a.wait_allowed({"192.168.51.0/24": u, LAN: u})
    a.run("ip route del 192.168.51.0/24")


def test_the_last_way_stays(net):
    "What only a dead peer leads to stays its: it may be the only way back."
    a = net["a"]
    a.configure("ip route 192.168.52.0/24 10.99.0.2")
    a.wait_allowed({"192.168.52.0/24": "b"})
    net.cut("b")
    wait_state(a, "b", "down")
    holds(lambda: a.allowed()["192.168.52.0/24"] == "b", 1, "AllowedIPs")
    net.heal("b")
    wait_state(a, "b", "up")


@pytest.mark.once
def test_history(net, home):
    "What happened, newest first, with causes; the log has a line for each."
    a, u = net["a"], home[0]
    p = peer(a, u)
    assert steps(a, u)[:2] == [("down", "up", "bfd-up"), ("up", "down", "bfd-down")]
    ages = [h["msecsAgo"] for h in p["stateHistory"]]
    assert ages == sorted(ages) and len(ages) <= 16
    assert p["downs"] >= RUNS + 1 and p["ups"] >= p["downs"]
    log = a.log()
    assert log.count("peer %s: up -> down: BFD went down" % u) == p["downs"]
    assert log.count("peer %s: down -> up: BFD is up" % u) >= RUNS + 1


@pytest.mark.once
def test_yang(net, home):
    "The same as operational state, and each change as a notification."
    a, u = net["a"], home[0]
    console = Console(a)
    console.ask("debug northbound notifications")
    shown = json.loads(console.ask("show yang operational-data /frr-interface:lib"))
    interfaces = shown["frr-interface:lib"]["interface"]
    wg0 = next(i for i in interfaces if i["name"] == "wg0")
    peers = {p["name"]: p["state"] for p in wg0["frr-wireguard:wireguard"]["peer"]}
    assert set(peers) == {"b", "c"}
    p = peer(a, u)
    state = peers[u]
    assert (state["state"], state["cause"]) == (p["state"], p["stateCause"]) == ("up", "bfd-up")
    assert state["reason"] == p["stateReason"]
    assert int(state["downs"]) == p["downs"] and int(state["flaps"]) == p["flaps"]
    told = a.log().count("/frr-wireguard:peer-state-change")
    net.cut(u)
    wait_state(a, u, "down", "bfd-down")
    net.heal(u)
    wait_state(a, u, "up")
    assert a.log().count("/frr-wireguard:peer-state-change") == told + 2
    console.ask("no debug northbound notifications")


@pytest.mark.once
def test_flapping(net, home):
    "Down at once, every time; back later and later."
    a, u = net["a"], home[0]
    while True:  # the tests before were flaps, too
        before = peer(a, u)
        net.cut(u)
        p = wait_state(a, u, "down", "bfd-down")
        if p["holdMsecs"] >= 4000:
            break
        net.heal(u)
        wait_state(a, u, "up")
    assert p["flaps"] == before["flaps"] + 1
    assert p["holdMsecs"] in (min(2 * before["holdMsecs"], 60000), 1000)
    net.heal(u)
    p = wait_state(a, u, "down", "held-down")
    assert p["heldDown"] == before["heldDown"] + 1
    assert "flaps" in p["stateReason"] and p["bfd"]["status"] == "up", p
    assert a.allowed()[LAN] == home[1]
    wait_state(a, u, "up", timeout=90)
    a.wait_allowed({LAN: u})


@pytest.mark.once
def test_batch(net, home):
    "Many prefixes move in one plan, under traffic, and come back without loss."
    a, u = net["a"], home[0]

    def batch(what):
        return "".join("route %s 20.%d.%d.0/24 nexthop via 10.99.0.2 dev wg0"
                       " nexthop via 10.99.0.3 dev wg0\n" % (what, i // 256, i % 256)
                       for i in range(MANY))

    a.gear.net.cmd_raises("ip -batch -", stdin=batch("replace"))

    def owned(by):
        have = a.allowed()
        return sum(p.startswith("20.") and o == by for p, o in have.items()) == MANY

    wait_for(lambda: owned(u), "%d AllowedIPs" % MANY, 120)
    # what it has done in the last test is forgotten
    wait_for(lambda: peer(a, u)["stateSinceSecs"] >= 60, "a minute without a flap", 120)
    probe = Traffic(net, "h" + u, rate=500)
    net.cut(u)
    probe.wait_responder("h" + home[1])
    wait_for(lambda: owned(home[1]), "move", every=0.02)
    result = probe.result()
    assert len(result["holes"]) == 1, result
    print("outage with %d prefixes: %.0f ms" % (MANY, result["outageMs"]))
    assert result["outageMs"] < DETECTION + SLACK * SLOW, result
    probe = Traffic(net, "h" + home[1], rate=500)
    net.heal(u)
    probe.wait_responder("h" + u)
    wait_for(lambda: owned(u), "return")
    lost_nothing(probe.result())
    a.gear.net.cmd_raises("ip -batch -", stdin=batch("del"))
    wait_for(lambda: not any(p.startswith("20.") for p in a.allowed()), "end of them", 120)


def watching(site, name):
    "A function that notes the peer's BFD and state, and the sets of both."
    seen, states = set(), set()

    def see():
        p = peer(site, name)
        seen.add(p["bfd"]["status"])
        states.add(p["state"])
        return True

    return see, seen, states


@pytest.mark.once
@pytest.mark.parametrize("daemon", ["bfdd", "zebra"])
def test_killed_is_not_a_death(net, home, daemon):
    "BFD is not known while it is away, and until the session is up again."
    a, u = net["a"], home[0]
    calm(net)
    a.wait_allowed({LAN: u})
    see, seen, states = watching(a, u)
    probe = Traffic(net, "h" + u, rate=500)
    a.kill(daemon)
    wait_for(lambda: see() and bfd(a, u) == "not known", "end of " + daemon)
    see()  # the last look may have been too early
    assert a.allowed()[LAN] == u
    a.start(daemon)
    wait_for(lambda: see() and bfd(a, u) == "up", "BFD again", every=0.02)
    see()  # here, too
    assert seen == {"up", "not known"} and states == {"up"}, (seen, states)
    a.wait_allowed({LAN: u})
    result = probe.result()
    if daemon == "bfdd":  # zebra takes away the routes that it finds at its start
        assert result["lost"] == 0, result
    for name in "bc":
        wait_bfd(net[name], "a", "up")


@pytest.mark.once
def test_dead_stays_dead_without_bfdd(net, home):
    "... until there is a sign of life."
    a, u = net["a"], home[0]
    net.cut(u)
    wait_state(a, u, "down", "bfd-down")
    a.kill("bfdd")
    wait_state(a, u, "down", "bfd-was-down")
    assert a.allowed()[LAN] == home[1]
    net.heal(u)
    wait_state(a, u, "up", "session")
    a.wait_allowed({LAN: u})
    a.start("bfdd")
    wait_state(a, u, "up", "bfd-up")


@pytest.mark.once
def test_session_goes_with_its_line(net, home):
    a, other = net["a"], home[1]
    a.configure("interface wg0\nno wireguard peer %s bfd" % other)
    assert "bfd" not in peer(a, other)
    wait_for(lambda: len(a.json("show bfd peers")) == 1, "one session")
    wait_state(a, other, "up", "session")
    a.configure("interface wg0\nwireguard peer %s shutdown\nwireguard peer %s bfd" % (other, other))
    assert peer(a, other)["state"] == "shutdown"
    holds(lambda: len(a.json("show bfd peers")) == 1, 1, "one session")
    a.configure("interface wg0\nno wireguard peer %s shutdown" % other)
    wait_state(a, other, "up", "bfd-up")
    assert steps(a, other)[0][2] != "shutdown" and any(
        s[1:] == ("shutdown", "shutdown") for s in steps(a, other))


def test_passive(net, home):
    "No BFD: sent, and nothing received for longer than WireGuard waits."
    a, u = net["a"], home[0]
    for site in "abc":
        for name in "bc" if site == "a" else "a":
            net[site].configure("interface wg0\nno wireguard peer %s bfd" % name)
    for name in "bc":
        wait_state(a, name, "up", "session")
    a.wait_allowed({LAN: u})
    probe = Traffic(net, "h" + u, rate=50)
    net.cut(u)
    began = time.monotonic()
    p = wait_state(a, u, "down", "silent", timeout=60)
    took = time.monotonic() - began
    assert took >= 10, took
    assert "nothing received" in p["stateReason"], p
    print("silence found after %.1f s" % took)
    a.wait_allowed({LAN: home[1]})
    probe.wait_responder("h" + home[1])
    probe.result()
    net.heal(u)
    # it has nothing to say, and nothing is sent to it any more but by wgd
    wait_state(a, u, "up", "session", timeout=60)
    a.wait_allowed({LAN: u})
