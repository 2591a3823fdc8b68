# SPDX-License-Identifier: GPL-2.0-or-later
"""
A hole in another daemon of FRR.  All of them have one uid, and bgpd has
CAP_NET_ADMIN beside: who is in there can neither read a key, nor look into a
process that has one, nor talk to it, nor have a program of his own run.

And a hole in wgd itself: what its helpers do for whoever asks is bounded.
"""
import ctypes
import json
import os
import re
import signal

import pytest

from lib_wgd import BACKEND, KEYDIR, PYTHON, holds, signal_to, wait_for

D = "/opt/hostile"  # a folder that root alone writes, as far as here
HOLE = D + "/wireguard-go"
NAMED = D + "/named"

TOPOLOGY = {"sites": ["ka", "kb"],
            "options": {"wgd": "--userspace-program %s --userspace-program /bin/none" % NAMED}}
# what bgpd has in its permitted set
BGPD = ("setpriv --reuid frr --regid frr --init-groups"
        " --inh-caps +net_bind_service,+net_admin,+net_raw"
        " --ambient-caps +net_bind_service,+net_admin,+net_raw ")
userspace_only = pytest.mark.skipif(
    BACKEND != "userspace", reason="needs a userspace program"
)

ATTACH = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
pid = int(sys.argv[1])
if libc.ptrace(16, pid, None, None) == 0:  # PTRACE_ATTACH
    os.waitpid(pid, 0)
    libc.ptrace(17, pid, None, None)
    print("attached")
else:
    print("ptrace:", os.strerror(ctypes.get_errno()))
for name in ("mem", "environ", "maps"):
    try:
        open("/proc/%d/%s" % (pid, name), "rb").close()
        print("opened", name)
    except OSError as e:
        print(name + ":", e.strerror)
"""

ASK = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
try:
    s.connect("/run/wireguard/wg0.sock")
except OSError as e:
    sys.exit(e.strerror)
s.sendall(b"get=1\\n\\n")
print("private_key" if b"private_key=" in s.recv(65536) else "nothing")
"""


def as_bgpd(site, command):
    "Exit status and output of a command that a hole in bgpd could run."
    rc, out, err = site.gear.net.cmd_status(
        ["sh", "-c", BGPD + command], warn=False)
    return rc, out + err


def script(text, *args):
    return "%s -c '%s' %s" % (PYTHON, text, " ".join(map(str, args)))


def pid_of(site, what):
    if what == "wgd":
        return site.pid("wgd")
    if what == "program":
        return site.userspace_pid()
    return site.helper_pid(what)


def answers(net):
    return net["ka"].ping("10.99.0.2")


def test_traffic(net):
    wait_for(lambda: answers(net), "answer")


# --- from another daemon


@pytest.mark.parametrize("name", ["wg0.key", "mine.psk"])
def test_files(net, name):
    ka, path = net["ka"], KEYDIR + "/" + name
    if name.endswith("psk"):
        ka.vtysh("wireguard generate preshared-key file " + path)
    rc, out = as_bgpd(ka, "cat " + path)
    assert rc != 0 and "Permission denied" in out, out
    assert ka.run("stat -c '%a %u' " + path).split() == ["600", "0"]
    # nor can another one be put in its place
    for command in ("ls " + KEYDIR, "touch %s/x" % KEYDIR, "rm -f " + path,
                    "mv %s /etc/frr/x" % path, "ln %s /etc/frr/x" % path):
        rc, out = as_bgpd(ka, command)
        assert rc != 0, command


@pytest.mark.parametrize("what", ["wgd", "wgd-keys", "wgd-launch", pytest.param(
    "program", marks=userspace_only)])
def test_look_into(net, what):
    "ptrace, and the memory by /proc."
    pid = pid_of(net["ka"], what)
    assert pid, "no " + what
    _, out = as_bgpd(net["ka"], script(ATTACH.replace("'", '"'), pid))
    assert "attached" not in out and "opened" not in out, out
    assert "ptrace: Operation not permitted" in out, out


@pytest.mark.parametrize("what", ["wgd", pytest.param("program", marks=userspace_only)])
def test_gdb(net, what):
    _, out = as_bgpd(net["ka"], "gdb -batch -nx -p %d" % pid_of(net["ka"], what))
    assert "ptrace: Operation not permitted" in out, out


@userspace_only
def test_ask_the_program(net):
    rc, out = as_bgpd(net["ka"], script(ASK))
    assert rc != 0 and "Permission denied" in out, out
    assert "private_key" not in out
    # root may, so that this is what keeps him out
    assert "private_key" in net["ka"].run(script(ASK))


