# SPDX-License-Identifier: GPL-2.0-or-later
"""
The nodes of a network: namespaces, and the sites among them, which have FRR
and wgd.
"""
import ctypes
import errno
import glob
import ipaddress
import json
import os
import re
import shlex
import signal
import socket

from lib_probe import Echo, Probe
from lib_run import FRR10, HERE, PATIENCE, signal_to, wait_for
from lib_shell import Shell

# Whose business a show command is, by its first words.
DAEMON_OF = {
    "show wireguard": "wgd",
    "show bgp": "bgpd",
    "show bfd": "bfdd",
    "show ip route": "zebra",
    "show ipv6 route": "zebra",
}
SYS_PIDFD_GETFD = 438
SO_RCVBUFFORCE = 33


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


class Node:
    "A namespace: a site's router, a host, or the underlay's router."

    folder = "."  # where commands run

    def __init__(self, net, gear):
        self.net = net
        self.gear = gear
        self.name = gear.name
        self.shell = None

    def status(self, cmd):
        "(result, output, errors) of a shell command, or of a list of words."
        self.shell = self.shell or Shell(self.gear.net)
        if not isinstance(cmd, str):
            cmd = shlex.join(map(str, cmd))
        return self.shell.run(cmd, self.folder)

    def end(self):
        if self.shell:
            self.shell.end()

    def run(self, cmd, check=True):
        "A shell command; its output. Fails the test when it fails."
        rc, out, err = self.status(cmd)
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
        rc, _, _ = self.status("ping -n -c 1 -W 1 %s%s" % (source, address))
        return rc == 0


class Site(Node):
    "A node with FRR and wgd."

    def __init__(self, net, gear):
        super().__init__(net, gear)
        # as its daemons, whose logs have relative names
        self.folder = os.path.join(gear.logdir, gear.name)

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
        rc, out, err = self.status(args)
        return rc, out + err

    def ask(self, daemon, command):
        """
        What that daemon prints to a show command, by the socket that it has for
        vtysh: most of what a wait costs would be a vtysh for each look.
        """
        # /var/run is a link, and would lead out of that root
        path = "/proc/%d/root/run/frr/%s.vty" % (self.gear.net.pid, daemon)
        with socket.socket(socket.AF_UNIX) as vty:
            try:
                vty.settimeout(PATIENCE)
                vty.connect(path)
                for line in "enable", command:
                    vty.sendall(line.encode() + b"\0")
                    out = b""
                    # three zeros and the result end it (lib/vty.c, vtysh_read)
                    while len(out) < 4 or out[-4:-1] != b"\0\0\0":
                        some = vty.recv(1 << 16)
                        assert some, "%s: %s went" % (self.name, daemon)
                        out += some
            except OSError as e:
                raise AssertionError("%s: %s: %s" % (self.name, daemon, e))
        text = out[:-4].decode()
        # as vtysh: a warning, of a route that is not there, is an answer
        assert out[-1] in (0, 1), "%s: %s: %s" % (self.name, command, text)
        return text

    def json(self, command):
        "The object that `command json` prints."
        command += " json"
        daemon = next((d for words, d in DAEMON_OF.items() if command.startswith(words)), None)
        out = self.ask(daemon, command) if daemon else self.vtysh(command)
        try:
            return json.loads(out)
        except ValueError:
            raise AssertionError("%s: %s: %s" % (self.name, command, out))

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

    def gateway_group(self, ifname="wg0"):
        "show wireguard IFNAME gateway-group json, of that interface."
        return self.show(ifname, "gateway-group")

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
        signal_to(pid, sig)
        wait_for(lambda: not os.path.exists("/proc/%d" % pid), "end of " + daemon)
        return pid

    def start(self, daemon):
        "Start a daemon again as the service does: with the saved config."
        self.gear.net.startRouterDaemons([daemon])
        wait_for(
            lambda: not self.status(["vtysh", "-d", daemon, "-c", "show version"])[0],
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

    def helper_pid(self, name):
        "wgd-keys or wgd-launch, 0 if there is none."
        ns = os.readlink("/proc/%d/ns/net" % self.gear.net.pid)
        for proc in glob.glob("/proc/[0-9]*"):
            try:
                with open(proc + "/comm", encoding="ascii", errors="replace") as f:
                    if f.read().strip() != name or os.readlink(proc + "/ns/net") != ns:
                        continue
                with open(proc + "/stat", encoding="ascii", errors="replace") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] != "Z":
                        return int(proc.rsplit("/", 1)[1])
            except OSError:
                pass
        return 0

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
