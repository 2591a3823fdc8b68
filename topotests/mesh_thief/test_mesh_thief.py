# SPDX-License-Identifier: GPL-2.0-or-later
"""
Thieves at a hub, at its door and in a tunnel of its own members, who hold what
the keeper made: an invite that was used, a site's keys.  The members are
played, too, so that what each says is chosen here; the hub is wgd.
"""
import ipaddress
import json
import os
import time

import pytest

import lib_door as door
import lib_frames as frames
import lib_items as items
from lib_items import A, C, D, L, R, S, W
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

    def succession(self):
        return items.encode(
            S, [(1, self.mesh), (2, self.number), (4, items.public(self.invite[0x33])),
                (0x24, items.public(self.identity))],
            s7e=self.invite[0x33], s7f=self.identity)

    def text(self, sequence=1, seen=0):
        "Its question: our record, and the hub's that it says to have seen."
        who = [(1, self.mesh), (2, self.number)]
        d = items.encode(D, who + [(0x10, sequence), (0x12, items.public(self.wg)), (0x14, 51820)],
                         s7c=self.wg, s7f=self.identity)
        return door.question(seen, self.certificate, self.succession(), d)

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


def let_in(net, keeper, name, prefix):
    "A member, by its invite."
    keeper.add(name, "--prefix", prefix)
    member = Invited(keeper.line("invite", name))
    assert member.asked(net) == "welcome"
    return member


@pytest.fixture(scope="module", name="berlin")
def berlin_fixture(net, keeper):
    return let_in(net, keeper, "berlin", "192.168.7.0/24")


@pytest.fixture(scope="module", name="oslo")
def oslo_fixture(net, keeper):
    return let_in(net, keeper, "oslo", "192.168.8.0/24")


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


def test_unused_invite(net, keeper):
    "Who comes first is the member; its owner is told, and so is whoever looks at the hub."
    keeper.add("bern", "--prefix", "192.168.10.0/24")
    bern = Invited(keeper.line("invite", "bern"))
    assert thief_of(bern).asked(net) == "welcome"
    assert bern.asked(net) == "invite-used"
    assert ["invite-used", "bern"] in [[a["alarm"], a.get("member")]
                                       for a in mesh(net["h"])["alarms"]]
    keeper("revoke", keeper.folder, "bern")
    assert "applied" in keeper.load(net["h"])
    assert thief_of(bern).asked(net) == "revoked"


def test_old_list(net, keeper, berlin):
    "A list that is older than the hub's, as an old disk has it, is not taken, and a later one is."
    h = net["h"]
    with open(keeper.folder + "/update", "rb") as f:
        old = f.read()
    lima = let_in(net, keeper, "lima", "192.168.11.0/24")
    keeper("revoke", keeper.folder, "lima")
    assert "applied" in keeper.load(h)
    wait_for(lambda: "lima" not in h.show()["peers"], "end of lima")
    unwanted = mesh(h)["dropped"].get("unwanted", 0)
    site(net, berlin, frames.encode({"kind": frames.ITEM, "item": last_of(old)}))
    wait_for(lambda: mesh(h)["dropped"].get("unwanted", 0) > unwanted, "an item that is not wanted")
    assert lima.asked(net, sequence=2) == "revoked"


def last_of(update):
    "The keeper's list is the last item."
    found, rest = door.items_of(update)
    assert found[-1][3] == L and not rest
    return found[-1]


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


def site(net, member, *say, times=1):
    "What came in each connection with the hub by the member's tunnel."
    task = {"seed": member.wg.hex(), "member": member.number, "say": [b.hex() for b in say],
            "hub": net["h"].run("wg show wg0 public-key").strip(), "at": HUB + ":51820",
            "times": times}
    return json.loads(net["u"].gear.net.cmd_raises(
        "unshare -m %s %s/mesh_thief/site.py" % (PYTHON, HERE), stdin=json.dumps(task)))