@userspace_only
def test_false_program(net):
    "A socket of his own, to be given the key."
    for command in ("touch /run/wireguard/x", "rm -f /run/wireguard/wg0.sock",
                    "mv /run/wireguard/wg0.sock /run/wireguard/x"):
        rc, out = as_bgpd(net["ka"], command)
        assert rc != 0, (command, out)


@userspace_only
def test_ask_for_the_key(net):
    "wg(8) asks the program; where the kernel is asked, CAP_NET_ADMIN is enough."
    rc, out = as_bgpd(net["ka"], "wg show wg0 private-key")
    assert rc != 0 or net.keys["ka", "wg0"][0] not in out, out


# --- a program of his own

@pytest.fixture
def folder(net):
    net["ka"].run("mkdir -p %s; mount -t tmpfs -o mode=755 tmpfs %s" % (D, D))
    yield
    net["ka"].run("umount %s; rmdir %s" % (D, D))


# what is done, the program, what is wrong with which thing
PROGRAMS = {
    "his": ("cp /bin/true p; chown frr p", "p", "p", "belongs to uid"),
    "his-folder": ("mkdir f; cp /bin/true f/p; chown frr f", "f/p", "f", "belongs to uid"),
    "writable": ("cp /bin/true p; chmod 775 p", "p", "p", "only root may write"),
    "writable-folder": ("mkdir f; cp /bin/true f/p; chmod 1777 f", "f/p", "f",
                        "only root may write"),
    "folder-above": ("mkdir -p f/g; cp /bin/true f/g/p; chown frr f", "f/g/p", "f",
                     "belongs to uid"),
    "link": ("cp /bin/true q; chown frr q; ln -s q p", "p", "q", "belongs to uid"),
    "no-program": ("cp /bin/true p; chmod 644 p", "p", "p", "is no program"),
    "folder": ("mkdir p", "p", "p", "is no program"),
}


@pytest.mark.parametrize("case", PROGRAMS)
def test_program_refused(net, folder, case):
    "The message names the thing and the reason."
    ka = net["ka"]
    make, program, named, why = PROGRAMS[case]
    ka.run("cd %s; %s" % (D, make))
    out = ka.refused("interface wg9\nwireguard implementation userspace %s/%s" % (D, program))
    assert "%s/%s: " % (D, named) in out and why in out, out
    assert not [s for s in ka.running_wireguard() if s.startswith("wg9")]


# of root's, and safe as files go; they run what they are told
TOOLS = ["/usr/bin/setsid", "/usr/bin/env", "setsid"]


@pytest.mark.parametrize("program", TOOLS)
def test_tool_refused(net, program):
    "`setsid -f NAME` would run NAME, as root."
    ka = net["ka"]
    out = ka.refused("interface reboot\nwireguard implementation userspace " + program)
    real = os.path.realpath("/usr/bin/" + os.path.basename(program))
    assert real + ": " in out and "--userspace-program" in out, out
    assert not [s for s in ka.running_wireguard() if s.startswith("reboot")]


@userspace_only
@pytest.mark.parametrize("name", [HOLE, NAMED])
def test_program_permitted(net, folder, name):
    "By its name, or by wgd's option; a link's own name is nothing."
    ka = net["ka"]
    ka.run("cp $(readlink -f /usr/bin/wireguard-go) %s; ln -s %s %s/link;"
           "cp /bin/true %s/x; ln -s x %s/boringtun" % (name, name, D, D, D))
    out = ka.refused("interface wg5\nwireguard implementation userspace %s/boringtun" % D)
    assert D + "/x: " in out and "--userspace-program" in out, out
    ka.configure("interface wg5\nwireguard implementation userspace %s/link" % D)
    wait_for(lambda: ka.show("wg5")["syncState"] == "synced", "wg5")
    ka.configure("interface wg5\nno wireguard implementation\nno wireguard", check=False)
    wait_for(lambda: not ka.userspace_pid("wg5"), "end of the program")


@userspace_only
def test_program_changed_after_the_commit(net, folder):
    "It is looked at again when it is started."
    ka = net["ka"]
    ka.run("cp $(readlink -f /usr/bin/wireguard-go) %s/wireguard-go" % D)
    ka.configure("interface wg8\nwireguard implementation userspace %s/wireguard-go" % D)
    wait_for(lambda: ka.show("wg8")["syncState"] == "synced", "wg8")
    ka.run("chown frr %s/wireguard-go" % D)
    signal_to(ka.userspace_pid("wg8"))
    wait_for(lambda: "wg8: %s/wireguard-go: belongs to uid" % D in ka.log(),
             "a refusal in the log")
    holds(lambda: not ka.userspace_pid("wg8"), 2, "no program")
    ka.configure("interface wg8\nno wireguard implementation\nno wireguard", check=False)


