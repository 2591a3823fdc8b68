# SPDX-License-Identifier: GPL-2.0-or-later
"""
Hitless, shown by traffic.  Site a has three peers.  A host behind a sends to
one behind b and one behind c, at least 1,000 packets a second each, and they
send some back, while 10,000 prefixes move between b, c and d, are
withdrawn and come back, with and without prefixes that cover them.  (Unless
--heavy, on an emulated processor it is a tenth of them and fewer packets: there
zebra needs minutes, and WireGuard drops what it cannot take without counting.)

- What is sent to and from the LANs, whose prefixes do not move, arrives: all.
- No packet to a LAN arrives at any site but its own.
- A third flow goes to one of the prefixes that move: its packets arrive at
  the old or the new owner, never at a third, and while it has an owner none
  is lost.
- At the end the device has what is expected, and nothing else.

Receivers count, with nftables: where a packet leaves the tunnel, and again
on the hosts.  The moving prefixes are kernel routes of site a, which zebra
tells like any others: routes.py writes 10,000 of them in a moment.

Where the underlay loses packets, by netem, each flow is counted on it too:
their lengths differ, and WireGuard keeps lengths apart.  What is lost is
exactly what was lost there.

Queues are made so long that none overflows.  Where the whole machine stands
still one may: a run that lost something while the kernel counted dropped
packets, or while a sender stood still, is repeated once and says so.

That loss and third sites would be seen is itself a test: replacing a peer's
list, as is done with `wg addconf`, shows both.
"""
import json
import os
import random
import subprocess
import time
import warnings

import pytest

from lib_wgd import BACKEND, EMULATED, HEAVY, PATIENCE, PYTHON, difference, wait_for
from lib.topolog import logger

