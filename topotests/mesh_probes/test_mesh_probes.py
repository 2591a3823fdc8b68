# SPDX-License-Identifier: GPL-2.0-or-later
"""
Probes between WireGuard ports: what a site learns of itself from two hubs, with
NATs on the way, and what members and strangers can do with them.
"""
import base64
import json
import os
import signal
import subprocess
import time

import pytest

import lib_door as door
import lib_items as items
import lib_probe_msg as probe
from lib_keeper import STATE, Keeper, bring, make_hub, mesh, prepare, wait_connected
from lib_probe_msg import PING, PONG
from lib_wgd import HERE, PYTHON, wait_for

TOPOLOGY = {"sites": "ahk"}
HUBS = {"h": "10.255.2.2", "k": "10.255.3.2"}
A, H, K = 2, 1, 3  # members
OWN = "10.255.1.2:51820"
OWN6 = "[fd00:255:1::2]:51820"
OUTSIDE = "10.255.1.1"  # of the NAT before a


@pytest.fixture(scope="module", name="keeper", autouse=True)
def keeper_fixture(net, tmp_path_factory):
    for name in net.names:
        prepare(net[name])
    keeper = Keeper(str(tmp_path_factory.mktemp("keeper") / "acme"))
    make_hub(keeper, net["h"], HUBS["h"])
    wait_connected(net["h"])
    assert "applied" in keeper.load(net["h"])
    keeper.add("a")
    bring(net["a"], keeper.line("invite", "a"))
    net["a"].configure("interface wg0\nip address 10.99.0.2/16\nwireguard mesh name acme")
    wait_connected(net["a"])
    return keeper


def is_seen(site, nat, *endpoints):
    def check():
        found = mesh(site)
        assert [sorted(found["observedEndpoints"]), found["nat"]] == [sorted(endpoints), nat], found
        return True
    wait_for(check, "%s: %s" % (nat, endpoints))


def at_hubs(net, names="hk"):
    "Where the hubs' devices have a: by what WireGuard sends."
    key = net["a"].run("wg show wg0 public-key").strip()
    return [line.split()[1] for name in names
            for line in net[name].run("wg show wg0 endpoints").splitlines() if line.startswith(key)]


def readdress(site):
    "An address more or less: hubs are asked at once."
    site.run("ip addr del 192.0.2.77/32 dev under 2>&- || ip addr add 192.0.2.77/32 dev under")


# --- what members can do, and strangers


def seed(site):
    "Of its identity."
    text = site.run("cat /etc/frr/wireguard/mesh/acme/identity.key").strip()
    return base64.b64decode(text.partition("ed25519:")[2])


@pytest.fixture(scope="module", name="key")
def key_fixture(net):
    "Of a and h."
    items_of_h = bytes.fromhex(net["h"].run("xxd -p %s/wireguard/acme.items" % STATE).replace("\n", ""))
    mesh_id = door.values(door.items_of(items_of_h)[0][0])[1]
    return probe.pair_key(seed(net["a"]), items.public(seed(net["h"])), mesh_id, A, H)


class Stranger:
    "Who sends datagrams from a node, from one port, to WireGuard's of a member."

    def __init__(self, node, address, *datagrams, answers=0):
        self.process = node.popen(
            [PYTHON, HERE + "/mesh_probes/datagrams.py", address, "51820", str(answers)],
            stdin=subprocess.PIPE)
        self.process.stdin.write("".join(b.hex() + "\n" for b in datagrams))
        self.process.stdin.flush()

    def end(self):
        "(its port, what came back)"
        out, err = self.process.communicate()
        assert not err, err
        port, answers = json.loads(out)
        return port, [bytes.fromhex(b) for b in answers]


def dropped(site, reason):
    return mesh(site)["dropped"].get(reason, 0)


@pytest.mark.once
def test_seen(net):
    "A hub answers a member, and no NAT is on the way."
    is_seen(net["a"], "none", OWN)


@pytest.mark.once
def test_ping_from_anywhere(net, key):
    "A member's PING is answered to where it came from, also from another port and host."
    ping = probe.encode(key, PING, A, H, 77)
    port, answers = Stranger(net["u"], HUBS["h"], ping, answers=1).end()
    assert len(answers) == 1 and probe.is_by(key, answers[0])
    assert probe.decode(answers[0]) == (PONG, H, A, 77, ("10.255.2.1", port))


@pytest.mark.device
def test_by_ipv6(net, key):
    "Of a hub with two families a site asks both, whichever WireGuard uses."
    net["h"].configure("interface wg0\nwireguard mesh endpoint fd00:255:2::2 port 51820")
    is_seen(net["a"], "none", OWN, OWN6)
    ping = probe.encode(key, PING, A, H, 78)
    port, answers = Stranger(net["u"], "fd00:255:2::2", ping, answers=1).end()
    assert [probe.decode(b) for b in answers] == [(PONG, H, A, 78, ("fd00:255:2::1", port))]


@pytest.mark.once
def test_forged_to_hub(net, key):
    "None is answered; each is counted, and costs nothing else."
    h, wrong = net["h"], os.urandom(32)
    cases = {
        "probe-forged": probe.encode(wrong, PING, A, H, 1),
        "probe-no-member": probe.encode(wrong, PING, 4711, H, 2),
        "probe-no-form": probe.encode(key, PING, A, H, 3, ("192.0.2.1", 9)),
        "probe-not-asked": probe.encode(key, PONG, A, H, 4, ("192.0.2.1", 9)),
    }
    before = {reason: dropped(h, reason) for reason in cases}
    other = probe.encode(key, PING, A, K, 5)
    own = probe.encode(key, PING, H, A, 6)  # its own words
    last = probe.encode(key, PING, A, H, 7)
    stranger = Stranger(net["u"], HUBS["h"], *cases.values(), other, own, last, answers=1)

    def counted():
        now = {reason: dropped(h, reason) - n for reason, n in before.items()}
        assert now == {**dict.fromkeys(cases, 1), "probe-no-member": 3}, now
        return True
    wait_for(counted, "what was dropped")
    _, answers = stranger.end()
    assert [probe.decode(b)[3] for b in answers] == [7]
    assert "10.255.2.1:" in h.log().split("probe-forged: a")[0].rsplit("\n", 1)[1]