def have_landlock():
    try:
        with open("/sys/kernel/security/lsm", encoding="ascii") as f:
            return "landlock" in f.read()
    except OSError:
        # not mounted here: ask for the version of its interface
        return ctypes.CDLL(None).syscall(444, None, 0, 1) > 0


@pytest.mark.skipif(not have_landlock(), reason="this kernel has no Landlock")
def test_hole_in_a_program(net, folder):
    "It has root's uid, and nothing of root's but its socket."
    ka = net["ka"]
    ka.gear.net.cmd_raises("cat >%s; chmod 755 %s" % (HOLE, HOLE), stdin="""#!/bin/sh
exec 2>/run/wireguard/said
echo begun >&2
cat /etc/frr/wireguard/wg0.key >&2
echo x >/etc/frr/hole
""")
    ka.configure("interface wg7\nwireguard implementation userspace " + HOLE)
    wait_for(lambda: "hole" in ka.run("cat /run/wireguard/said", check=False), "its words")
    ka.configure("interface wg7\nno wireguard implementation\nno wireguard", check=False)
    said = ka.run("cat /run/wireguard/said; rm -f /run/wireguard/said")
    assert said.startswith("begun") and said.count("Permission denied") == 2, said
    assert not ka.run("ls /etc/frr/hole", check=False)


SOCKET = "/run/wgd-test.%d.sock" % os.getpid()

LISTEN = """
import os, socket, time
s = socket.socket(socket.AF_UNIX)
os.umask(0o177)
s.bind("%s")
s.listen()
time.sleep(600)
""" % SOCKET

CONNECT = """#!%s -IS
import socket
said = "connected"
try:
    socket.socket(socket.AF_UNIX).connect("%s")
except OSError as e:
    said = e.strerror
open("/run/wireguard/said", "x").write(said + "; done")
""" % (PYTHON, SOCKET)


@userspace_only
def test_sockets_of_root(net, folder):
    "Those of services in /run: who connects to one as root has the machine."
    ka = net["ka"]
    ka.gear.net.cmd_raises("cat >%s; chmod 755 %s" % (HOLE, HOLE), stdin=CONNECT)
    pid = ka.run("%s -c '%s' >/dev/null 2>&1 </dev/null & echo $!"
                 % (PYTHON, LISTEN.replace("'", '"'))).strip()
    try:
        wait_for(lambda: ka.run("stat -c %%a:%%u %s" % SOCKET, check=False).strip() == "600:0",
                 "a socket of root's")
        ka.configure("interface wg6\nwireguard implementation userspace " + HOLE)
        wait_for(lambda: "done" in ka.run("cat /run/wireguard/said", check=False), "its words")
        said = ka.run("cat /run/wireguard/said")
    finally:
        ka.run("kill %s; rm -f %s" % (pid, SOCKET))
        ka.configure("interface wg6\nno wireguard implementation\nno wireguard", check=False)
    ka.run("rm -f /run/wireguard/said")
    assert said == "No such file or directory; done", said
    assert "mountNamespace" not in protection(ka)["launcher"].get("lacks", [])


@userspace_only
def test_unmet_program_ends_with_wgd(net, folder):
    "Its link has no mark yet, and the next life would take that for somebody else's."
    ka = net["ka"]
    ka.run("vtysh -w")
    ka.gear.net.cmd_raises("cat >%s; chmod 755 %s" % (HOLE, HOLE), stdin="#!/bin/sh\nexec sleep 600\n")
    ka.configure("interface wg4\nwireguard implementation userspace " + HOLE)
    wait_for(lambda: "wg4: started " in ka.log(), "the program")
    pid = re.findall(r"wg4: started \S+, pid (\d+)", ka.log())[-1]
    assert os.path.exists("/proc/" + pid)
    ka.kill("wgd")
    wait_for(lambda: not os.path.exists("/proc/" + pid), "its end")
    ka.start("wgd")
    wait_for(lambda: ka.show()["syncState"] == "synced", "wgd in sync")
    wait_for(lambda: answers(net), "answer")


# --- from wgd

