# SPDX-License-Identifier: GPL-2.0-or-later
"""
The NATs of lib_nat.py are what their names say (RFC 4787, RFC 5780), by plain UDP
sockets and two observers; and where the oracle says that a pair of sites can talk
directly, two programs that send to each other at once do, and others do not.
"""
import itertools
import json
import queue
import subprocess
import threading
import time

import pytest

from lib_nat import KEEPS_PORTS, NATS, WAYS, families, nat_net_fixture, place
from lib_oracle import ADDRESS, INDEPENDENT, PORT, composed, verdict
from lib_run import HERE, PATIENCE, PYTHON, wait_for

pytestmark = pytest.mark.once  # wgd does not run

TOPOLOGY = {"sites": list(WAYS), "plain": True}
SITES = list(WAYS)
WIREGUARD = 51820
TRIES = 5
net = nat_net_fixture


class Udp:
    "udp.py at a node."

    def __init__(self, node, *sockets):
        self.name = node.name
        self.process = node.popen([PYTHON, HERE + "/udp.py", node.name, *sockets],
                                  stdin=subprocess.PIPE)
        node.net.probes.append(self)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        assert "ready" in self.next()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def next(self, timeout=PATIENCE):
        return self.lines.get(timeout=timeout)

    def do(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def send(self, text, to, which=None):
        order = {"send": text, "to": to}
        if which is not None:
            order["socket"] = which
        self.do(**order)

    def wait(self, text):
        "Where TEXT comes from."
        while True:
            found = self.next()
            if found.get("got") == text:
                return found["from"]

    def wait_sent(self, text):
        while self.next().get("sent") != text:
            pass

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module", name="ends")
def ends_fixture(net):
    "Two observers with two ports in each family; the sites, as WireGuard is."
    found = {}
    for hub in net.hub_names:
        found[hub] = Udp(net[hub], *("%s:%d" % (x, p) for x in ("0.0.0.0", "[::]")
                                     for p in (1000, 1001)))
    for site in SITES:
        wild = [{4: "0.0.0.0", 6: "[::]"}[f] for f in families(site)]
        found[site] = Udp(net[site], *("%s:%d" % (x, WIREGUARD) for x in wild))
    return found


TEXT = itertools.count()


def seen(net, ends, site, hub, port=1000, family=4):
    "What an observer sees of a site's socket."
    text = "seen %d" % next(TEXT)
    ends[site].send(text, [net.address(hub, family), port])
    return tuple(ends[hub].wait(text))


def gets(ends, site, hub, to, expected, port=1000):
    """
    A packet from there reaches the site, or it does not: what comes behind it by
    the way that the site has opened itself does.
    """
    text, last = "try %d" % next(TEXT), "last %d" % next(TEXT)
    first = 2 if ":" in to[0] else 0  # of the sockets of that family
    ends[hub].send(text, to, first + port - 1000)
    ends[hub].wait_sent(text)
    if expected:
        ends[site].wait(text)
    ends["h"].send(last, to, first)
    got = []
    while last not in got:
        got.append(ends[site].next().get("got"))
    assert text not in got, "%s at %s: %s:%d got in" % (site, to, hub, port)


V4 = [site for site in SITES if 4 in families(site)]


@pytest.mark.parametrize("site", V4)
def test_mapping(net, ends, site):
    first = seen(net, ends, site, "h")
    other_port = seen(net, ends, site, "h", 1001)
    other_address = seen(net, ends, site, "k")
    assert seen(net, ends, site, "h") == first
    outside = net.address((WAYS[site] or [site])[-1])
    assert {x[0] for x in (first, other_port, other_address)} == {outside}
    mapping = composed(place(site).way)[0]
    assert (other_address == first) == (mapping == INDEPENDENT)
    assert (other_port == first) == (mapping != PORT)
    if not WAYS[site] or len(WAYS[site]) == 1 and WAYS[site][0] in KEEPS_PORTS:
        assert first[1] == WIREGUARD


@pytest.mark.parametrize("site", V4)
def test_filtering(net, ends, site):
    "Of a new socket, which has sent to one observer, to one of its ports."
    fresh = Udp(net[site], "0.0.0.0:%d" % (WIREGUARD + 1))
    some = dict(ends, **{site: fresh})
    to = seen(net, some, site, "h")
    filtering = composed(place(site).way)[1]
    gets(some, site, "h", to, filtering in (INDEPENDENT, ADDRESS), 1001)
    gets(some, site, "k", to, filtering == INDEPENDENT)
    # ... and from the second one, once it has sent to it
    seen(net, some, site, "k")
    gets(some, site, "k", to, composed(place(site).way)[0] == INDEPENDENT)
    fresh.kill()


def test_two_on_one_port(net, ends):
    "One NAT, one port inside: two ports outside, the same for all."
    found = {site: {seen(net, ends, site, hub) for hub in "hk"} for site in ("one", "two")}
    assert [len(x) for x in found.values()] == [1, 1]
    assert found["one"] != found["two"]


@pytest.mark.parametrize("one, other, way", [
    ("hair", "pin", True), ("cgn", "cgn2", True), ("guest", "lodger", False),
    ("one", "two", False),
])
def test_hairpin(net, ends, one, other, way):
    "A packet to the other one's outside; if it comes, from the outside."
    places = {site: seen(net, ends, site, "h") for site in (one, other)}
    text = "round %d" % next(TEXT)
    # what the other one's own NAT wants to have seen
    ends[other].send("open", places[one])
    ends[other].wait_sent("open")
    ends[one].send(text, places[other])
    ends[one].wait_sent(text)
    if way:
        assert ends[other].wait(text) == list(places[one])
        return
    ends["h"].send("after that", places[other])
    while True:
        got = ends[other].next().get("got")
        assert got != text
        if got == "after that":
            break


def test_six(net, ends):
    "No NAT, and what was not asked for does not come."
    assert seen(net, ends, "six", "h", family=6)[0] == net.address("six", 6)
    to = [net.address("six", 6), WIREGUARD]
    gets(ends, "six", "k", to, False)


def candidates(net, ends):
    "{site: what the observers see of it}."
    found = {}
    for site in SITES:
        found[site] = {seen(net, ends, site, hub, family=f)
                       for hub in "hk" for f in families(site)}
    return found


def punched(net, ends, pairs):
    """
    {site: {the other one: where it answered}} after both ends of all these pairs
    have sent to each other at once.
    """
    places = candidates(net, ends)
    at = time.monotonic() + 0.5
    for site in SITES:
        orders = {}
        for other in {a if b == site else b for a, b in pairs if site in (a, b)}:
            some = set(places[other])
            if {x[0] for x in some} & {x[0] for x in places[site]}:
                some.add((net.address(other, families(other)[0]), WIREGUARD))
            own = {(net.address(site, f), WIREGUARD) for f in families(site)}
            orders[other] = sorted(some - own)
        ends[site].do(punch=orders, at=at, seconds=2)
    found = {}
    for site in SITES:
        while site not in found:
            event = ends[site].next()
            if "found" in event:
                found[site] = event["found"]
    return found


def told(wrong):
    return "; ".join("%s-%s: %s" % x for x in wrong)


def test_all_pairs(net, ends):
    """
    One end's proof is enough: the other one hears it by that way.  What a busy
    machine loses gets another try, and the pairs that must not find each other, too.
    """
    expected = {(a, b): verdict(place(a), place(b))
                for a, b in itertools.combinations(SITES, 2)}
    found, missing = {site: {} for site in SITES}, set(expected)
    for _ in range(TRIES):
        for site, others in punched(net, ends, missing).items():
            found[site].update(others)
        missing = {(a, b) for a, b in missing if b not in found[a] and a not in found[b]}
        if not any(expected[pair][0] for pair in missing):
            break
    wrong = [(*pair, expected[pair]) for pair in expected
             if (pair not in missing) != expected[pair][0]]
    assert not wrong, told(wrong)
    # by the way that the oracle says
    assert [net.address("two"), WIREGUARD] == found["one"]["two"]
    assert found["hair"]["pin"][0] == net.address("n-hair")
    assert found["cgn"]["cgn2"][0] == net.address("n-carrier")
    assert ":" in found["six"]["pub"][0]


def test_reboot(net, ends):
    "A NAT without a memory: other ports, and the old ones lead nowhere."
    before = {s: seen(net, ends, s, "h") for s in ("port", "full")}
    for site in before:
        net["n-" + site].reboot()
    stale = list(before["full"])
    ends["k"].send("to a port that was", stale, 0)
    ends["k"].wait_sent("to a port that was")
    after = {s: seen(net, ends, s, "h") for s in before}
    for site in before:
        assert after[site] != before[site] and after[site][0] == before[site][0]
        assert seen(net, ends, site, "k") == after[site]
    gets(ends, "full", "k", after["full"], True)
    assert "to a port that was" not in [x.get("got") for x in list(ends["full"].lines.queue)]


def test_address_changes(net, ends):
    before = seen(net, ends, "port", "h")
    net["n-port"].move(before[0][:-1] + "3")
    after = seen(net, ends, "port", "h")
    assert after[0] == before[0][:-1] + "3"
    wait_for(lambda: seen(net, ends, "port", "k") == after, "one port again", PATIENCE)
