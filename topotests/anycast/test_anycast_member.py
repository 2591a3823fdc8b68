# SPDX-License-Identifier: GPL-2.0-or-later
"""
A member that is not wgd: member.py, written from doc/gateway-group.md, stands in
the place of b.  It understands what a tells; and then it floods, lies and has
another time.  It has the private key, so a believes it until it is caught; the
clients at a go on.
"""
import pytest

import lib_member
from lib_member import A, B
from lib_wgd import SLOW, wait_for
from clients import (
    TOPOLOGY,  # the net fixture takes it from here
    group,
    role,
    two_clients,
    wait_served,
)

SERVING, TAKING, NO_HANDSHAKE = 2, 1, 0xFFFFFFFF


class Member(lib_member.Member):
    def all(self, name):
        return [e[name] for e in self.events if name in e]

    def connect(self):
        "Until a lets it in: who was cut off has to wait."

        def attempt():
            # a may have connected already, and have told its snapshot
            for e in list(self.events):
                if {"up", "bye"} & set(e):
                    self.events.remove(e)
            self.do(connect={})
            wait_for(lambda: {"up", "bye"} & {k for e in self.events for k in e},
                     "answer of a", every=0.02)
            return self.all("up")

        wait_for(attempt, "a to let it in", every=0.3)

pytestmark = pytest.mark.once  # TCP between gateways

@pytest.fixture(scope="module", name="clients", autouse=True)
def clients_fixture(net):
    with two_clients(net, echoes="a") as found:
        for name in found:
            wait_served(net, name, "a")
        yield found


@pytest.fixture(scope="module", name="member")
def member_fixture(net, clients):
    # who is dead for BFD is not believed at all
    peer = "bfd\n%%speer %s multihop local-address %s\n" % (A, B)
    net["b"].configure(peer % "" + "profile fast")
    net["b"].kill("wgd")
    member = Member(net)
    wait_for(lambda: view(net)["bfd"] == "up", "BFD")
    yield member
    member.end()
    net["b"].start("wgd")
    net["b"].configure(peer % "no ")


def view(net):
    return group(net["a"])["members"][B]


def wait_cut_off(net, times, why):
    def check():
        assert view(net)["cutOffs"] == times, view(net)
        assert view(net)["reason"] == why, view(net)
        return True

    wait_for(check, "cut off: " + why)
    assert "%s: not listening to it for %d ms" % (why, 1000 << (times - 1)) in net["a"].log()


def test_the_document_is_enough(net, clients, member):
    "It is believed, and it is told who is served, from where."
    member.connect()
    wait_for(lambda: member.all("snapshot"), "the snapshot")
    told = {t["key"]: t for t in member.all("told")}
    for name, address in (("c1", "198.51.100.11"), ("c2", "198.51.100.12")):
        record = told[net.keys[name, "wg" + name][1]]
        assert (record["claim"], record["address"]) == (SERVING, address), record
        assert record["age"] < 180000 and record["port"], record
        assert record["indices"][0], record
    wait_for(lambda: view(net)["heard"] and view(net)["connection"] == "connected", "its hello")
    assert not member.all("refused"), member.events


def test_another_time(net, clients, member):
    "A day ahead: shown and warned of, and nothing else."
    for _ in range(10):
        member.do(keepalive={"ahead": 86400000})
    wait_for(lambda: abs(view(net)["clockDifferenceMs"] - 86400000) < 5000 * SLOW, "difference")
    assert "the clock of gateway %s differs from ours" % B in net["a"].log()
    for _ in range(10):
        member.do(keepalive={"ahead": -5000})
    wait_for(lambda: -5000 * SLOW - 5000 < view(net)["clockDifferenceMs"] < -4000, "difference")
    assert clients["c1"].ping() and role(net["a"], "c1") == "serving"
    assert view(net)["cutOffs"] == 0


def test_floods(net, clients, member):
    probes = [client.probe() for client in clients.values()]
    for probe in probes:
        probe.wait_responder("a")
    member.do(flood=1000000)
    wait_cut_off(net, 1, "too many messages")
    wait_for(lambda: member.all("flooded"), "its end")
    assert member.all("flooded")[0] < 1000000
    # nobody else noticed
    for probe in probes:
        result = probe.result()
        assert result["lost"] == 0, result
    # and it may come back
    member.connect()


@pytest.mark.parametrize("number, lie", [
    (2, {"claim": SERVING, "age": 0, "address": "127.0.0.1", "port": 9}),
    (3, {"claim": SERVING, "age": 0, "serial": 1 << 40}),
], ids=["nonsense_endpoint", "serial_to_win_for_ever"])
def test_lies_at_first_sight(net, clients, member, number, lie):
    "What cannot be true is not acted on at all."
    probe = clients["c1"].probe()
    probe.wait_responder("a")
    member.do(client=dict(lie, key=net.keys["c1", "wgc1"][1]))
    wait_cut_off(net, number, "claims that cannot be true")
    assert probe.result()["lost"] == 0
    member.connect()


def test_claims_what_it_does_not_serve(net, clients, member):
    """
    It says that c1 is its own, now and each time that it is told otherwise. What
    c1 answers proves it wrong, three times; then it is not listened to.
    """
    probes = {name: client.probe() for name, client in clients.items()}
    for probe in probes.values():
        probe.wait_responder("a")
    member.do(again={"key": net.keys["c1", "wgc1"][1], "claim": SERVING, "age": 0,
                     "serial": group(net["a"])["clients"]["c1"]["serial"] + 1,
                     "address": "198.51.100.77", "port": 4242})
    wait_cut_off(net, 4, "claims that cannot be true")
    wait_for(lambda: role(net["a"], "c1") == "serving", "c1 served by a")
    assert clients["c1"].ping()
    # 2.5 s of asking each time, and it is caught the third time
    result = probes["c1"].result()
    assert result["outageMs"] < (3 * 2500 + 2500) * SLOW, result
    # the other one is not concerned
    other = probes["c2"].result()
    assert other["lost"] == 0, other