FORBIDDEN = [
    ("/etc/shadow", "--key-folder"),
    ("/root/key", "--key-folder"),
    ("/etc/frr/../shadow", "plain path"),
    ("/etc/frr/wireguard/../../shadow", "plain path"),
    ("/etc/frr/wireguard/link", "symbolic link"),
    ("/etc/frr/wireguard/linked/key", "symbolic link"),
    ("/etc/frr/wireguard/fifo", "regular"),
    ("/etc/frr/wireguard/text", "base64"),
    ("/etc/frr/wireguard/nobodys", "belongs to uid"),
    ("/etc/frr/twice", "more than one name"),
]


@pytest.fixture(scope="module")
def planted(net):
    net["ka"].run(
        "cd %s; umask 077; wg genkey >/var/tmp/frr/outside; mkdir -p /var/tmp/frr/outside.d;"
        "wg genkey >/var/tmp/frr/outside.d/key; ln -s /var/tmp/frr/outside link; ln -s /var/tmp/frr/outside.d linked;"
        "mkfifo fifo; echo secret >text; wg genkey >nobodys; chown nobody nobodys;"
        "cd ..; wg genkey >twice; chown frr twice; ln twice twice.too" % KEYDIR)


@pytest.mark.parametrize("path,why", FORBIDDEN, ids=[f[0] for f in FORBIDDEN])
def test_not_read(net, planted, path, why):
    ka = net["ka"]
    out = ka.refused("interface wg0\nwireguard peer kb preshared-key file " + path)
    assert path in out and why in out, out
    assert "secret" not in out.replace("preshared-key", "")


@pytest.mark.parametrize("path", ["/etc/sudoers.d/x", "/etc/frr/x", "/etc/nologin",
                                  "/etc/frr/wireguard/linked/x", "/etc/frr/wireguard/../x"])
def test_not_made(net, planted, path):
    ka = net["ka"]
    rc, out = ka.vtysh_status("wireguard generate private-key file " + path)
    assert path in out and "Public key" not in out, out
    assert not ka.run("ls " + path, check=False)


def protection(site):
    return json.loads(site.vtysh("show wireguard protection json"))


def have_seccomp():
    with open("/proc/self/status", encoding="ascii") as f:
        return "Seccomp:" in f.read()


def test_protection(net):
    "What is in force is the kernel's word."
    ka = net["ka"]
    shown = protection(ka)
    frr = int(ka.run("id -u frr"))
    rows = [("wgd", frr), ("keyProcess", 0), ("launcher", 0)]
    rows += [("programs", 0)] if BACKEND == "userspace" else []
    for name, uid in rows:
        row = shown[name]["wg0"] if name == "programs" else shown[name]
        assert row["runs"] is True and row["uid"] == uid, (name, row)
        assert row["noNewPrivileges"] is True and row["boundingSet"] == 0, (name, row)
        assert row["seccomp"] is have_seccomp(), (name, row)
        with open("/proc/%d/status" % row["pid"], encoding="ascii") as f:
            status = dict(s.split(":\t", 1) for s in f.read().splitlines() if ":\t" in s)
        assert int(status["CapBnd"], 16) == 0 and status["NoNewPrivs"] == "1"
        assert int(status["CapPrm"], 16) == row["capabilities"]
    text = ka.vtysh("show wireguard protection")
    for word in "key process", "launcher", "no new privileges", "empty bounding set":
        assert word in text, text


def restart(site):
    site.run("vtysh -w")
    site.kill("wgd", signal.SIGTERM)
    site.start("wgd")
    wait_for(lambda: site.show()["syncState"] == "synced", "wgd in sync")


@userspace_only
def test_without_mounts(net):
    "In a container without CAP_SYS_ADMIN programs run all the same, and it is said."
    ka = net["ka"]
    ka.run("vtysh -w")
    with open("/proc/%d/cmdline" % ka.pid("wgd"), encoding="utf-8") as f:
        command = f.read().split("\0")[:-1]
    ka.kill("wgd", signal.SIGTERM)
    signal_to(ka.userspace_pid())
    wait_for(lambda: not ka.userspace_pid(), "end of the program")
    ka.run("rm -f /run/wireguard/*; setpriv --bounding-set=-sys_admin %s"
           " >/dev/null 2>&1 </dev/null & echo" % " ".join(command))
    wait_for(lambda: not ka.vtysh_status("show wireguard")[0], "an answer")
    ka.run("vtysh -b")
    wait_for(lambda: ka.show()["syncState"] == "synced", "wgd in sync")
    wait_for(lambda: answers(net), "answer")
    assert "wg0: the program can connect to root's sockets in /run" in ka.log()
    assert "mountNamespace" in protection(ka)["launcher"]["lacks"]
    assert "no mount namespace" in ka.vtysh("show wireguard protection")
    signal_to(ka.userspace_pid())
    restart(ka)
    assert "mountNamespace" not in protection(ka)["launcher"].get("lacks", [])


