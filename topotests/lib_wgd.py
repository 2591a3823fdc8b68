# SPDX-License-Identifier: GPL-2.0-or-later
"""
Sites with wgd on a routed underlay: what all topotests share.

    a (10.255.1.2) ---+
    b (10.255.2.2) ---+--- u, a plain router
    c (10.255.3.2) ---+

Site number i, counted from 1 in the order of their names, has the underlay
addresses 10.255.i.2 and fd00:255:i::2 on its interface `under`; router u has
the .1 and ::1.  The router stands between them so that a dead site is a
silent one, never an unresolved neighbour on the same link, and so that a cut
is one place: u throws away all from and to the site, without a word.

A test module names what it wants and gets it as fixture `net`:

    TOPOLOGY = dict(sites="abc", daemons=["bgpd", "bfdd"],
                    hosts={"hb": ("b", "192.168.50.10/24", "192.168.50.1")})

Each site runs zebra, staticd, wgd and those daemons, configured by SITE.conf
beside the test, one file for all daemons as in /etc/frr/frr.conf.  The file
is a template: @b.wg0@ is the public key of interface wg0 of site b,
@implementation@ is the line that chooses the backend, or nothing.  A host is
a namespace behind its site, on the site's interface `lan` (hosts of one site
share it).  Keys are made anew in each run.

With `plain=True` its sites are namespaces with the same addresses and with
keys, in which nothing runs, for tests of what the kernel alone does.

Waiting is always for a state, with a deadline: see wait_for.
"""
import glob
import os
import re
import signal
import subprocess

import pytest

from lib.topogen import Topogen, TopoHost, TopoRouter

# what test modules take from here
from lib_node import Node, Site, die, difference, lengthen_socket, live  # noqa: F401
from lib_run import (  # noqa: F401
    BACKEND,
    EMULATED,
    FRR10,
    HAVE_VRF,
    HEAVY,
    HERE,
    PATIENCE,
    PYTHON,
    RELAXED_MS,
    SLOW,
    TABLE6,
    holds,
    kernel_has,
    signal_to,
    wait_for,
)

KEYDIR = "/etc/frr/wireguard"
PLAIN_DIRS = ["/etc/frr", "/run/wireguard"]
DAEMON = {name: number for number, name in TopoRouter.RD.items()}


def make_key():
    "A new private key and its public key, in base64."
    private = subprocess.check_output(["wg", "genkey"], text=True).strip()
    public = subprocess.check_output(["wg", "pubkey"], input=private + "\n", text=True)
    return private, public.strip()


