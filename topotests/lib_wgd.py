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

Waiting is always for a state, with a deadline: see wait_for.
"""
import ctypes
import errno
import glob
import ipaddress
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from lib import topotest
from lib.topogen import Topogen, TopoHost, TopoRouter

HERE = os.path.dirname(os.path.abspath(__file__))
BACKEND = os.environ.get("WGD_BACKEND", "userspace")
PYTHON = "/usr/bin/python3"
# Tests may take an hour.
HEAVY = os.environ.get("WGD_HEAVY") == "1"
with open("/proc/cpuinfo", encoding="ascii", errors="replace") as cpuinfo:
    # ten times slower than others
    EMULATED = "QEMU TCG" in cpuinfo.read()
KEYDIR = "/etc/frr/wireguard"
SYS_PIDFD_GETFD = 438
SO_RCVBUFFORCE = 33
DAEMON = {name: number for number, name in TopoRouter.RD.items()}
FRR = tuple(
    map(int, re.search(
        r"version (\d+)\.(\d+)",
        subprocess.check_output(["/usr/lib/frr/zebra", "--version"], text=True),
    ).groups())
)
FRR10 = FRR >= (10, 0)
# bgpd has "redistribute table" over IPv6
TABLE6 = FRR < (10, 5)

# The longest that anything a test waits for may take: BGP, BFD and OSPF come
# up within a few seconds, a client finds a restarted zebra within ten.
PATIENCE = int(os.environ.get("WGD_PATIENCE", "30"))
# ... and how much longer things take here that a test has a bound for.
SLOW = PATIENCE / 30
# ... where BFD's intervals are longer, too (Net.relax_bfd)
RELAXED_MS = 400


def wait_for(check, what, timeout=PATIENCE, every=0.1):
    """
    Call check() until it returns something true and return that.  An
    AssertionError or KeyError in it means "not yet"; its text, or the last
    false value, is what the failure shows.
    """
    end = time.monotonic() + timeout
    last = None
    while True:
        try:
            last = check()
            if last:
                return last
        except (AssertionError, KeyError, IndexError) as e:
            last = "%s: %s" % (type(e).__name__, e)
        if time.monotonic() >= end:
            pytest.fail("no %s in %d s; last: %s" % (what, timeout, last))
        time.sleep(every)


def holds(check, seconds, what, every=0.1):
    "check() stays true for that long (for what must not happen)."
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert check(), "%s did not last" % what
        time.sleep(every)


def difference(have, expected):
    """
    (missing, too many) of a device's AllowedIPs, both {prefix: owner}.  An
    entry too many that belongs to the owner of the closest expected prefix
    around it changes nothing: where the device cannot remove a single prefix,
    that is how one goes.
    """
    missing = {p: o for p, o in expected.items() if have.get(p) != o}
    extra = {p: o for p, o in have.items() if p not in expected}
    if extra:
        lengths = sorted({int(p.split("/")[1]) for p in expected}, reverse=True)
        extra = {p: o for p, o in extra.items() if _closest(p, expected, lengths) != o}
    return missing, extra


def _closest(prefix, expected, lengths):
    inner = ipaddress.ip_network(prefix)
    for length in lengths:
        if length < inner.prefixlen:
            around = str(inner.supernet(new_prefix=length))
            if around in expected:
                return expected[around]
    return None


def kernel_has(links):
    "Can such links be made here?"
    return not subprocess.call(["unshare", "-n", "sh", "-c", links], stderr=subprocess.DEVNULL)


HAVE_VRF = kernel_has("ip link add vrf-probe type vrf table 1001")


def die(site):
    "From now on nothing comes from the machine and nothing gets there."
    site.run("nft -f %s/dead.nft" % HERE)


def live(site):
    "... as before."
    site.run("nft delete table inet dead")


def lengthen_socket(pid):
    "The receive queue of a userspace program's UDP sockets (pid 0: none)."
    if not pid:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    program = os.pidfd_open(pid)
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            if not os.readlink("/proc/%d/fd/%s" % (pid, fd)).startswith("socket:"):
                continue
        except FileNotFoundError:
            continue  # one of wgd's requests, and answered
        own = libc.syscall(SYS_PIDFD_GETFD, program, int(fd), 0)
        if own < 0 and ctypes.get_errno() == errno.EBADF:
            continue
        assert own >= 0, os.strerror(ctypes.get_errno())
        with socket.socket(fileno=own) as sock:
            if sock.type == socket.SOCK_DGRAM:
                sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    os.close(program)


def make_key():
    "A new private key and its public key, in base64."
    private = subprocess.check_output(["wg", "genkey"], text=True).strip()
    public = subprocess.check_output(["wg", "pubkey"], input=private + "\n", text=True)
    return private, public.strip()


class Probe:
    """
    Probe traffic from a node to an address (see probe.py).  result() stops
    it and returns the accounting.  A slow machine gets fewer packets a second.
    """

    def __init__(self, node, address, port=7000, rate=200, source=None):
        rate /= max(SLOW, 1)
        cmd = [PYTHON, HERE + "/probe.py", "send", address, port, rate]
        self.process = node.popen(
            cmd + ([source] if source else []),
            stdin=subprocess.PIPE,
        )
        self.responder = None
        self.last = None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            if "responder" in event:
                self.responder = event["responder"]
            else:
                self.last = event

    def wait_responder(self, name, timeout=PATIENCE):
        "Until replica `name` answers."
        wait_for(
            lambda: self.responder == name,
            "answer from %s (now %s)" % (name, self.responder),
            timeout,
            0.01,
        )

    def result(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.reader.join(timeout=10)
        assert self.last, "probe failed: %s" % self.process.stderr.read()
        return self.last

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Echo:
    "What answers probes; received() stops it and tells how many it got."

    def __init__(self, node, address, port):
        self.process = node.popen(
            [PYTHON, HERE + "/probe.py", "echo", address, port, node.name]
        )
        line = self.process.stdout.readline()
        assert "listening" in line, self.process.stderr.read()

    def received(self):
        # The process is nsenter, which became python: the signal arrives.
        self.process.terminate()
        line = self.process.stdout.readline()
        self.process.wait(timeout=10)
        return json.loads(line)["received"]

    kill = Probe.kill


class Node:
    "A namespace: a site's router, a host, or the underlay's router."

    def __init__(self, net, gear):
        self.net = net
        self.gear = gear
        self.name = gear.name

    def run(self, cmd, check=True):
        "A shell command; its output. Fails the test when it fails."
        rc, out, err = self.gear.net.cmd_status(cmd, warn=False)
        assert rc == 0 or not check, "%s: %s: %s%s" % (self.name, cmd, out, err)
        return out

    def popen(self, cmd, **kwargs):
        return self.gear.net.popen(cmd, **kwargs)

    def echo(self, address, port=7000):
        "Answer probes to that address, in the node's name."
        echo = Echo(self, address, port)
        self.net.probes.append(echo)
        return echo

    def probe(self, address, **kwargs):
        self.net.make_room()
        probe = Probe(self, address, **kwargs)
        self.net.probes.append(probe)
        return probe

    def ping(self, address, source=None):
        "Does one packet come back?"
        source = "-I %s " % source if source else ""
        rc, _, _ = self.gear.net.cmd_status(
            "ping -n -c 1 -W 1 %s%s" % (source, address), warn=False
        )
        return rc == 0


class Site(Node):
    "A node with FRR and wgd."

    def __init__(self, net, gear):
        super().__init__(net, gear)

    # --- vtysh

    def vtysh(self, *commands, check=True):
        """
        Run commands in one vtysh, as a user does with -c; the output. A
        command that is refused fails the test, unless check is False.
        """
        rc, out = self.vtysh_status(*commands)
        assert rc == 0 or not check, "%s: %s: %s" % (self.name, commands, out)
        return out

    def vtysh_status(self, *commands):
        args = ["vtysh"]
        for command in commands:
            args += ["-c", command]
        rc, out, err = self.gear.net.cmd_status(args, warn=False)
        return rc, out + err

    def json(self, command):
        "The object that `command json` prints."
        out = self.vtysh(command + " json")
        try:
            return json.loads(out)
        except ValueError:
            raise AssertionError("%s: %s json: %s" % (self.name, command, out))

    def configure(self, text, check=True):
        "Enter the lines of text in the configuration mode, in one vtysh."
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return self.vtysh("configure terminal", *lines, check=check)

    def configure_one(self, daemon, text):
        "The same for one daemon alone, while another one is away."
        command = ["vtysh", "-d", daemon]
        for line in ("configure terminal\n" + text).splitlines():
            command += ["-c", line]
        self.run(command)

    def configure_static(self, line):
        "A static route while zebra or wgd is away."
        self.configure_one("mgmtd" if FRR10 else "staticd", line)

    def refused(self, text):
        "The message with which the lines are refused."
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        _, out = self.vtysh_status("configure terminal", *lines)
        assert re.search(r"%|rror|efused|nvalid|onfiguration failed", out), (
            "%s: accepted: %s: %s" % (self.name, text, out)
        )
        return out

    def running(self):
        """
        show running-config, only what is configuration, without the lines on
        logging that FRR's framework enters, another one at each daemon.
        """
        out = self.vtysh("show running-config").split("Current configuration:\n", 1)[1]
        lines = out.splitlines(keepends=True)
        return "".join(s for s in lines if not s.startswith("log "))

    def running_wireguard(self):
        "The wireguard lines of it, each with its interface."
        found, interface = [], None
        for line in self.running().splitlines():
            if line.startswith("interface "):
                interface = line.split()[1]
            elif line.startswith(" wireguard"):
                found.append("%s: %s" % (interface, line.strip()))
        return found

    # --- WireGuard

    def picture(self, name):
        """
        show wireguard graph, once it is what doc/manual/deploy/NAME.dot shows.
        It is written to RUNDIR/pictures: copy it from there where the
        picture has to change.
        """
        path = os.path.join(HERE, "../doc/manual/deploy", name + ".dot")
        written = os.path.join(os.environ["WGD_RUNDIR"], "pictures", name + ".dot")
        os.makedirs(os.path.dirname(written), exist_ok=True)
        head = "// SPDX-License-Identifier: GPL-2.0-or-later\n"
        head += "// topotests/%s, site %s\n" % (os.path.basename(self.net.dir), self.name)

        def same():
            text = head + self.vtysh("show wireguard graph")
            with open(written, "w", encoding="utf-8") as f:
                f.write(text)
            assert os.path.exists(path), text
            with open(path, encoding="utf-8") as f:
                assert f.read() == text
            return True

        wait_for(same, "picture as in " + path)

    def show(self, ifname="wg0", what=""):
        "show wireguard IFNAME [what] json, of that interface."
        command = "show wireguard %s %s" % (ifname, what)
        return self.json(command.strip())[ifname]

    def allowed(self, ifname="wg0"):
        """
        What the device itself has: {prefix: site that the public key belongs
        to}, a peer that is no site by its key.
        """
        out = self.run("wg show %s allowed-ips" % ifname, check=False)
        found = {}
        for line in out.splitlines():
            key, prefixes = line.split("\t")
            for prefix in prefixes.split():
                if prefix != "(none)":
                    found[prefix] = self.net.owner_of.get(key, key)
        return found

    def wait_allowed(self, expected, ifname="wg0", timeout=PATIENCE):
        "Until the device has each of these prefixes at that peer (None: at nobody)."

        def check():
            have = self.allowed(ifname)
            wrong = {p: have.get(p) for p in expected if have.get(p) != expected[p]}
            assert not wrong, "%s %s: has %s" % (self.name, ifname, have)
            return True

        wait_for(check, "AllowedIPs %s" % expected, timeout)

    def handshakes(self, ifname="wg0"):
        "{site: time of the last handshake, rx, tx bytes}."
        found = {}
        dump = self.run("wg show %s dump" % ifname).splitlines()[1:]
        for line in dump:
            f = line.split("\t")
            found[self.net.owner_of.get(f[0], f[0])] = tuple(int(x) for x in f[4:7])
        return found

    # --- daemons

    def pid(self, daemon):
        return int(self.run("cat /var/run/frr/%s.pid" % daemon).strip())

    def kill(self, daemon, sig=signal.SIGKILL):
        "End a daemon and see it gone."
        pid = self.pid(daemon)
        os.kill(pid, sig)
        wait_for(lambda: not os.path.exists("/proc/%d" % pid), "end of " + daemon)
        return pid

    def start(self, daemon):
        "Start a daemon again as the service does: with the saved config."
        self.gear.net.startRouterDaemons([daemon])
        wait_for(
            lambda: not self.gear.net.cmd_status(
                ["vtysh", "-d", daemon, "-c", "show version"], warn=False
            )[0],
            daemon + " to answer",
        )
        self.run("vtysh -b")

    def log(self, daemon="wgd"):
        path = os.path.join(self.gear.logdir, self.name, daemon + ".log")
        try:
            with open(path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def userspace_pid(self, ifname="wg0"):
        "The process that is the interface, 0 if there is none."
        ns = os.readlink("/proc/%d/ns/net" % self.gear.net.pid)
        for proc in glob.glob("/proc/[0-9]*"):
            try:
                with open(proc + "/cmdline", "rb") as f:
                    argv = f.read().split(b"\0")
                if (
                    b"wireguard-go" in argv[0]
                    and ifname.encode() in argv
                    and os.readlink(proc + "/ns/net") == ns
                ):
                    return int(proc.rsplit("/", 1)[1])
            except OSError:
                pass
        return 0


class Net:
    "The network of one test module."

    def __init__(self, module, sites="abc", daemons=(), hosts=None, options=None,
                 links=(), same_key=None):
        self.dir = os.path.dirname(os.path.abspath(module.__file__))
        self.names = list(sites)
        self.daemons = list(daemons)
        self.options = options or {}  # daemon -> command line
        self.hosts = hosts or {}
        self.same_key = same_key or {}  # site -> site whose keys it has
        self.links = links  # pairs of sites; interfaces to-THEOTHER
        self.nodes = {}
        self.keys = {}  # (site, interface) -> (private, public)
        self.owner_of = {}  # public key -> site
        self.probes = []  # and echoes
        self.roomy = set()  # (site, interface, index) with long queues
        self.tgen = Topogen(self._build, module.__name__)
        try:
            self.tgen.start_topology()
            self._underlay()
            self._keys()
            for name in self.names:
                self._start_daemons(self[name])
            for name in self.names:
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
        wanted = set()
        for name in self.names:
            text, interface = self._template(name), None
            for line in text.splitlines():
                if line.startswith("interface "):
                    interface = line.split()[1]
                elif line.startswith(" wireguard"):
                    wanted.add((name, interface))
            wanted.update(re.findall(r"@(\w+)\.([\w-]+)@", text))
        for name, interface in sorted(wanted):
            self.make_key(name, interface)

    def make_key(self, name, interface):
        """
        Make a key, in its default place if the site exists: a test of one
        site's own business speaks of others that are not there.
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
        path = "%s/%s.key" % (KEYDIR, interface)
        site.run("install -d -m 700 -o frr -g frr " + KEYDIR)
        site.run("install -m 600 -o frr -g frr /dev/null " + path)
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

    def load(self, name):
        "Load the site's configuration; no line of it may be refused."
        site = self[name]
        site.gear.net.cmd_raises(
            "cat > /etc/frr/frr.conf", stdin=self.expand(self._template(name))
        )
        site.run("chown frr:frr /etc/frr/frr.conf; chmod 640 /etc/frr/frr.conf")
        rc, out, err = site.gear.net.cmd_status(
            "vtysh -f /etc/frr/frr.conf", warn=False
        )
        bad = [s for s in (out + err).splitlines() if "%" in s or "rror" in s]
        assert rc == 0 and not bad, "%s.conf: %s%s" % (name, out, err)

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
        self.tgen.stop_topology()

    def dead(self):
        "Daemons that are not running any more, to be asked before stop."
        found = []
        for name in self.names:
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
        found = []
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
    r"|Received signal (4|6|7|8|11) |[Aa]ssertion .* failed|Backtrace for"
    r"|backtrace_symbols|memstats:.*wgd"
)


@pytest.fixture(scope="module", name="net")
def net_fixture(request):
    net = Net(request.module, **request.module.TOPOLOGY)
    yield net
    found = net.dead()
    net.stop()
    found += net.findings()
    if found:
        pytest.fail("left behind:\n" + "\n".join(found), pytrace=False)


