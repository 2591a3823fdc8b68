# SPDX-License-Identifier: GPL-2.0-or-later
"""
A site with zebra, bgpd, staticd and wgd, one interface wg0 with eight peers,
and a whole table behind them: what bench-fulltable measures.  The addresses:

    10.255.i.2              the underlay; i is 0 for the site
    10.99.0.i, fd99::i      in the tunnel; 254 is the site
    65i, 65100              AS numbers
"""
import gzip
import ipaddress
import json
import random
import sys
import time
import zlib

import benchlib
import oracle
import routewatch
from benchlib import Failed, note

import lib_demo as demo

PEERS = 8
# Each program is a session of its own, or nice values mean nothing (benchlib):
DAEMON_NICE = -15  # as Debian's service starts them: before others, birds too
FAR_NICE = -19  # the far ends, which are other machines' work
GEAR_NICE = ["nice", "-n", "-19"]  # what only measures, before all that is measured


def generate(n):
    "A table in the manner of the real one: lengths, families, nesting."
    r = random.Random(4)
    lengths = {24: 60, 23: 10, 22: 12, 21: 5, 20: 5, 19: 3, 18: 2, 17: 1, 16: 2}
    lengths6 = {48: 48, 44: 10, 40: 12, 36: 8, 32: 18, 29: 4}
    found, covers = set(), {4: [(4, 0x14 << 24, 6)], 6: [(6, 0x2A << 120, 11)]}
    while len(found) < n:
        family = 4 if r.random() < 0.85 else 6
        by = lengths if family == 4 else lengths6
        length = r.choices(list(by), list(by.values()))[0]
        _, value, around = r.choice(covers[family]) if r.random() < 0.5 else \
            covers[family][0]
        if around >= length:
            continue
        host = oracle.BITS[family] - length
        value |= r.getrandbits(length - around) << host
        found.add((family, value, length))
        if length < 24:
            covers[family].append((family, value, length))
    return sorted(found)


def load_table(path):
    opener = gzip.open if path.endswith(".gz") else open
    ours = [ipaddress.ip_network(x) for x in (
        "10.0.0.0/8", "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16",
        "198.18.0.0/15", "224.0.0.0/3", "fc00::/7", "fe80::/10", "ff00::/8")]
    ours = [oracle.parse(str(x)) for x in ours]
    table = set()
    with opener(path, "rt", encoding="ascii") as f:
        for line in f:
            line = line.split("#")[0].strip()
            if line:
                p = oracle.parse(line)
                if not any(p[0] == o[0] and (p[1] ^ o[1]) >> (
                        oracle.BITS[p[0]] - min(p[2], o[2])) == 0 for o in ours):
                    table.add(p)
    return sorted(table)


