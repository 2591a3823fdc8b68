# SPDX-License-Identifier: GPL-2.0-or-later
"""
What demos are made of: namespaces with a file system of their own, FRR and wgd
in them, and words.

Everything is made inside a mount, pid and network namespace of its own: when a
demo ends, however it ends, the kernel takes all of it away.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time

FRR = "/usr/lib/frr"
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROBE = ROOT + "/topotests/probe.py"
PATIENCE = 30  # seconds for anything to come about
INSIDE = "WGD_DEMO_INSIDE"
LOST = "run again with --logs DIR and look into the daemons' logs there"


class Failed(Exception):
    "The demo cannot go on; the text says what to do."


def say(text=""):
    print(text, flush=True)


def title(text):
    say("\n== " + text)


def run(cmd, **kwargs):
    p = subprocess.run(
        cmd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kwargs
    )
    if p.returncode:
        raise Failed("%s: %s" % (" ".join(cmd), p.stdout.strip()))
    return p.stdout


def wait_for(check, what, hint, timeout=PATIENCE, every=0.05):
    end = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed("%s did not come about in %d s: %s" % (what, timeout, hint))
        time.sleep(every)


#
# Namespaces
#
class Node:
    "A network namespace with /run, /etc/frr and the like of its own."

    SETUP = """
    set -e
    mount -t sysfs sysfs /sys
    for d in /run /var/tmp /etc/frr /var/log /var/lib; do mount -t tmpfs tmpfs $d; done
    mkdir -p /run/frr /run/wireguard /var/log/frr
    install -d -o frr -g frr -m 755 /var/lib/frr
    chmod 755 /run/wireguard
    chown -R frr:frr /run/frr /etc/frr /var/log/frr
    mkdir -m 700 /etc/frr/wireguard
    for f in all default; do
        echo 0 >/proc/sys/net/ipv4/conf/$f/rp_filter
        echo 1 >/proc/sys/net/ipv4/conf/$f/forwarding
    done
    ip link set lo up
    echo ready
    exec cat
    """

    def __init__(self, name):
        self.name = name
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private",
             "sh", "-c", self.SETUP],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        if self.holder.stdout.readline() != "ready\n":
            raise Failed(
                "cannot make a network namespace: the demo needs a kernel that"
                " lets root make namespaces (in a container: run it privileged)"
            )
        self.enter = ["nsenter", "-t", str(self.holder.pid), "-n", "-m"]

    def run(self, *cmd, **kwargs):
        return run(self.enter + list(cmd), **kwargs)

    def sh(self, script):
        return self.run("sh", "-ec", script)

    def popen(self, *cmd):
        return subprocess.Popen(
            self.enter + list(cmd),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )

    def write(self, path, text, mode="600", owner="frr:frr"):
        self.run(
            "sh", "-ec", "umask 077; cat >%s; chown %s %s; chmod %s %s"
            % (path, owner, path, mode, path), input=text,
        )

    def vtysh(self, *commands):
        args = []
        for command in commands:
            args += ["-c", command]
        return self.run("vtysh", *args)

    def json(self, command):
        p = subprocess.run(
            self.enter + ["vtysh", "-c", command + " json"],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        try:
            return json.loads(p.stdout)
        except ValueError:
            return {}

    def pings(self, address):
        p = subprocess.run(
            self.enter + [sys.executable, "-c", PING_ONCE, address],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        return p.returncode == 0

    def start(self, daemons, wgd):
        for daemon in daemons:
            path = wgd if daemon == "wgd" else FRR + "/" + daemon
            # FRR 10's daemons would keep a pipe open for life
            self.sh("%s -d --log file:/var/log/frr/%s.log >/run/start 2>&1"
                    " || { cat /run/start; exit 1; }" % (path, daemon))

    def configure(self, lines):
        "The lines of frr.conf, loaded."
        self.write("/etc/frr/vtysh.conf", "service integrated-vtysh-config\n", "640")
        self.write("/etc/frr/frr.conf", "\n".join(lines) + "\n", "640")
        out = self.run("vtysh", "-b")
        if "%" in out or "rror" in out:
            raise Failed("%s refused its configuration:\n%s" % (self.name, out))

    def save_logs(self, target):
        os.makedirs(target, exist_ok=True)
        out = self.sh("cd /var/log/frr; tail -n +1 *.log")
        with open(target + "/logs", "w", encoding="utf-8") as f:
            f.write(out)

    def last_words(self, daemons):
        for daemon in daemons:
            out = self.sh("tail -n 3 /var/log/frr/%s.log 2>/dev/null || :" % daemon)
            for line in out.splitlines():
                say("%s %s: %s" % (self.name, daemon, line))

    def end(self):
        self.holder.kill()
        self.holder.wait()


# One probe and its answer: a machine may have no ping.
PING_ONCE = """
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.5)
s.sendto(struct.pack("!Q", 0), (sys.argv[1], 7000))
s.recv(64)
"""


def link(one, if1, two, if2):
    run(["ip", "link", "add", if1, "netns", str(one.holder.pid), "type", "veth",
         "peer", "name", if2, "netns", str(two.holder.pid)])
    one.run("ip", "link", "set", if1, "up")
    two.run("ip", "link", "set", if2, "up")


def prompt(node, *commands):
    for command in commands:
        say("%s# %s" % (node.name, command))
        for line in node.vtysh(command).rstrip().splitlines():
            say("  " + line)


def kernel_has_wireguard():
    return subprocess.run(
        ["unshare", "-n", "ip", "link", "add", "wgd-demo", "type", "wireguard"],
        stderr=subprocess.DEVNULL,
    ).returncode == 0



def present(*daemons):
    "Since FRR 10 mgmtd has the configuration of zebra and staticd."
    return [d for d in ("mgmtd", *daemons) if os.path.exists(FRR + "/" + d)]


def require(opt, *programs):
    "Everything that can be known to be missing, before anything is made."
    if os.geteuid() != 0:
        raise Failed("run it as root: it makes network namespaces")
    opt.wgd = os.path.abspath(opt.builddir + "/frr-wgd/wgd")
    opt.vtysh = os.path.abspath(opt.builddir + "/vtysh/vtysh")
    opt.tool = os.path.abspath(opt.builddir + "/wgd-mesh/wgd-mesh")
    for path in opt.wgd, opt.vtysh, opt.tool:
        if not os.access(path, os.X_OK):
            raise Failed("no %s: build first (tools/quickstart does)" % path)
    for program, package in (
        (FRR + "/zebra", "frr"), (FRR + "/bgpd", "frr"), ("wg", "wireguard-tools"),
        ("ip", "iproute2"), ("unshare", "util-linux"), ("nsenter", "util-linux"), *programs,
    ):
        if not shutil.which(program):
            raise Failed("%s is missing: apt-get install %s" % (program, package))
    if opt.backend == "auto":
        opt.backend = "kernel" if kernel_has_wireguard() else "userspace"
    if opt.backend == "userspace":
        if not shutil.which("wireguard-go"):
            raise Failed("wireguard-go is missing: apt-get install wireguard-go")
        if not os.path.exists("/dev/net/tun"):
            raise Failed("/dev/net/tun is missing: modprobe tun")
    elif not kernel_has_wireguard():
        raise Failed("this kernel has no WireGuard: use --backend userspace")


def arguments(doc, *more):
    "(name, keywords) of more options."
    parser = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter, description=doc
    )
    parser.add_argument("--builddir", required=True)
    parser.add_argument("--backend", default="auto",
                        choices=("auto", "kernel", "userspace"))
    parser.add_argument("--logs", metavar="DIR")
    for name, how in more:
        parser.add_argument(name, **how)
    return parser.parse_args()


def main(opt, prepare, act):
    """
    prepare(opt) raises Failed for what is missing; act(opt) sets opt.current to
    what has last_words() and save_logs(into).  0, or what to exit with.
    """
    opt.current = None
    try:
        prepare(opt)
        if INSIDE not in os.environ:
            os.environ[INSIDE] = "1"
            os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
            # The shell is process 1 and reaps the daemons; its end is theirs.
            os.execvp("unshare", [
                "unshare", "--mount", "--pid", "--net", "--fork", "--mount-proc",
                "--kill-child", "--propagation", "private",
                "sh", "-c", 'trap : INT; "$@"; exit $?', "demo",
                sys.executable, "-B",
            ] + sys.argv)
        if opt.logs:
            opt.logs = os.path.abspath(opt.logs)
            os.makedirs(opt.logs, exist_ok=True)
        run(["mount", "--bind", opt.vtysh, "/usr/bin/vtysh"])
        act(opt)
        if opt.logs and opt.current:
            opt.current.save_logs(opt.logs)
    except Failed as e:
        if opt.current:
            opt.current.last_words()
            if opt.logs:
                opt.current.save_logs(opt.logs)
        say("\ndemo: failed: %s" % e)
        return 1
    except KeyboardInterrupt:
        say("\ndemo: stopped; nothing is left behind")
        return 130
    return 0