class Net:
    "The network of one test module."

    def __init__(self, module, sites="abc", daemons=(), hosts=None, options=None,
                 links=(), same_key=None, plain=False):
        self.dir = os.path.dirname(os.path.abspath(module.__file__))
        self.names = list(sites)
        self.daemons = list(daemons)
        self.options = options or {}  # daemon -> command line
        self.hosts = hosts or {}
        self.same_key = same_key or {}  # site -> site whose keys it has
        self.plain = plain  # no daemons
        self.links = links  # pairs of sites; interfaces to-THEOTHER
        self.nodes = {}
        self.keys = {}  # (site, interface) -> (private, public)
        self.owner_of = {}  # public key -> site
        self.probes = []  # and echoes
        self.forgotten = []  # processes that were still there at the end
        self.roomy = set()  # (site, interface, index) with long queues
        self.tgen = Topogen(self._build, module.__name__)
        try:
            self.tgen.start_topology()
            self._underlay()
            self._keys()
            for name in self.names:
                if not plain:
                    self._start_daemons(self[name])
                self._address(self[name])
            for name in () if plain else self.names:
                self.load(name)
        except BaseException:
            self.stop()
            raise

    def __getitem__(self, name):
        return self.nodes[name]

    def _build(self, tgen):
        under = TopoHost(tgen, "u", privateDirs=[])
        tgen.gears["u"] = under
        for name in self.names:
            if self.plain:
                tgen.gears[name] = TopoHost(tgen, name, privateDirs=PLAIN_DIRS)
            else:
                tgen.add_router(name)
            tgen.add_link(under, tgen.gears[name], "u-" + name, "under")
        for x, y in self.links:
            tgen.add_link(tgen.gears[x], tgen.gears[y], "to-" + y, "to-" + x)
        for site in sorted({h[0] for h in self.hosts.values()}):
            tgen.add_switch("sw-" + site)
            tgen.add_link(tgen.gears["sw-" + site], tgen.gears[site], "s" + site, "lan")
        for name, (site, _, _) in self.hosts.items():
            tgen.gears[name] = TopoHost(tgen, name, privateDirs=[])
            tgen.add_link(
                tgen.gears["sw-" + site], tgen.gears[name], "s" + name, "lan"
            )

    def _underlay(self):
        for name, gear in self.tgen.gears.items():
            if name in self.names:
                self.nodes[name] = Site(self, gear)
            elif not name.startswith("sw-"):
                self.nodes[name] = Node(self, gear)
        u = self["u"]
        for i, name in enumerate(self.names, 1):
            u.run(
                "ip addr add 10.255.%d.1/24 dev u-%s;"
                "ip addr add fd00:255:%d::1/64 dev u-%s nodad" % (i, name, i, name)
            )
        for name, (_, address, gateway) in self.hosts.items():
            nodad = " nodad" if ":" in address else ""
            self[name].run("ip addr add %s dev lan%s" % (address, nodad))
            self[name].run("ip route add default via %s" % gateway)

    def _template(self, name):
        path = os.path.join(self.dir, name + ".conf")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8") as f:
            return f.read()

    def _keys(self):
        "A key for each interface that is configured or spoken of."
        wanted, paths = set(), {}
        for name in self.names:
            text, interface = self._template(name), None
            for line in text.splitlines():
                if line.startswith("interface "):
                    interface = line.split()[1]
                elif line.startswith(" wireguard"):
                    wanted.add((name, interface))
                if line.startswith(" wireguard private-key file "):
                    paths[name, interface] = line.split()[3]
            wanted.update(re.findall(r"@(\w+)\.([\w-]+)@", text))
        for name, interface in sorted(wanted):
            self.make_key(name, interface, paths.get((name, interface)))

    def make_key(self, name, interface, path=None):
        """
        Make a key, in that or its default place if the site exists: a test of
        one site's own business speaks of others that are not there.
        """
        if name in self.same_key:
            private, public = self.keys[self.same_key[name], interface]
        else:
            private, public = make_key()
        self.keys[name, interface] = (private, public)
        self.owner_of.setdefault(public, name)
        if name not in self.nodes:
            return public
        site = self[name]
        path = path or "%s/%s.key" % (KEYDIR, interface)
        site.run("install -d -m 700 " + KEYDIR)
        site.run("install -m 600 /dev/null " + path)
        site.gear.net.cmd_raises("cat > " + path, stdin=private + "\n")
        return public

    def _start_daemons(self, site):
        # One frr.conf for all. The framework would load it and not look at
        # what is said to that, so it gets an empty one; see load.
        empty = os.path.join(self.tgen.logdir, "empty.conf")
        with open(empty, "w", encoding="utf-8"):
            pass
        site.gear.load_config(TopoRouter.RD_FRR, empty)
        for daemon in ["zebra", "staticd"] + self.daemons + ["wgd"]:
            site.gear.load_config(DAEMON[daemon], param=self.options.get(daemon))
        error = site.gear.start()
        assert not error, error

    def _address(self, site):
        i = self.names.index(site.name) + 1
        site.run(
            "ip addr add 10.255.%d.2/24 dev under;"
            "ip route add 10.255.0.0/16 via 10.255.%d.1;"
            "ip addr add fd00:255:%d::2/64 dev under nodad;"
            "ip route add fd00:255::/32 via fd00:255:%d::1" % (i, i, i, i)
        )

    def expand(self, text):
        "Fill in a template."
        line = (
            "wireguard implementation userspace" if BACKEND == "userspace" else ""
        )
        text = text.replace("@implementation@", line)
        if not TABLE6:
            text = re.sub(r"^ *redistribute table\n", "", text, flags=re.M)
        return re.sub(
            r"@(\w+)\.([\w-]+)@", lambda m: self.keys[m[1], m[2]][1], text
        )

    def load(self, name, conf=None):
        "Load the site's configuration, or CONF.conf; no line may be refused."
        site = self[name]
        site.gear.net.cmd_raises(
            "cat > /etc/frr/frr.conf", stdin=self.expand(self._template(conf or name))
        )
        site.run("chown frr:frr /etc/frr/frr.conf; chmod 640 /etc/frr/frr.conf")
        rc, out, err = site.gear.net.cmd_status(
            "vtysh -f /etc/frr/frr.conf", warn=False
        )
        bad = [s for s in (out + err).splitlines() if "%" in s or "rror" in s]
        assert rc == 0 and not bad, "%s.conf: %s%s" % (conf or name, out, err)

    def cut(self, name):
        "The underlay silently loses everything from and to the site."
        i = self.names.index(name) + 1
        self["u"].run(
            "ip rule add pref %d iif u-%s blackhole;"
            "ip rule add pref %d to 10.255.%d.0/24 blackhole;"
            "ip -6 rule add pref %d iif u-%s blackhole;"
            "ip -6 rule add pref %d to fd00:255:%d::/64 blackhole"
            % (i, name, i, i, i, name, i, i)
        )

    def relax_bfd(self, profile, names):
        """
        Half a second and less for BFD is a toss-up on a slow machine that
        others use, too: sessions fall, and the traffic goes where no test
        expects it.
        """
        if SLOW > 1:
            for name in names:
                self[name].configure("bfd\nprofile %s\ntransmit-interval %d\nreceive-interval %d"
                                     % (profile, RELAXED_MS, RELAXED_MS))

    def cut_link(self, one, two):
        "Only what goes between these two sites is lost."
        for x, y in ((one, two), (two, one)):
            j = self.names.index(y) + 1
            self["u"].run(
                "ip rule add pref 100 iif u-%s to 10.255.%d.0/24 blackhole;"
                "ip -6 rule add pref 100 iif u-%s to fd00:255:%d::/64 blackhole"
                % (x, j, x, j)
            )

    def heal_links(self):
        self["u"].run("for v in -4 -4 -6 -6; do ip $v rule del pref 100; done")

    def heal(self, name):
        i = self.names.index(name) + 1
        self["u"].run("for v in -4 -4 -6 -6; do ip $v rule del pref %d; done" % i)

    def make_room(self):
        """
        Longer queues than an interface or a program has by itself: on a
        machine that is busy with other things short ones run over, and
        nobody could say whose fault a lost packet is.
        """
        for site in (self[name] for name in self.names):
            for path in site.run("ls -d /sys/class/net/wg*", check=False).split():
                ifname = os.path.basename(path)
                which = (site.name, ifname, site.run("cat %s/ifindex" % path))
                if which not in self.roomy:
                    self.roomy.add(which)
                    site.run("ip link set %s txqueuelen 10000" % ifname)
                    lengthen_socket(site.userspace_pid(ifname))

    def stop(self):
        for probe in self.probes:
            probe.kill()
        for node in self.nodes.values():
            node.end()
        namespaces = {os.readlink("/proc/%d/ns/net" % gear.net.pid)
                      for gear in self.tgen.gears.values() if hasattr(gear.net, "pid")}
        self.tgen.stop_topology()
        self._end_rest(namespaces)

    def _end_rest(self, namespaces):
        """
        What the topology's processes leave in their namespaces.  The programs
        of userspace WireGuard outlive everything, as they should; anything else
        a test has forgotten, and it would slow down all later ones.
        """
        for proc in glob.glob("/proc/[0-9]*"):
            try:
                if os.readlink(proc + "/ns/net") not in namespaces:
                    continue
                with open(proc + "/cmdline", encoding="utf-8", errors="replace") as f:
                    args = f.read().split("\0")
                os.kill(int(proc.rsplit("/", 1)[1]), signal.SIGKILL)
            except OSError:
                continue  # ended since
            if not args[0].endswith("wireguard-go"):
                self.forgotten.append("process left: " + " ".join(args))

    def dead(self):
        "Daemons that are not running any more, to be asked before stop."
        found = []
        for name in () if self.plain else self.names:
            for daemon in ["zebra", "staticd"] + self.daemons + ["wgd"]:
                pid = self[name].run("cat /var/run/frr/%s.pid" % daemon, check=False)
                if not pid.strip() or not os.path.exists("/proc/" + pid.strip()):
                    found.append("%s: %s is not running" % (name, daemon))
        return found

    def findings(self):
        """
        What no run may leave behind: reports of sanitizers, crashes, core
        files.  To be asked after stop: leaks are found at the end.
        """
        found = list(self.forgotten)
        for path in glob.glob(self.tgen.logdir + "/**", recursive=True):
            name = os.path.basename(path)
            if not os.path.isfile(path):
                continue
            if re.match(r"core(\.|$)|.*\.dmp$", name):
                found.append(path + ": core file")
                continue
            with open(path, encoding="utf-8", errors="replace") as f:
                for line in f:
                    if BAD_LINE.search(line):
                        found.append("%s: %s" % (path, line.strip()))
                        break
        return found


BAD_LINE = re.compile(
    r"AddressSanitizer|LeakSanitizer|UndefinedBehavior|: runtime error: "
    r"|seccomp: system call \d+ was refused"
    r"|Received signal (4|6|7|8|11|31) |[Aa]ssertion .* failed|Backtrace for"
    r"|backtrace_symbols|memstats:.*wgd"
)


@pytest.fixture(scope="module", name="net")
def net_fixture(request):
    yield from serve(Net(request.module, **request.module.TOPOLOGY))


def serve(net):
    "The net for a module; in the end all that it must not leave behind."
    yield net
    found = net.dead()
    net.stop()
    found += net.findings()
    if found:
        pytest.fail("left behind:\n" + "\n".join(found), pytrace=False)