def homes(prefix):
    "(first, second) announcer."
    h = zlib.crc32(repr(prefix).encode())
    first = h % PEERS
    return first + 1, (first + 1 + h // PEERS % (PEERS - 1)) % PEERS + 1


def words(prefix):
    return "%s/%d" % (oracle.text_of(*prefix[:2]), prefix[2])


#
# The network
#
BIRD = """
log "/run/bird.log" all;
router id 10.99.0.{i};
debug protocols off;
protocol device {{ scan time 60; }}
filter told {{
	if proto ~ "changed*" then {{
		if dest = RTD_PROHIBIT then reject;
		if dest = RTD_BLACKHOLE then {{
			bgp_path.prepend(65{i:03}); bgp_path.prepend(65{i:03});
			bgp_path.prepend(65{i:03}); bgp_path.prepend(65{i:03});
		}} else bgp_community.add((65{i:03}, 1));
	}}
	if proto ~ "second*" then {{
		bgp_path.prepend(65{i:03}); bgp_path.prepend(65{i:03});
	}}
	accept;
}}
{statics}
{kernels}
protocol bgp site {{
	disabled;
	local 10.99.0.{i} as 65{i:03};
	neighbor 10.99.0.254 as 65100;
	connect delay time 1;
	hold time 240;
	ipv4 {{ import none; export filter told; next hop self; }};
	ipv6 {{ import none; export filter told; next hop address fd99::{i}; }};
}}
"""
STATIC = """
protocol static {name}{v} {{
	ipv{v};
include "/run/{name}{v}";
}}
"""
KERNEL = """
protocol kernel changed{v} {{
	ipv{v} {{ preference 250; import all; export none; }};
	learn; kernel table 100; scan time 100000;
}}
"""


class Network:
    def __init__(self, kind, table, aggregate=False):
        self.kind, self.table, self.aggregate = kind, table, aggregate
        self.u, self.s = demo.Node("u"), demo.Node("s")
        self.p = {i: demo.Node("p%d" % i) for i in range(1, PEERS + 1)}
        self.keys, self.pids = {}, {}
        self.bird = {}
        self.plug("s", self.s, 0)
        for i, p in self.p.items():
            self.plug("p%d" % i, p, i)
        self.root = "/proc/%d/root" % self.s.holder.pid

    def plug(self, name, node, i):
        demo.link(self.u, "u-" + name, node, "under")
        self.u.sh("ip addr add 10.255.%d.1/24 dev u-%s" % (i, name))
        node.sh("ip addr add 10.255.%d.2/24 dev under;"
                "ip route add 10.255.0.0/16 via 10.255.%d.1" % (i, i))

    def key(self, name):
        private = demo.run(["wg", "genkey"])
        self.keys[name] = demo.run(["wg", "pubkey"], input=private).strip()
        return private

    def start_peer(self, i):
        p = self.p[i]
        p.write("/run/key", self.key(i))
        if self.kind == "kernel":
            p.sh("ip link add wg0 type wireguard")
        else:
            p.sh("LOG_LEVEL=error setsid nice -n %d wireguard-go wg0 >/dev/null 2>&1" % FAR_NICE)
        # bird would announce a link-local next hop, which is no peer's address
        p.sh("ip link set wg0 addrgenmode none; wg set wg0 listen-port 51820 private-key /run/key peer %s"
             " endpoint 10.255.0.2:51820 allowed-ips 0.0.0.0/0,::/0;"
             "ip addr add 10.99.0.%d/24 dev wg0; ip addr add fd99::%d/64 dev wg0 nodad;"
             "ip addr add %s/32 dev lo; ip link set wg0 mtu 1420 up"
             % (self.keys["s"], i, i, routewatch.PROBED))
        root = "/proc/%d/root/run/" % p.holder.pid
        for name, place in (("first", 0), ("second", 1)):
            for v in 4, 6:
                with open("%s%s%d" % (root, name, v), "w", encoding="ascii") as f:
                    f.writelines(
                        "route %s blackhole;\n" % words(x) for x in self.table
                        if x[0] == v and homes(x)[place] == i)
        p.write("/run/bird.conf", BIRD.format(
            i=i, kernels="".join(KERNEL.format(v=v) for v in (4, 6)),
            statics="".join(STATIC.format(name=n, v=v)
                            for n in ("first", "second") for v in (4, 6))))
        self.bird[i] = p.popen("setsid", "bird", "-f", "-c", "/run/bird.conf",
                               "-s", "/run/bird.ctl", "-P", "/run/bird.pid")

    def start_site(self):
        s = self.s
        s.write("/etc/frr/wireguard/wg0.key", self.key("s"))
        for i in self.p:
            self.start_peer(i)
        lines = ["interface wg0", " ip address 10.99.0.254/24",
                 " ipv6 address fd99::254/64", " wireguard",
                 " wireguard listen-port 51820"]
        if self.kind == "userspace":
            lines.append(" wireguard implementation userspace")
        if self.aggregate:
            lines.append(" wireguard aggregate")
        for i in self.p:
            lines += [" wireguard peer p%d %s" % (i, x) for x in (
                "public-key " + self.keys[i], "address 10.99.0.%d" % i,
                "address fd99::%d" % i, "endpoint 10.255.%d.2 port 51820" % i)]
        lines += ["!", "router bgp 65100", " bgp router-id 10.99.0.254",
                  " no bgp ebgp-requires-policy"]
        for i in self.p:
            lines += [" neighbor 10.99.0.%d remote-as 65%03d" % (i, i),
                      " neighbor 10.99.0.%d timers connect 1" % i,
                      " neighbor 10.99.0.%d timers 80 240" % i]
        lines.append(" address-family ipv6 unicast")
        lines += ["  neighbor 10.99.0.%d activate" % i for i in self.p]
        lines += [" exit-address-family", "!"]
        benchlib.start_daemons(
            s, lines, demo.present("zebra", "staticd", "bgpd") + ["wgd"], DAEMON_NICE)
        self.wait(lambda: self.statistics().get("installed", 0) >= 2 * PEERS, "device")
        benchlib.give_priority(s, ("zebra", "bgpd", "staticd", "wgd", "wireguard-go"), DAEMON_NICE)
        for p in self.p.values():
            benchlib.give_priority(p, ("wireguard-go",), FAR_NICE)

    def birdc(self, i, *command):
        return self.p[i].run("birdc", "-s", "/run/bird.ctl", *command)

    def is_up(self, i):
        try:
            return "site" in self.birdc(i, "show", "protocols")
        except demo.Failed:
            return False

    def ask(self, daemon, command):
        return benchlib.ask("%s/run/frr/%s.vty" % (self.root, daemon), command)

    def pid(self, daemon):
        return int(self.s.sh("cat /run/frr/%s.pid" % daemon))

    def cpu(self):
        if not self.pids:
            self.pids = {d: self.pid(d) for d in ("zebra", "bgpd", "wgd")}
        return {d: benchlib.cpu_seconds(pid) for d, pid in self.pids.items()}

    def statistics(self):
        return json.loads(self.ask("wgd", "show wireguard statistics json"))["wg0"]

    def rss(self):
        with open("/proc/%d/status" % self.pid("wgd"), encoding="ascii") as f:
            return next(int(x.split()[1]) for x in f if x.startswith("VmRSS")) * 1024

    def received(self):
        "Paths that bgpd has."
        n = 0
        for family in "ipv4", "ipv6":
            try:
                shown = json.loads(self.ask("bgpd", "show bgp %s unicast summary json" % family))
            except ValueError:
                continue
            n += sum(p.get("pfxRcd", 0) for p in shown.get("peers", {}).values())
        return n

    def wait(self, check, what, timeout=120, every=0.2):
        end = time.monotonic() + timeout
        while True:
            value = check()
            if value:
                return value
            if time.monotonic() > end:
                raise Failed("no %s in %d s" % (what, timeout))
            time.sleep(every)

    def last_words(self):
        "What the logs say, for one who looks for a failure's cause."
        for node in [self.s] + list(self.p.values()):
            out = node.sh("tail -n 5 /var/log/frr/*.log /run/bird.log 2>/dev/null || :")
            note("%s: %s" % (node.name, out))


class Gear:
    "A program that measures, at a node; it speaks JSON, an object a line."

    def __init__(self, node, *args):
        self.process = node.popen(*GEAR_NICE, sys.executable, "-B", *args)

    def hear(self):
        return json.loads(self.process.stdout.readline())

    def ask(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.hear()


def watch(node):
    return Gear(node, routewatch.__file__, "watch")


def mover(node):
    # static routes are mgmtd's since FRR 10
    daemon = "mgmtd" if routewatch.FRR10 else "staticd"
    return Gear(node, routewatch.__file__, "move", "/run/frr/%s.vty" % daemon,
                "/run/frr/zserv.api")


def echo(node):
    gear = Gear(node, demo.PROBE, "echo", routewatch.PROBED, "7000", node.name)
    gear.hear()
    return gear