device = pytest.mark.device  # removes one prefix of many

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
EASY = EMULATED and not HEAVY
# packets a second to each LAN: meant, accepted
RATE, LEAST = (200, 150) if EASY else (1300, 1000)
OTHER_RATE = 40 if EASY else 100  # of the flows back, and of that to what moves
N = 1000 if EASY else 10000
PREFIXES = ["10.%d.%d.0/24" % (i // 256, i % 256) for i in range(N)]
COVER = "10.0.0.0/10"
MOVER = "10.%d.%d.10" % (N // 2 // 256, N // 2 % 256)  # in their middle
HOST = {"ha": "192.168.1.10", "hb": "192.168.2.10", "hc": "192.168.3.10"}
FIXED = {
    "192.168.2.0/24": "b",
    "192.168.3.0/24": "c",
    "10.99.0.2/32": "b",
    "10.99.0.3/32": "c",
    "10.99.0.4/32": "d",
}
PAUSE = 0.2  # seconds without sending that mean a machine that stands still
NEXTHOP = {"b": "10.99.0.2", "c": "10.99.0.3", "d": "10.99.0.4"}

# Bytes of a datagram; as it is on the wire, WireGuard adds to that what the
# headers of two UDP datagrams and its own take, and fills up to 16.  None is a
# handshake's length.
BYTES = {"mover": 84, "ha-hb": 100, "ha-hc": 116, "hb-ha": 132, "hc-ha": 148}
HEADERS = 28
WIRE = {flow: 60 + (n + HEADERS + 15) // 16 * 16 for flow, n in BYTES.items()}

# Where a flow is counted, by its name: by its destination as it leaves the
# tunnel at a site, and as it comes to a host.  There it ends.
SITE_RULES = """
table ip count {
  chain in {
    type filter hook prerouting priority -300;
    iifname "wg0" udp dport %d ip daddr 192.168.2.10 counter comment "hb"
    iifname "wg0" udp dport %d ip daddr 192.168.3.10 counter comment "hc"
    iifname "wg0" udp dport %d ip daddr %s counter drop comment "mover"
    @under@
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
# On the wire: before u's queues, which lose some, and behind them.
UNDER_RULES = """
table ip count {
  chain out {
    type filter hook postrouting priority 300;
    @under@
  }
}
"""


def under(rules, interface):
    return rules.replace(
        "@under@",
        "".join(
            '%s udp dport 51820 ip length %d counter comment "wire %s"\n'
            % (interface, length, flow)
            for flow, length in WIRE.items()
        ),
    )


class Flow:
    "A sender (see flow.py); stop() tells how many went to each address."

    def __init__(self, node, rate, **addresses):
        self.rate = rate
        self.pause = self.share = 0
        to = [
            "%s/%d" % (address, BYTES[name.replace("_", "-")])
            for name, address in addresses.items()
        ]
        self.process = node.popen(
            [PYTHON, HERE + "/flow.py", rate, PORT] + to, stdin=subprocess.PIPE
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
        self.pause = said["pause"]
        self.share = said["sent"] / said["seconds"] / self.rate
        logger.info("flow: %s, %d %%", said, 100 * self.share)
        return said["sent"]

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Stalled(Exception):
    "The machine stood still: this run says nothing about wgd."


class Flows:
    "All senders, and what the receivers counted since they started."

    def __init__(self, net):
        self.net = net
        self.before = {name: self.counters(name) for name in net.nodes}
        self.overflowed = self.overflow()
        self.flows = {
            "ha": Flow(net["ha"], RATE, ha_hb=HOST["hb"], ha_hc=HOST["hc"]),
            "hb": Flow(net["hb"], OTHER_RATE, hb_ha=HOST["ha"]),
            "hc": Flow(net["hc"], OTHER_RATE, hc_ha=HOST["ha"]),
            "mover": Flow(net["ha"], OTHER_RATE, mover=MOVER),
        }

    @staticmethod
    def datagrams(name, comment, counter):
        """
        Of a counter of node `name`.  A program may hand several of one flow to
        the kernel as one packet, with one header, and Linux splits them late.
        """
        if name in HOST:
            flow = comment + "-" + name
        else:
            flow = "ha-" + comment if comment in HOST else comment
        if flow not in BYTES:
            return counter["packets"]  # on the wire, or none at all
        bytes_ = counter["bytes"] - HEADERS * counter["packets"]
        assert bytes_ % BYTES[flow] == 0, (name, comment, counter)
        return bytes_ // BYTES[flow]

    def counters(self, name):
        said = json.loads(self.net[name].run("nft -j list table ip count"))
        found = {}
        for item in said["nftables"]:
            rule = item.get("rule", {})
            for expr in rule.get("expr", []):
                if "counter" in expr:
                    comment = rule["comment"]
                    found[comment] = self.datagrams(name, comment, expr["counter"])
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
        Packets that the kernel itself counts as thrown away because they were
        not taken in time: sockets, the interface's queue, a processor's.
        """
        total = 0
        for name in "abcd":
            lines = self.net[name].run("grep ^Udp: /proc/net/snmp").splitlines()
            udp = dict(zip(lines[0].split(), lines[1].split()))
            total += int(udp["RcvbufErrors"])
            total += int(self.net[name].run("cat /sys/class/net/wg0/statistics/tx_dropped"))
        with open("/proc/net/softnet_stat", encoding="ascii") as f:
            return total + sum(int(line.split()[1], 16) for line in f)

    def on_the_wire(self):
        "{flow: lost between u and the sites}, of what went through the tunnel."
        u = self.counted("u")
        sites = [self.counted(name) for name in "abcd"]
        return {
            flow: u["wire " + flow] - sum(site["wire " + flow] for site in sites)
            for flow in WIRE
        }

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

    def verdict(self, mover_too, lossy):
        lost = self.stop()
        wrong = self.at_third_sites()
        assert not wrong, "packets at a third site: %s (lost: %s)" % (wrong, lost)
        if not mover_too:
            del lost["mover"]
        if lossy:
            wire = self.on_the_wire()
            assert all(wire[flow] > 0 for flow in WIRE), "netem loses nothing: %s" % wire
            logger.info("lost: %s, on the wire: %s", lost, wire)
            lost = {flow: n - wire[flow] for flow, n in lost.items()}
        share = min(flow.share for flow in self.flows.values())
        if not any(lost.values()) and share >= LEAST / RATE:
            return
        overflow = self.overflow() - self.overflowed
        pause = max(flow.pause for flow in self.flows.values())
        said = (
            "lost: %s, %d thrown away from queues, sent %d %%, %.3f s nothing"
            % (lost, overflow, 100 * share, pause)
        )
        logger.info(said)
        if overflow or pause > PAUSE or not any(lost.values()):
            raise Stalled(said)
        pytest.fail(said)

    def kill(self):
        for flow in self.flows.values():
            flow.kill()


def hitless(net, begin, steps, mover_too=True, lossy=False):
    "Loses nothing from the state `begin` through the steps."
    for again in (True, False):
        change(net, {**dict.fromkeys(list(net.have)), **begin})
        settled(net)
        flows = Flows(net)
        try:
            steps(flows)
            flows.verdict(mover_too, lossy)
            return
        except Stalled as e:
            assert again, "twice: %s" % e
            warnings.warn("once more, for this machine stood still: %s" % e)
        finally:
            flows.kill()


@pytest.fixture(name="counting", scope="module")
def counting_fixture(net):
    "Counters, and a session with each peer."
    for name in "abcd":
        rules = under(SITE_RULES, 'iifname "under"')
        net[name].gear.net.cmd_raises("nft -f -", stdin=rules)
    net["u"].gear.net.cmd_raises("nft -f -", stdin=under(UNDER_RULES, ""))
    for name in HOST:
        net[name].gear.net.cmd_raises("nft -f -", stdin=HOST_RULES)
    net["a"].wait_allowed(FIXED)
    for name in "bcd":
        net[name].wait_allowed({"192.168.1.0/24": "a"})
        wait_for(lambda: net["a"].ping(NEXTHOP[name]), "answer of " + name)
    for host in ("hb", "hc"):
        wait_for(lambda: net["ha"].ping(HOST[host]), "answer of " + host)
    wait_for(lambda: "all routes are here" in net["a"].log(), "all routes")
    net.make_room()
    net.fixed = net["a"].allowed()  # with link-local addresses
    net.have = {}  # what moves: {prefix: site}


def change(net, wanted):
    "Have these prefixes routed to these sites (None: to nobody), at once."
    lines = []
    for prefix, site in wanted.items():
        if site:
            lines.append("%s %s\n" % (prefix, NEXTHOP[site]))
            net.have[prefix] = site
        elif net.have.pop(prefix, None):
            lines.append(prefix + " -\n")
    net["a"].gear.net.cmd_raises(
        [PYTHON, HERE + "/routes.py", "wg0"], stdin="".join(lines)
    )


def settled(net):
    """
    Until the device has that, and nothing else that would matter.  A slow
    kernel needs a minute for 10,000 routes beside the traffic, most of it in
    zebra: only a tail that does not come is a failure.
    """
    expected = {**net.fixed, **net.have}
    last, since = None, time.monotonic()
    while True:
        missing, extra = difference(net["a"].allowed(), expected)
        if not missing and not extra:
            return
        now = time.monotonic()
        if (len(missing), len(extra)) != last:
            last, since = (len(missing), len(extra)), now
        some = [list(x.items())[:3] for x in (missing, extra)]
        if now - since > PATIENCE:
            pytest.fail("%d missing, %d too many, no change in %d s: %s"
                        % (*last, PATIENCE, some))
        time.sleep(0.5)  # a look takes its time, too


def step(net, flows, wanted, old, new):
    """
    One change, and the flow to the moving prefix meanwhile: from the old
    owner to the new one (None: nobody), and no packet to another.
    """
    before = flows.mover()
    began = time.monotonic()
    change(net, wanted)
    changed = time.monotonic()
    settled(net)
    logger.info(
        "from %s to %s: %d routes in %.2f s, on the device after %.2f s more",
        old, new, len(wanted), changed - began, time.monotonic() - changed,
    )
    at = flows.mover()

    def over():
        now = flows.mover()
        if new:
            return now[new] >= at[new] + 20
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


@device
def test_withdrawn_and_back(net, counting):
    def steps(flows):
        step(net, flows, everything("b"), None, "b")
        step(net, flows, everything(None), "b", None)
        step(net, flows, everything("c"), None, "c")
        step(net, flows, everything(None), "c", None)
        step(net, flows, everything("b"), None, "b")

    hitless(net, {}, steps, mover_too=False)


def test_moves(net, counting):
    def steps(flows):
        for old, new in ("bc", "cd", "db", "bd", "dc", "cb"):
            step(net, flows, everything(new), old, new)

    hitless(net, everything("b"), steps)


def under_a_cover(net, flows):
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


@device
def test_under_a_cover(net, counting):
    "A third site's prefix covers all of it; what is withdrawn falls to that."
    hitless(net, everything("b"), lambda flows: under_a_cover(net, flows))


def test_lans_under_a_cover(net, counting):
    "Prefixes around and inside the LANs move, come and go with all others."
    near = ["192.168.0.0/16", "192.168.2.0/23", "192.168.2.128/25", "192.168.3.128/25"]

    def steps(flows):
        owner = "b"
        for covers, others in (
            ("d", "b"), ("c", "d"), ("b", "c"), (None, "b"), ("d", "c"), (None, "b")
        ):
            wanted = everything(others)
            wanted.update(dict.fromkeys(near, covers))
            step(net, flows, wanted, owner, others)
            owner = others

    hitless(net, everything("b"), steps)


def test_storm(net, counting):
    "Changes in any order, none waited for; one is under way at the next."
    seed = int.from_bytes(os.urandom(4), "big")
    dice = random.Random(seed)
    logger.info("seed %d", seed)

    def steps(flows):
        step(net, flows, {COVER: "d"}, "b", "b")
        for _ in range(8):
            some = dice.sample(PREFIXES, N // 2)
            wanted = {p: dice.choice(["b", "c", "d", None]) for p in some}
            wanted[COVER] = dice.choice(["b", "c", "d"])
            wanted["192.168.0.0/16"] = dice.choice(["b", "c", "d", None])
            change(net, wanted)
            time.sleep(dice.random() / 4)
        settled(net)

    hitless(net, everything("b"), steps)


@pytest.fixture(name="netem")
def netem_fixture(net, counting):
    "Every way to a site takes 20 ms and loses one packet of 100."
    u = net["u"]
    queue = "tc qdisc %s dev u-%s root netem delay 20ms loss 1%% limit 10000"
    if BACKEND != "kernel":
        pytest.skip("wireguard-go joins packets, and then nobody can count them")
    if u.gear.net.cmd_status(queue % ("add", "a"), warn=False)[0]:
        pytest.skip("this kernel has no netem")
    for name in "bcd":
        u.run(queue % ("add", name))
    yield
    for name in "abcd":
        u.run("tc qdisc del dev u-%s root" % name)


def test_with_delay_and_loss(net, netem):
    "The same where the underlay loses some: those, and no others."

    def steps(flows):
        step(net, flows, everything("c"), "b", "c")
        step(net, flows, everything("b"), "c", "b")
        under_a_cover(net, flows)

    hitless(net, everything("b"), steps, lossy=True)


@device
def test_a_replaced_list_is_seen(net, counting):
    """
    The control: the same list given once more as a replacement.  The LAN's
    prefix is the last and d covers it: there is loss, and d gets some.
    """
    change(net, {**everything("b"), "192.168.0.0/16": "d"})
    settled(net)
    mine = [p for p, s in net["a"].allowed().items() if s == "b"]
    mine.sort(key=lambda p: p == "192.168.2.0/24")
    text = "[Peer]\nPublicKey = %s\n" % net.keys["b", "wg0"][1]
    text += "".join("AllowedIPs = %s\n" % p for p in mine)
    a = net["a"]
    a.gear.net.cmd_raises("cat > /etc/frr/replace.conf", stdin=text)
    flows = Flows(net)

    def seen():
        a.run("wg addconf wg0 /etc/frr/replace.conf")
        return flows.at_third_sites().get(("d", "hb"))

    try:
        wait_for(seen, "packets at the third site")
        assert flows.stop()["ha-hb"] > flows.overflow() - flows.overflowed
    finally:
        flows.kill()
    settled(net)
