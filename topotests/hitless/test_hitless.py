# SPDX-License-Identifier: GPL-2.0-or-later
"""
Hitless, shown by traffic.  Site a has three peers.  A host behind a sends to
one behind b and one behind c, at least 1,000 packets a second each, and they
send some back, while 10,000 prefixes move between b, c and d, are
withdrawn and come back, with and without prefixes that cover them.

- What is sent to and from the LANs, whose prefixes do not move, arrives: all.
- No packet to a LAN arrives at any site but its own.
- A third flow goes to one of the prefixes that move: its packets arrive at
  the old or the new owner, never at a third, and while it has an owner none
  is lost.
- At the end the device has what is expected, and nothing else.

Receivers count, with nftables: where a packet leaves the tunnel, and again
on the hosts.  The moving prefixes are kernel routes of site a, which zebra
tells like any others: `ip -batch` writes 10,000 of them in a moment.

That loss and third sites would be seen is itself a test: replacing a peer's
list, as is done with `wg addconf`, shows both.
"""
import json
import os
import random
import subprocess
import time

import pytest

from lib_wgd import PYTHON, difference, heavy, wait_for

pytestmark = [heavy, pytest.mark.device]  # removes one prefix of many

TOPOLOGY = {
    "sites": "abcd",
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
        "hc": ("c", "192.168.3.10/24", "192.168.3.1"),
    },
}
HERE = os.path.dirname(os.path.abspath(__file__))
PORT = 7000
RATE, LEAST = 1250, 1000  # packets a second to each LAN: meant, accepted
OTHER_RATE = 400  # of the flows back, and of the one to what moves
PREFIXES = ["10.%d.%d.0/24" % (i // 256, i % 256) for i in range(10000)]
COVER = "10.0.0.0/10"
MOVER = "10.19.136.10"  # in one of PREFIXES, in their middle
HOST = {"ha": "192.168.1.10", "hb": "192.168.2.10", "hc": "192.168.3.10"}
FIXED = {
    "192.168.2.0/24": "b",
    "192.168.3.0/24": "c",
    "10.99.0.2/32": "b",
    "10.99.0.3/32": "c",
    "10.99.0.4/32": "d",
}
NEXTHOP = {"b": "10.99.0.2", "c": "10.99.0.3", "d": "10.99.0.4"}

# Where a flow is counted, by its name: by its destination as it leaves the
# tunnel at a site, and as it comes to a host.  There it ends.
SITE_RULES = """
table ip count {
  chain in {
    type filter hook prerouting priority -300;
    iifname "wg0" udp dport %d ip daddr 192.168.2.10 counter comment "hb"
    iifname "wg0" udp dport %d ip daddr 192.168.3.10 counter comment "hc"
    iifname "wg0" udp dport %d ip daddr %s counter drop comment "mover"
  }
}
""" % (PORT, PORT, PORT, MOVER)
HOST_RULES = """
table ip count {
  chain in {
    type filter hook prerouting priority -300;
    udp dport %d ip saddr 192.168.1.10 counter drop comment "ha"
    udp dport %d ip saddr 192.168.2.10 counter drop comment "hb"
    udp dport %d ip saddr 192.168.3.10 counter drop comment "hc"
  }
}
""" % (PORT, PORT, PORT)


class Flow:
    "A sender (see flow.py); stop() tells how many went to each address."

    def __init__(self, node, rate, *addresses):
        self.rate = rate
        self.process = node.popen(
            [PYTHON, HERE + "/flow.py", rate, PORT] + list(addresses),
            stdin=subprocess.PIPE,
        )
        line = self.process.stdout.readline()
        assert "sending" in line, self.process.stderr.read()
        node.net.probes.append(self)

    def stop(self):
        self.process.stdin.close()
        said = self.process.stdout.readline()
        self.process.wait(timeout=10)
        assert said, self.process.stderr.read()
        said = json.loads(said)
        rate = said["sent"] / said["seconds"]
        assert rate >= self.rate * LEAST / RATE, "only %d packets a second" % rate
        return said["sent"]

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Flows:
    "All senders, and what the receivers counted since they started."

    def __init__(self, net):
        self.net = net
        self.before = {name: self.counters(name) for name in net.nodes if name != "u"}
        self.overflowed = self.overflow()
        self.flows = {
            "ha": Flow(net["ha"], RATE, HOST["hb"], HOST["hc"]),
            "hb": Flow(net["hb"], OTHER_RATE, HOST["ha"]),
            "hc": Flow(net["hc"], OTHER_RATE, HOST["ha"]),
            "mover": Flow(net["ha"], OTHER_RATE, MOVER),
        }

    def counters(self, name):
        said = json.loads(self.net[name].run("nft -j list table ip count"))
        found = {}
        for item in said["nftables"]:
            rule = item.get("rule", {})
            for expr in rule.get("expr", []):
                if "counter" in expr:
                    found[rule["comment"]] = expr["counter"]["packets"]
        return found

    def counted(self, name):
        return {k: n - self.before[name][k] for k, n in self.counters(name).items()}

    def mover(self):
        return {name: self.counted(name)["mover"] for name in "bcd"}

    def at_third_sites(self):
        "Packets to a LAN that left the tunnel at another site than its own."
        return {
            (name, host): n
            for name in "abcd"
            for host, n in self.counted(name).items()
            if host in ("hb", "hc") and host != "h" + name and n
        }

    def overflow(self):
        """
        Packets that the kernel itself counts as thrown away because a program
        did not take them in time: the interface's queue and the socket of
        wireguard-go.  On a machine that is busy with other things there are
        some, and nobody can say whose they were.
        """
        total = 0
        for name in "abcd":
            lines = self.net[name].run("grep ^Udp: /proc/net/snmp").splitlines()
            udp = dict(zip(lines[0].split(), lines[1].split()))
            total += int(udp["RcvbufErrors"])
            total += int(self.net[name].run("cat /sys/class/net/wg0/statistics/tx_dropped"))
        return total

    def stop(self):
        """
        Stop the senders and wait for what is under way; {flow: lost}.
        """
        sent = {name: flow.stop() for name, flow in self.flows.items()}

        def lost():
            ha = self.counted("ha")
            return {
                "ha-hb": sent["ha"] - self.counted("hb")["ha"],
                "ha-hc": sent["ha"] - self.counted("hc")["ha"],
                "hb-ha": sent["hb"] - ha["hb"],
                "hc-ha": sent["hc"] - ha["hc"],
                "mover": sent["mover"] - sum(self.mover().values()),
            }

        end = time.monotonic() + 1
        while any(lost().values()) and time.monotonic() < end:
            time.sleep(0.05)
        return lost()

    def hitless(self, mover_too):
        lost = self.stop()
        wrong = self.at_third_sites()
        assert not wrong, "packets at a third site: %s (lost: %s)" % (wrong, lost)
        if not mover_too:
            del lost["mover"]
        overflow = self.overflow() - self.overflowed
        assert sum(lost.values()) <= overflow, "lost: %s, %d of them in queues" % (
            lost,
            overflow,
        )


@pytest.fixture(name="counting", scope="module")
def counting_fixture(net):
    "Counters, and a session with each peer."
    for name in "abcd":
        net[name].gear.net.cmd_raises("nft -f -", stdin=SITE_RULES)
    for name in HOST:
        net[name].gear.net.cmd_raises("nft -f -", stdin=HOST_RULES)
    net["a"].wait_allowed(FIXED)
    for name in "bcd":
        net[name].wait_allowed({"192.168.1.0/24": "a"})
        wait_for(lambda: net["a"].ping(NEXTHOP[name]), "answer of " + name)
    for host in ("hb", "hc"):
        wait_for(lambda: net["ha"].ping(HOST[host]), "answer of " + host)
    wait_for(lambda: "all routes are here" in net["a"].log(), "all routes")
    net.fixed = net["a"].allowed()  # with link-local addresses
    net.have = {}  # what moves: {prefix: site}


@pytest.fixture(name="flows")
def flows_fixture(net, counting):
    flows = Flows(net)
    yield flows
    for flow in flows.flows.values():
        flow.kill()


def change(net, wanted):
    "Have these prefixes routed to these sites (None: to nobody), at once."
    lines = []
    for prefix, site in wanted.items():
        if site:
            lines.append(
                "route replace %s via %s dev wg0" % (prefix, NEXTHOP[site])
            )
            net.have[prefix] = site
        elif net.have.pop(prefix, None):
            lines.append("route del " + prefix)
    net["a"].gear.net.cmd_raises("ip -batch -", stdin="\n".join(lines) + "\n")


def settled(net):
    "Until the device has that, and nothing else that would matter."
    expected = {**net.fixed, **net.have}

    def check():
        missing, extra = difference(net["a"].allowed(), expected)
        some = [list(x.items())[:3] for x in (missing, extra)]
        assert not missing and not extra, "%d missing, %d too many: %s" % (
            len(missing),
            len(extra),
            some,
        )
        return True

    wait_for(check, "the AllowedIPs that routing says")


def step(net, flows, wanted, old, new):
    """
    One change, and the flow to the moving prefix meanwhile: from the old
    owner to the new one (None: nobody), and no packet to another.
    """
    before = flows.mover()
    change(net, wanted)
    settled(net)
    at = flows.mover()

    def over():
        now = flows.mover()
        if new:
            return now[new] >= at[new] + 100
        still = now == at
        at.update(now)
        return still

    wait_for(over, "flow to %s" % new)
    after = flows.mover()
    third = {
        name: after[name] - before[name]
        for name in "bcd"
        if name not in (old, new) and after[name] != before[name]
    }
    assert not third, "from %s to %s: third sites got %s" % (old, new, third)


def everything(site):
    return dict.fromkeys(PREFIXES, site)


def test_withdrawn_and_back(net, flows):
    step(net, flows, everything("b"), None, "b")
    step(net, flows, everything(None), "b", None)
    step(net, flows, everything("c"), None, "c")
    step(net, flows, everything(None), "c", None)
    step(net, flows, everything("b"), None, "b")
    flows.hitless(mover_too=False)


@pytest.fixture(name="at_b")
def at_b_fixture(net, counting):
    "Everything is at b before the flow begins."
    change(net, {**dict.fromkeys(list(net.have)), **everything("b")})
    settled(net)


def test_moves(net, at_b, flows):
    for old, new in ("bc", "cd", "db", "bd", "dc", "cb"):
        step(net, flows, everything(new), old, new)
    flows.hitless(mover_too=True)


def test_under_a_cover(net, at_b, flows):
    "A third site's prefix covers all of it; what is withdrawn falls to that."
    step(net, flows, {COVER: "d"}, "b", "b")
    step(net, flows, everything("c"), "b", "c")
    step(net, flows, everything(None), "c", "d")
    step(net, flows, everything("b"), "d", "b")
    step(net, flows, {COVER: "c"}, "b", "b")
    step(net, flows, {COVER: None, **everything("d")}, "b", "d")
    # one falls to another cover than the one that goes
    step(net, flows, {COVER: "b", **everything(None)}, "d", "b")
    # in this order; the other way round c has it for a moment, by right
    step(net, flows, {**everything("d"), COVER: "c"}, "b", "d")
    step(net, flows, {COVER: "d", **everything(None)}, "d", "d")
    step(net, flows, {**everything("b"), COVER: None}, "d", "b")
    flows.hitless(mover_too=True)


def test_lans_under_a_cover(net, at_b, flows):
    "Prefixes around and inside the LANs move, come and go with all others."
    near = ["192.168.0.0/16", "192.168.2.0/23", "192.168.2.128/25", "192.168.3.128/25"]
    owner = "b"
    for covers, others in (
        ("d", "b"), ("c", "d"), ("b", "c"), (None, "b"), ("d", "c"), (None, "b")
    ):
        wanted = everything(others)
        wanted.update(dict.fromkeys(near, covers))
        step(net, flows, wanted, owner, others)
        owner = others
    flows.hitless(mover_too=True)


def test_storm(net, at_b, flows):
    "Changes in any order, none waited for; one is under way at the next."
    seed = int.from_bytes(os.urandom(4), "big")
    dice = random.Random(seed)
    print("seed %d" % seed)
    step(net, flows, {COVER: "d"}, "b", "b")
    for _ in range(8):
        some = dice.sample(PREFIXES, 5000)
        wanted = {p: dice.choice(["b", "c", "d", None]) for p in some}
        wanted[COVER] = dice.choice(["b", "c", "d"])
        wanted["192.168.0.0/16"] = dice.choice(["b", "c", "d", None])
        change(net, wanted)
        time.sleep(dice.random() / 4)
    settled(net)
    flows.hitless(mover_too=True)


def test_a_replaced_list_is_seen(net, at_b, flows):
    """
    The control: the same list given once more as a replacement.  The LAN's
    prefix is the last and d covers it: there is loss, and d gets some.
    """
    change(net, {"192.168.0.0/16": "d"})
    settled(net)
    mine = [p for p, s in net["a"].allowed().items() if s == "b"]
    mine.sort(key=lambda p: p == "192.168.2.0/24")
    text = "[Peer]\nPublicKey = %s\n" % net.keys["b", "wg0"][1]
    text += "".join("AllowedIPs = %s\n" % p for p in mine)
    a = net["a"]
    a.gear.net.cmd_raises("cat > /etc/frr/replace.conf", stdin=text)

    def seen():
        a.run("wg addconf wg0 /etc/frr/replace.conf")
        return flows.at_third_sites().get(("d", "hb"))

    wait_for(seen, "packets at the third site")
    assert flows.stop()["ha-hb"] > flows.overflow() - flows.overflowed
    settled(net)
