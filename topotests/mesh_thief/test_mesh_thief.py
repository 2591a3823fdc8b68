# SPDX-License-Identifier: GPL-2.0-or-later
"""
Thieves at the door of a hub, who hold what the keeper made: an invite that was
used, a member's keys.  The members are played, too, so that what each says is
chosen here; the hub is wgd.
"""
import json
import os

import pytest

import lib_door as door
import lib_items as items
from lib_items import C, D, S
from lib_keeper import STATE, Keeper, bring, make_hub, mesh, prepare
from lib_wgd import HERE, PYTHON, wait_for

pytestmark = pytest.mark.once

TOPOLOGY = {"sites": "h"}
HUB = "10.255.1.2"
DOOR = "51822"


@pytest.fixture(scope="module", name="keeper", autouse=True)
def keeper_fixture(net, tmp_path_factory):
    prepare(net["h"])
    keeper = Keeper(str(tmp_path_factory.mktemp("keeper") / "acme"))
    make_hub(keeper, net["h"], HUB)
    wait_for(lambda: mesh(net["h"]).get("state") == "connected", "hub")
    return keeper


class Invited:
    "Who has an invite, with an identity of its own."

    def __init__(self, line, identity=None):
        self.invite = door.values(items.of_line(line))
        self.certificate = self.invite[0x34]
        self.identity = identity or os.urandom(32)
        self.wg = os.urandom(32)
        c = door.values(self.certificate)
        self.mesh, self.number = c[1], c[2]
        self.hub = self.invite[0x35][0]

    def text(self, sequence=1, seen=0):
        "Its question: our record, and the hub's that it says to have seen."
        who = [(1, self.mesh), (2, self.number)]
        s = items.encode(
            S, who + [(4, items.public(self.invite[0x33])),
                      (0x24, items.public(self.identity))],
            s7e=self.invite[0x33], s7f=self.identity)
        d = items.encode(D, who + [(0x10, sequence), (0x12, items.public(self.wg)), (0x14, 51820)],
                         s7c=self.wg, s7f=self.identity)
        return door.question(seen, self.certificate, s, d)

    def ask(self, net, *texts):
        "[(kind, text)] of the door's answers."
        said = net["u"].run(" ".join([
            PYTHON, HERE + "/mesh_thief/ask.py", HUB, DOOR, self.hub.hex(),
            *(text.hex() for text in texts)]))
        return [(kind, bytes.fromhex(text)) for kind, text in json.loads(said)]

    def asked(self, net, **what):
        "The word of the answer."
        (kind, text), = self.ask(net, self.text(**what))
        return "welcome" if kind == door.WELCOME else door.WHY[text[0]]


@pytest.fixture(scope="module", name="berlin")
def berlin_fixture(net, keeper):
    "A member, by its invite."
    keeper.add("berlin", "--prefix", "192.168.7.0/24")
    berlin = Invited(keeper.line("invite", "berlin"))
    assert berlin.asked(net) == "welcome"
    return berlin


def thief_of(member):
    "Another identity with the same invite."
    thief = Invited.__new__(Invited)
    thief.__dict__.update(member.__dict__)
    thief.identity, thief.wg = os.urandom(32), os.urandom(32)
    return thief


def test_used_invite(net, berlin):
    "It gets a word and no more, however often; the log says so once a minute."
    h = net["h"]
    thief = thief_of(berlin)
    said = thief.ask(net, *[thief.text()] * 30)
    assert {door.WHY[text[0]] for kind, text in said if kind == door.REFUSED} == {"invite-used"}
    assert len(said) == 30 and {kind for kind, _ in said} == {door.REFUSED}, said
    assert 1 <= len([s for s in h.log().splitlines() if "invite-used" in s]) <= 4
    assert berlin.asked(net, sequence=2) == "welcome"


def sequence_of(answer):
    "The hub's, in its welcome."
    kind, text = answer
    assert kind == door.WELCOME, door.WHY[text[0]]
    found = door.items_of(text)[0]
    assert [item[3] for item in found] == [C, D]
    return items.version(found[1])


def test_member_says_hub_is_old(net, berlin):
    "A member cannot have the hub say its record anew as often as it asks."
    now = sequence_of(berlin.ask(net, berlin.text(sequence=3))[0])
    said = berlin.ask(net, *(berlin.text(sequence=4 + i, seen=now + 1 + i) for i in range(20)))
    assert now < sequence_of(said[-1]) <= now + 10


def test_disk_full(net, keeper):
    "What it could not keep, nobody is let in by."
    keeper.add("oslo", "--prefix", "192.168.8.0/24")
    oslo = Invited(keeper.line("invite", "oslo"))
    net["h"].run("mount -o remount,ro %s" % STATE)
    said = [oslo.asked(net) for _ in range(2)]
    net["h"].run("mount -o remount,rw %s" % STATE)
    assert said == ["busy", "busy"]
    assert oslo.asked(net) == "welcome"
    assert thief_of(oslo).asked(net) == "invite-used"


def test_map_lost(net, berlin):
    "A hub that lost its map does not take the next one for the first one."
    h = net["h"]
    h.vtysh("write memory")
    h.kill("wgd")
    h.run("rm %s/wireguard/acme.items" % STATE)
    h.start("wgd")
    wait_for(lambda: mesh(h).get("state") == "connected", "hub")
    assert thief_of(berlin).asked(net, sequence=9) == "busy"
