# SPDX-License-Identifier: GPL-2.0-or-later
"""
Sites behind all kinds of NATs: a pair of them becomes direct by traffic exactly
where the oracle says so, and no packet of that traffic is lost, whatever becomes
of it.  Then a NAT reboots, and another one gets another address.

Each pair that there is takes a mesh of 15 sites and some minutes (--heavy).  By
itself it is a pair for each reason that the oracle has, and for each kind of NAT.
"""
import itertools
import time

import pytest

from lib_keeper import mesh
from lib_nat import KIND, WAYS, place
from lib_oracle import INDEPENDENT, composed, verdict
from lib_run import HEAVY, SLOW, kernel_has, wait_for
from paths import Traffic, mesh_net, path

PAIRS = [
    ("full", "port"), ("addr", "one"), ("sym", "pub"), ("two", "fire"),
    ("one", "two"), ("sym", "addr"), ("port", "pub"),
    ("sym", "port"), ("full", "addr"), ("pub", "fire"),
    ("sym", "full"), ("port", "one"),
]
SITES = list(WAYS)
if HEAVY:
    PAIRS = list(itertools.combinations(SITES, 2))
else:
    SITES = [s for s in SITES if any(s in pair for pair in PAIRS)]
# Of an outage when a direct path is dead. Idle it takes 0.7 s.
BOUND_MS = 3000


NETEM = "delay 20ms 5ms loss 1%"
HAVE_NETEM = kernel_has("ip link add v type veth peer name w &&"
                        " tc qdisc add dev v root netem " + NETEM)


@pytest.fixture(scope="module", name="net")
def net_fixture(request, tmp_path_factory):
    yield from mesh_net(request, tmp_path_factory)


def test_hubs_see_the_nat(net):
    "... and where WireGuard's own packets come from."
    for site in net.sites():
        way = place(site).way
        kind = "none" if not way else "cone"
        if composed(way)[0] != INDEPENDENT:
            kind = "symmetric"

        def seen():
            found = mesh(net[site])
            places = {net.endpoint(hub, site) for hub in net.hub_names}
            assert found["nat"] == kind and set(found["observedEndpoints"]) == places, (
                site, found, places)
            return True

        wait_for(seen, "what hubs see of " + site)


AT_ONCE = 4  # pairs


def rounds(pairs):
    "Each pair in one of them, no site twice in the same."
    left = list(pairs)
    while left:
        busy, some = set(), []
        for pair in left:
            if not busy & set(pair) and len(some) < AT_ONCE:
                busy |= set(pair)
                some.append(pair)
        left = [pair for pair in left if pair not in some]
        yield some


def tried(net, one, other):
    "It was tried, and failed."
    found = path(net, one, other)
    return found["path"] == "relay" and found["pathReason"] != "no-demand"


def test_matrix(net):
    pairs = []
    for pair in PAIRS:
        if set(pair) & set(net.left_out):
            print("%s-%s: left out: the hubs of this mesh have IPv4 alone" % pair)
        else:
            pairs.append(pair)
    wrong, told = [], {}
    for some in rounds(pairs):
        traffic = {pair: Traffic(net, *pair) for pair in some}
        for pair, t in traffic.items():
            direct, why = verdict(*map(place, pair))
            if direct:
                t.wait_direct()
            else:
                wait_for(lambda p=pair: tried(net, *p) or tried(net, *p[::-1]),
                         "%s-%s tried" % pair)
            told[pair] = "%s-%s (%s, %s): %s, %s" % (
                *pair, *(KIND[s] for s in pair), t.paths()[0]["path"], why)
        for pair, t in traffic.items():
            result = t.result()
            print("%s; %d lost of %d" % (told[pair], result["lost"], result["sent"]))
            direct, why = verdict(*map(place, pair))
            local = net.endpoint(*pair) == net.address(pair[1]) + ":51820"
            if t.is_direct() != direct or result["lost"] or why == "local" and not local:
                wrong.append((pair, t.paths(), result))
    assert not wrong, "\n".join(map(str, wrong))


def lives_through(net, one, other, change):
    "A direct path dies by CHANGE: the relay takes over, and then there is a new one."
    t = Traffic(net, one, other)
    t.wait_direct()
    before = net.endpoint(other, one)
    began = time.monotonic()
    change()

    def left():
        ago = (time.monotonic() - began) * 1000
        return all(p["pathSinceMsecs"] < ago for p in t.paths())

    wait_for(left, "the direct path to be left")
    t.wait_direct()
    assert net.endpoint(other, one) != before
    found = t.result()
    print("%d ms without an answer" % found["outageMs"])
    assert found["outageMs"] < BOUND_MS * SLOW, found


def test_nat_reboots(net):
    "Both ends are by address and port: what comes from its new port is not let in."
    lives_through(net, "port", "one", net["n-port"].reboot)


def test_address_changes(net):
    lives_through(net, "port", "one",
                  lambda: net["n-port"].move(net.address("n-port")[:-1] + "3"))


@pytest.mark.skipif(not HAVE_NETEM, reason="this kernel has no netem")
def test_far_and_lossy(net):
    "20 ms each way, of which each packet takes another time, and one in a hundred is lost."
    pairs = [("full", "two"), ("pub", "one")]
    for name in itertools.chain(*pairs):
        gateway = (WAYS[name] or [name])[-1]
        net["u"].run("tc qdisc replace dev %s root netem %s" % (net.link(gateway)[0], NETEM))
    for pair in pairs:
        t = Traffic(net, *pair)
        t.wait_direct()
        found = t.result()
        print("%s-%s: %s" % (*pair, found))
        # four ways, by the relay
        assert found["lost"] < 20 + found["sent"] * 0.1, found
