# SPDX-License-Identifier: GPL-2.0-or-later
"""
Sites of a mesh behind NATs, one each, in a lab of sites.py: a NAT lets in what
answers (by address and port), and drops what else comes, and all machines hear each other on the underlay.

    s2 --- NAT ---+
    s3 --- NAT ---+--- u --- hub1
"""
import sys

import benchlib
import lib_demo as demo
import sites
from benchlib import HERE, Failed

RULES = """
table ip nat {
    chain out { type nat hook postrouting priority srcnat; oifname under masquerade; }
    chain forward {
        type filter hook forward priority 0; policy drop
        ct state established,related accept
        iifname lan accept
    }
    chain own { type filter hook input priority 0; iifname under meta l4proto udp drop; }
}
"""


class Site(sites.Site):
    "A machine behind a NAT."

    def join_underlay(self, lab):
        self.nat = demo.Node("nat-" + self.nick)
        self.outside = sites.under(self.number)
        demo.link(lab.u, self.port, self.nat, "under")
        demo.link(self.nat, "lan", self, "under")
        self.nat.sh("ip addr add %s/16 dev under; ip addr add 192.168.1.1/24 dev lan" % self.outside)
        self.nat.run("nft", "-f", "-", input=RULES)
        self.sh("ip addr add 192.168.1.10/24 dev under; ip route add default via 192.168.1.1")

    def cut(self, other):
        "Nothing of it goes to the outside of another site any more, or it does again."
        self.nat.sh("ip route replace blackhole %s/32" % other.outside)

    def heal(self, other):
        self.nat.sh("ip route del blackhole %s/32" % other.outside)

    def configure(self, *lines):
        "By the daemon's own console, which takes a millisecond."
        console = benchlib.Console("/proc/%d/root/run/frr/wgd.vty" % self.holder.pid)
        for line in ("enable", "configure terminal", "interface wg0", *lines):
            out = console.ask(line)
            if "%" in out:
                raise Failed("%s: %s: %s" % (self.nick, line, out))
        console.close()

    def path(self, other):
        return self.members().get(other.nick, {}).get("path")


class Lab(sites.Lab):
    def make(self, hubs, n):
        for i in range(1, hubs + 1):
            self.hubs.append(sites.Site(self, i, i))
        for i in range(hubs + 1, hubs + n + 1):
            self.sites.append(Site(self, i))
        if not self.ms:
            self.u.sh("ip link add name br0 type bridge mcast_snooping 0; ip link set dev br0 up")
            for x in self.all():
                self.u.sh("ip link set %s master br0" % x.port)
            return
        self.switch = self.u.popen(sys.executable, "-B", HERE + "/delay.py", str(self.ms),
                                   *[x.port for x in self.all()])
        if self.switch.stdout.readline() != "ready\n":
            raise Failed("no switch")

    def wait_paths(self, one, other, what, timeout=30):
        "Until both ends say so."
        self.wait(lambda: one.path(other) == what and other.path(one) == what,
                  "path %s between %s and %s" % (what, one.nick, other.nick), timeout, 0.02)


def make_pair(kind, ms):
    "A hub and two sites, relayed and not to be direct; (lab, one, other)."
    lab = Lab(kind, ms)
    lab.make(1, 2)
    lab.start_hub(lab.hubs[0])
    for x in lab.sites:
        lab.start_site(x)
    lab.wait_for_all(lab.sites, lab.all())
    for x in lab.sites:
        x.configure("wireguard mesh direct never")
    return lab, *lab.sites