def test_helpers_end_with_it(net):
    "Also if it is killed; the devices and their programs stay."
    ka = net["ka"]
    ka.run("vtysh -w")
    # the program is a new one: it makes its session first
    wait_for(lambda: answers(net), "answer")
    helpers = [ka.helper_pid(n) for n in ("wgd-keys", "wgd-launch")]
    program = ka.userspace_pid()
    ka.kill("wgd")
    wait_for(lambda: not any(os.path.exists("/proc/%d" % p) for p in helpers),
             "end of the helpers")
    assert ka.userspace_pid() == program
    assert answers(net)
    ka.start("wgd")
    wait_for(lambda: ka.show()["syncState"] == "synced", "wgd in sync")
    assert ka.userspace_pid() == program


def test_key_process_killed(net):
    "wgd says so and goes on; only what needs a key waits for a restart."
    ka = net["ka"]
    signal_to(ka.helper_pid("wgd-keys"))
    wait_for(lambda: "keys can be neither read" in ka.show().get("trouble", ""), "trouble shown")
    assert "keys can be neither read" in ka.vtysh("show wireguard")
    assert protection(ka)["keyProcess"]["runs"] is False
    assert "wgd-keys" in ka.log() and "has ended" in ka.log()
    ka.configure("ip route 172.31.9.0/24 10.99.0.2")
    ka.wait_allowed({"172.31.9.0/24": "kb"})
    assert answers(net)
    _, out = ka.vtysh_status("wireguard generate private-key file %s/y" % KEYDIR)
    assert "restart wgd" in out, out
    assert ka.show()["syncState"] == "synced"
    ka.configure("no ip route 172.31.9.0/24 10.99.0.2")
    restart(ka)
    assert "trouble" not in ka.show()
    assert "Public key" in ka.vtysh("wireguard generate private-key file %s/y" % KEYDIR)


def test_launcher_killed(net):
    ka = net["ka"]
    signal_to(ka.helper_pid("wgd-launch"))
    wait_for(lambda: "programs" in ka.show().get("trouble", ""), "trouble shown")
    ka.configure("ip route 172.31.9.0/24 10.99.0.2")
    ka.wait_allowed({"172.31.9.0/24": "kb"})
    assert answers(net)
    ka.configure("no ip route 172.31.9.0/24 10.99.0.2")
    restart(ka)
    assert "trouble" not in ka.show()


@userspace_only
def test_program_of_an_earlier_version(net):
    "It is frr's, with its socket: found, adopted, and root's when it starts anew."
    ka = net["ka"]
    ka.run("vtysh -w")
    ka.kill("wgd", signal.SIGTERM)
    old = ka.userspace_pid()
    signal_to(old)
    # a process that is about to end has no command line, and its device still
    wait_for(lambda: not ka.userspace_pid() and not ka.run("ip link show wg0", check=False),
             "end of the program")
    ka.run("rm -f /run/wireguard/*; chown frr:frr /run/wireguard; chmod 750 /run/wireguard")
    # the machine's /dev/net/tun may be root's alone, and stays as it is
    ka.run("setpriv --reuid frr --regid frr --init-groups"
           " --inh-caps +net_admin,+dac_override --ambient-caps +net_admin,+dac_override"
           " wireguard-go wg0 >/dev/null 2>&1 </dev/null;"
           "ip link set wg0 alias 'made by frr wgd'")
    wait_for(lambda: ka.userspace_pid(), "such a program")
    uid = "stat -c %%u /proc/%d"
    assert ka.run(uid % ka.userspace_pid()).strip() == ka.run("id -u frr").strip()
    ka.start("wgd")
    wait_for(lambda: ka.show()["syncState"] == "synced", "wgd in sync")
    wait_for(lambda: answers(net), "answer")
    assert ka.run("stat -c '%a %u' /run/wireguard").split() == ["755", "0"]
    assert protection(ka)["programs"]["wg0"]["uid"] != 0
    signal_to(ka.userspace_pid())
    wait_for(lambda: ka.userspace_pid() and ka.run(uid % ka.userspace_pid()).strip() == "0",
             "root's program")
    wait_for(lambda: answers(net), "answer")