@pytest.mark.once
def test_too_often(net, key):
    "20 at once and 20 a second are answered, of each member."
    h, n = net["h"], 100
    before, begin = dropped(h, "probe-too-often"), time.monotonic()
    _, answers = Stranger(net["u"], HUBS["h"], *(probe.encode(key, PING, A, H, i) for i in range(n)),
                          answers=20).end()
    most = 20 + 20 * (time.monotonic() - begin) + 1
    wait_for(lambda: dropped(h, "probe-too-often") - before + len(answers) == n, "the others")
    assert 20 <= len(answers) <= most, answers


@pytest.mark.once
def test_site_is_silent(net, key):
    "It answers nobody while it looks for no path, and a PONG counts only where its PING went."
    a = net["a"]
    before = [dropped(a, "probe-not-now"), dropped(a, "probe-not-asked")]
    stranger = Stranger(net["u"], "10.255.1.2", probe.encode(key, PING, H, A, 1),
                        probe.encode(key, PONG, H, A, 2, ("192.0.2.9", 9)))
    wait_for(lambda: [dropped(a, "probe-not-now"), dropped(a, "probe-not-asked")] ==
             [n + 1 for n in before], "what was dropped")
    assert not stranger.end()[1]
    is_seen(a, "none", OWN, OWN6)


@pytest.mark.once
def test_in_tunnel(net, key):
    "Who comes through a tunnel is no neighbour of WireGuard's port."
    h = net["h"]
    before = dropped(h, "probe-in-tunnel")
    stranger = Stranger(net["a"], "10.99.0.1", probe.encode(key, PING, A, H, 1))
    wait_for(lambda: dropped(h, "probe-in-tunnel") == before + 1, "what was dropped")
    assert not stranger.end()[1]


# --- NATs on the way


def nat(net):
    """
    Before a: from port 51820 all leaves by one port, from another one by one
    for each hub; nobody comes in whom it has not sent to.
    """
    net["u"].run(
        "nft -f - <<X\ntable ip nat {\n"
        "chain out { type nat hook postrouting priority srcnat; iifname u-a jump made; }\n"
        "chain made {\nudp sport 51820 snat to %(o)s:30000\nip daddr %(h)s meta l4proto udp snat to %(o)s:31000\n"
        "ip daddr %(k)s meta l4proto udp snat to %(o)s:31001\n}\n"
        "chain in { type filter hook forward priority 0; oifname u-a ct state new drop; }\n}\nX\n" % {
            "o": OUTSIDE, **HUBS})
    readdress(net["a"])


@pytest.mark.device
def test_one_hub(net):
    "With one hub nobody knows which kind of NAT it is."
    nat(net)
    is_seen(net["a"], "unknown", OUTSIDE + ":30000", OWN6)


@pytest.mark.device
def test_cone(net, keeper):
    "Both hubs see one port, which is the one of WireGuard's packets: the NAT sees one flow."
    make_hub(keeper, net["k"], HUBS["k"])
    wait_connected(net["k"])
    wait_for(lambda: {n: hub["state"] for n, hub in mesh(net["a"])["hubs"].items()} == {
        "h": "connected", "k": "connected"}, "both hubs")
    is_seen(net["a"], "cone", OUTSIDE + ":30000", OWN6)
    wait_for(lambda: at_hubs(net) == [OUTSIDE + ":30000"] * 2, "the same of WireGuard")
    assert "NAT: cone; hubs see us at %s:30000 %s\n" % (OUTSIDE, OWN6) in net["a"].vtysh("show wireguard mesh")


@pytest.mark.once
def test_symmetric(net):
    "And another port of ours is seen at once."
    net["a"].configure("interface wg0\nwireguard listen-port 51821")
    is_seen(net["a"], "symmetric", OUTSIDE + ":31000", OUTSIDE + ":31001",
            OWN6.replace("51820", "51821"))
    wait_for(lambda: at_hubs(net) == [OUTSIDE + ":31000", OUTSIDE + ":31001"], "the same of WireGuard")


@pytest.mark.once
def test_no_raw_socket(net):
    "Without CAP_NET_RAW all else goes on, and it is said."
    a = net["a"]
    a.vtysh("write memory")
    with open("/proc/%d/cmdline" % a.pid("wgd"), encoding="utf-8") as f:
        command = f.read().split("\0")[:-1]
    a.kill("wgd", signal.SIGTERM)
    a.run("setpriv --bounding-set=-net_raw %s >/dev/null 2>&1 </dev/null & echo" % " ".join(command))
    wait_for(lambda: not a.vtysh_status("show wireguard")[0], "an answer")
    a.run("vtysh -b")
    wait_connected(a)
    wait_for(lambda: mesh(a)["probeError"] == "CAP_NET_RAW is missing", "what it says")
    assert mesh(a)["observedEndpoints"] == [] and mesh(a)["nat"] == "unknown"
    assert "Probes: none: CAP_NET_RAW is missing\n" in a.vtysh("show wireguard mesh")
    assert "no direct paths: CAP_NET_RAW is missing" in a.log()
