# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the benchmarks in Python share: their lines, a daemon's console, and the
places where they run (namespaces of their own, here or in a guest).
"""
import importlib.machinery
import importlib.util
import json
import os
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.environ.get("top_srcdir", os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
CACHE = os.path.join(
    os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "frr-wgd/kernelvm"
)
FRR = "/usr/lib/frr"
sys.path.append(TOP + "/tools")  # lib_demo


def program(path):
    "A program of this tree in Python, as a module."
    name = os.path.basename(path)
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(TOP, path))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader(name, loader)
    )
    loader.exec_module(module)
    return module


def report(name, value, unit, how, goal=None, reference=None):
    print(json.dumps({
        "bench": name, "value": value, "unit": unit, "goal": goal,
        "reference": reference, "how": how,
    }), flush=True)


def note(text):
    print("%s: %s" % (os.path.basename(sys.argv[0]), text), file=sys.stderr, flush=True)


class Failed(Exception):
    pass


class Console:
    "What a person has who types at a daemon's socket."

    def __init__(self, path, timeout=60):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)

    def ask(self, line):
        self.socket.sendall(line.encode() + b"\0")
        answer = bytearray()
        # three zeros, then the status
        while answer[-4:-1] != b"\0\0\0":
            more = self.socket.recv(65536)
            if not more:
                raise Failed("the console hung up")
            answer += more
        return answer[:-4].decode()

    def close(self):
        self.socket.close()


def give_priority(node, names, nice):
    """
    ... to the sessions of these programs at a node: with sched_autogroup, which
    most kernels have, sessions get the same share, and a nice value counts only
    among the programs of one.
    """
    net = os.readlink("/proc/%d/ns/net" % node.holder.pid)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/comm" % pid, encoding="utf-8") as f:
                if f.read().strip() not in names or os.readlink("/proc/%s/ns/net" % pid) != net:
                    continue
            with open("/proc/%s/autogroup" % pid, "w", encoding="ascii") as f:
                f.write(str(nice))
        except OSError:
            pass  # it has ended, or the kernel has none


def start_daemons(node, lines, daemons, nice=0):
    """
    FRR's daemons and wgd at a node, with this configuration; zebra with as much
    room for what the kernel says as Debian's service gives it.
    """
    node.write("/etc/frr/vtysh.conf", "service integrated-vtysh-config\n", "640")
    node.write("/etc/frr/frr.conf", "\n".join(lines) + "\n", "640")
    script = ""
    for daemon in daemons:
        path = BUILD + "/frr-wgd/wgd" if daemon == "wgd" else FRR + "/" + daemon
        more = " -s 90000000" if daemon == "zebra" else ""
        script += "nice -n %d %s -d%s --log file:/var/log/frr/%s.log >/run/start 2>&1" \
            " || { cat /run/start; exit 1; }\n" % (nice, path, more, daemon)
    node.sh(script)
    out = node.run("vtysh", "-b")
    if "%" in out or "rror" in out:
        raise Failed("%s refused its configuration:\n%s" % (node.name, out[-2000:]))


def ask(path, command):
    "One command, as an administrator; what the daemon answers."
    console = Console(path)
    try:
        console.ask("enable")
        return console.ask(command)
    finally:
        console.close()


def cpu_seconds(pid):
    "The processor time of a process so far."
    with open("/proc/%d/stat" % pid, encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def where(kind):
    name = "wireguard-go on " if kind == "userspace" else ""
    return name + "Linux " + os.uname().release


def has_kernel():
    "Has this machine's kernel WireGuard?"
    p = subprocess.run(
        ["unshare", "--net", "ip", "link", "add", "wg0", "type", "wireguard"],
        stderr=subprocess.DEVNULL)
    return p.returncode == 0


def enter(args):
    "The command that runs this script with --inside in namespaces of its own."
    return ["unshare", "--net", "--mount", "--propagation", "private", "--pid",
            "--fork", "--mount-proc", "--kill-child", sys.executable, "-B",
            os.path.abspath(sys.argv[0]), "--inside"] + args


def run_everywhere(name, kinds, args, kernels=("7.2",), memory=4000, timeout=1500):
    """
    Run this script inside, with each kind of WireGuard; that of a kernel that
    this machine does not run in each guest that tools/kernelvm has already: a
    benchmark downloads nothing.
    """
    rc = 0
    for kind in kinds:
        cmd = enter([kind] + args)
        if kind == "kernel" and not has_kernel():
            found = [k for k in kernels if os.path.isdir(CACHE + "/" + k)]
            if not found:
                report(name + ".kernel", None, "", "this kernel has no WireGuard;"
                       " try again after tools/kernelvm --prepare")
            for k in found:
                rc |= subprocess.run(
                    [TOP + "/tools/kernelvm", "-k", k, "-m", str(memory),
                     "-t", str(timeout), "-e", "top_builddir=" + BUILD,
                     "--"] + cmd).returncode
            continue
        rc |= subprocess.run(cmd).returncode
    return rc