def test_site_forges(net, berlin, oslo):
    "With a site's keys nobody is another one, and nothing is had that is not certified."
    h = net["h"]
    h.configure("interface wg0\nwireguard mesh routes")
    who, key = [(1, berlin.mesh)], {"s7f": berlin.identity}
    other = who + [(2, oslo.number)]
    everything = (ipaddress.ip_network("0.0.0.0/0"), None)
    certificate = [(t, v) for t, v in items.decode(berlin.certificate)[1] if t != 0x7f]
    bad = [
        # another one's record, with our WireGuard key
        items.encode(R, other + [(0x10, 9), (0x12, items.public(berlin.wg)), (0x14, 51820)],
                     s7c=berlin.wg, **key),
        # a certificate for all addresses; a list that is the last one for ever
        items.encode(C, [(t, 2**32 - 1 if t == 3 else v) for t, v in certificate] +
                     [(0x0c, (everything[0], 32))], **key),
        items.encode(L, who + [(0x11, 1), (0x20, 2**32 - 1), (0x21, 2), (0x22, (1, 2**32 - 1))], **key),
        items.encode(A, who + [(0x08, 4), (0x11, 1), (0x23, items.public(berlin.identity)),
                               (0x25, 2**32 - 1)], **key),
        # a witness, as if it were a hub
        items.encode(W, other + [(0x1b, berlin.number), (0x26, oslo.succession())], **key),
    ]
    own = items.encode(R, who + [
        (2, berlin.number), (0x10, 50), (0x12, items.public(berlin.wg)), (0x14, 51820),
        (0x18, everything), (0x18, (ipaddress.ip_network("192.168.7.0/24"), None)),
        (0x18, (ipaddress.ip_network("192.168.8.0/24"), None))], s7c=berlin.wg, **key)
    say = [frames.encode({"kind": frames.ITEM, "item": item}) for item in bad + [own]]
    say.append(frames.encode({"kind": frames.STATE, "member": oslo.number, "connected": 1}))
    before = mesh(h, " members")
    site(net, berlin, *say)

    wait_for(lambda: mesh(h, " members")["berlin"]["sequence"] == 50, "what berlin itself says")
    after = mesh(h, " members")
    assert set(after) == {"berlin", "oslo"}
    assert after["oslo"] == before["oslo"]
    assert after["berlin"]["serial"] == before["berlin"]["serial"]
    wait_for(lambda: "192.168.7.0/24" in h.show("wg0", "routes"), "berlin's prefix")
    assert not {"0.0.0.0/0", "192.168.8.0/24"} & set(h.show("wg0", "routes"))


def test_site_connects_again_and_again(net, berlin):
    "Each connection costs the hub its map once more, so there is one in a second."
    begin = time.monotonic()
    said = site(net, berlin, times=60)
    seconds = time.monotonic() - begin
    assert sum(n > 0 for n in said) <= seconds + 1, (seconds, said)


def test_disk_full(net, keeper):
    "What it could not keep, nobody is let in by."
    keeper.add("rome", "--prefix", "192.168.9.0/24")
    rome = Invited(keeper.line("invite", "rome"))
    net["h"].run("mount -o remount,ro %s" % STATE)
    said = [rome.asked(net) for _ in range(2)]
    net["h"].run("mount -o remount,rw %s" % STATE)
    assert said == ["busy", "busy"]
    assert rome.asked(net) == "welcome"
    assert thief_of(rome).asked(net) == "invite-used"


def test_map_lost(net, berlin):
    "A hub that lost its map does not take the next one for the first one."
    h = net["h"]
    h.vtysh("write memory")
    h.kill("wgd")
    h.run("rm %s/wireguard/acme.items" % STATE)
    h.start("wgd")
    wait_for(lambda: mesh(h).get("state") == "connected", "hub")
    assert thief_of(berlin).asked(net, sequence=9) == "busy"
