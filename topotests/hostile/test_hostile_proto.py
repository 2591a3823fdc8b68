# SPDX-License-Identifier: GPL-2.0-or-later
"""
The protocol between gateways, attacked: by hosts that have no key, by clients
inside the tunnel, by who can inject into a connection, and by the clumsy.

    s1, c1 --- pa ---- u ---- pb        pa and pb have one key

s1 is a stranger, and so is u, which is on the path between the two.  c1 is a
client of pa with plain WireGuard.  In most tests anycast/member.py, which speaks
the protocol as doc/gateway-group.md has it, stands in the place of pb's wgd.
"""
import contextlib
import os
import re
import subprocess
import time

import pytest

import lib_member
from lib_member import A, B
from lib_wgd import BACKEND, HERE, PYTHON, SLOW, wait_for

PORT = 51821
SERVICE = "10.99.0.254"
# a tenth of a processor for who has a member's address; the rest of wgd and what
# others do to the caches come on top, and sanitizers
SHARE = 0.3 if os.environ.get("WGD_WRAPPER") else 0.15
pytestmark = pytest.mark.once  # TCP between gateways

TOPOLOGY = {
    "sites": ["pa", "pb"],
    "same_key": {"pb": "pa"},
    "hosts": {
        "s1": ("pa", "198.51.100.12/24", "198.51.100.1"),
        "c1": ("pa", "198.51.100.11/24", "198.51.100.1"),
    },
}


# --- what there is to look at


def view(net, name="pa", other=B):
    return net[name].gateway_group()["members"][other]


def is_connected(net):
    for name, other in (("pa", B), ("pb", A)):
        found = view(net, name, other)
        assert found["connection"] == "connected" and found["heard"], found
    return True


def descriptors(site):
    return len(os.listdir("/proc/%d/fd" % site.pid("wgd")))


def cpu_s(site):
    "What wgd used of a processor so far."
    with open("/proc/%d/stat" % site.pid("wgd"), encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Share:
    "with Share(site) as share: ...; then share.used is of one processor."

    def __init__(self, site):
        self.site = site

    def __enter__(self):
        self.cpu, self.time = cpu_s(self.site), time.monotonic()
        return self

    def __exit__(self, *_):
        self.used = (cpu_s(self.site) - self.cpu) / (time.monotonic() - self.time)


class Member(lib_member.Member):
    def connect(self, seconds):
        "Does pa let it in? Once, and within this time."
        before = len(self.events)
        self.do(connect={})
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if any("up" in e for e in self.events[before:]):
                return True
            time.sleep(0.005)
        return False


@contextlib.contextmanager
def program(node, *args):
    "proto.py in a node; what it printed last is in .out when it has ended."
    process = node.popen([PYTHON, HERE + "/hostile/proto.py", *map(str, args)],
                         stdin=subprocess.PIPE)
    assert process.stdout.readline() == "begun\n", process.stderr.read()
    process.out = ""
    try:
        yield process
    finally:
        process.stdin.close()
        process.out = process.stdout.read()
        process.wait()
    error = process.stderr.read()
    assert not error, error


@pytest.fixture(scope="module", name="ready", autouse=True)
def ready_fixture(net):
    wait_for(lambda: is_connected(net), "the two gateways")


@pytest.fixture(name="member")
def member_fixture(net, ready):
    net["pb"].kill("wgd")
    member = Member(net)
    wait_for(lambda: member.connect(2), "member to come in")
    yield member
    member.end()
    net["pb"].start("wgd")
    wait_for(lambda: is_connected(net), "the two gateways")


@contextlib.contextmanager
def far(net):
    "pa and pb are 30 ms apart, each way; u and its hosts are not."
    u = net["u"]
    with program(u, "slow", "slow", 30):
        u.run("ip link set slow up txqueuelen 10000;"
              "ip route add default dev slow table 77;"
              "ip rule add pref 50 iif u-pa to %s lookup 77;"
              "ip rule add pref 50 iif u-pb to %s lookup 77" % (B, A))
        yield
        u.run("ip rule del pref 50; ip rule del pref 50")


# --- 4: one host keeps all members out


@pytest.mark.skipif(os.cpu_count() < 2, reason="the flood would have the only processor")
@pytest.mark.parametrize("where, to", [("s1", A), ("u", A), ("s1", "192.0.2.1"), ("pb", A)],
                         ids=["stranger", "on_the_path", "by_the_common_address", "of_a_member"])
def test_flood_keeps_nobody_out(net, member, where, to):
    """
    1,850 connections a second, and a member that is 30 ms away comes in as if
    there were none.  When they come from its own address, it does after some
    attempts, and wgd stays below its share of the processor.
    """
    came = 0
    with contextlib.ExitStack() as stack:
        if where != "pb":  # the flood would have to take its time, too
            stack.enter_context(far(net))
        attack = stack.enter_context(program(net[where], "flood", to, 1850))
        time.sleep(1)
        with Share(net["pa"]) as share:
            for _ in range(15):
                came += member.connect(3 * SLOW)
            # long enough for a share, however fast they came
            time.sleep(max(share.time + 5 - time.monotonic(), 0))
    begun, made = map(int, attack.out.split())
    print("%d of 15, %.3f of a processor, %d begun, %d made" % (came, share.used, begun, made))
    assert begun > 2000, "no flood: %d" % begun
    assert came >= (5 if where == "pb" else 15), "%d of 15 came in" % came
    assert share.used < SHARE, share.used
    # not to strangers, at all
    assert where == "pb" or made == 0, made


def test_silence(net, member):
    "Who has a member's address and no key is told nothing, and few lines are written."
    code = """
import os, socket
hello = bytes.fromhex("005901007767") + bytes((0, %d)) + os.urandom(32 + 16 + 8) + bytes(9)
assert len(hello) == 89 - 16
for data in [hello + os.urandom(16)] * 50 + [hello + bytes(16)] * 50 + [os.urandom(300)] * 50:
    s = socket.create_connection(("%s", %d), 5)
    s.settimeout(10)
    s.sendall(data)
    try:
        answer = s.recv(1000)
    except ConnectionResetError:
        answer = b""
    assert not answer, answer
print("silent")
"""
    before = net["pa"].log().count("\n")
    for version in 1, 2, 3:
        out = net["pb"].run("%s -c '%s'" % (PYTHON, code % (version, A, PORT)))
        assert out == "silent\n", out
    lines = net["pa"].log().splitlines()[before:]
    about = [line for line in lines if "gateway group:" in line or B in line]
    assert len(about) <= 4, about
    assert view(net)["cutOffs"] == 0 and member.connect(2 * SLOW)


VERSION_1 = """
import socket, struct
hello = bytes.fromhex("0059010077670001") + bytes(range(1, 66)) + bytes(16)
socket.create_connection(("%s", %d), 5).sendall(hello)
s = socket.create_server(("%s", %d))
while True:
    c = s.accept()[0]
    c.recv(1000)
    c.sendall(struct.pack("!HBBB", 21, 7, 0, 2) + bytes(16))  # BYE, another version
    c.close()
"""


def test_other_version(net, ready):
    "It is told apart from strangers, in both directions; half an upgrade is that."
    net["pb"].kill("wgd")
    net["pa"].kill("wgd")
    net["pa"].start("wgd")
    old = net["pb"].popen([PYTHON, "-c", VERSION_1 % (A, PORT, B, PORT)])
    try:
        wait_for(lambda: view(net)["reason"] == "another version of the protocol", "reason")
        log = net["pa"].log()
        assert "closed a connection from %s: it speaks version 1 of the protocol" % B in log
        assert "gateway %s: another version of the protocol (this gateway has" % B in log
    finally:
        old.kill()
        old.wait()
        net["pb"].start("wgd")
    wait_for(lambda: is_connected(net), "the two gateways")
    assert "reason" not in view(net), view(net)


def test_replay(net, member):
    """
    A HELLO that was good once, again and from the same address, is worth nothing,
    and the member stays where it is, though it has only just come.
    """
    # who says nothing for 5 s is thought gone
    member.do(alive={})
    wait_for(lambda: member.connect(2 * SLOW), "member to come in")
    before = len(member.events)
    member.do(replay=20)
    wait_for(lambda: any("replayed" in e for e in member.events), "replays")
    heard = view(net)["framesHeard"]
    wait_for(lambda: view(net)["framesHeard"] > heard, "frames of the member")
    assert not any("ended" in e for e in member.events[before:]), member.events[before:]
    assert view(net)["cutOffs"] == 0 and view(net)["heard"]
    assert [e["replayed"] for e in member.events if "replayed" in e] == [0]


def test_not_from_inside(net, ready):
    """
    A client in the tunnel does not reach the port at any address of the gateway;
    nor does one that has a member's address there.
    """
    c1 = net["c1"]
    private, _ = net.keys["c1", "wgc1"]
    gateway = net.keys["pa", "wg0"][1]
    program_ = None
    if BACKEND == "userspace":
        program_ = c1.popen(["wireguard-go", "-f", "wgc1"])
        wait_for(lambda: "interface" in c1.run("wg show wgc1", check=False), "program")
    else:
        c1.run("ip link add wgc1 type wireguard")
    c1.gear.net.cmd_raises("wg set wgc1 private-key /dev/stdin", stdin=private + "\n")
    c1.run("wg set wgc1 peer %s endpoint 192.0.2.1:51820 allowed-ips 0.0.0.0/0;"
           "ip addr add 10.99.0.1/24 dev wgc1; ip addr add %s/32 dev wgc1;"
           "ip link set wgc1 up; ip route add %s dev wgc1" % (gateway, B, A))
    try:
        wait_for(lambda: c1.ping(SERVICE), "answer through the tunnel")

        def reaches(to, source):
            return c1.run(
                "%s -c 'import socket; socket.create_connection((\"%s\", %d), 2, (\"%s\", 0));"
                "print(1)' 2>/dev/null" % (PYTHON, to, PORT, source), check=False) == "1\n"

        for to in (SERVICE, A):
            assert not reaches(to, "10.99.0.1"), to
        # its owner says that the member's address is his, too
        net["pa"].configure("interface wg0\nwireguard peer c1 allowed-ips %s/32" % B)
        try:
            wait_for(lambda: B + "/32" in net["pa"].allowed(), "the member's address at c1")
            for to in (SERVICE, A):
                assert not reaches(to, B), to
        finally:
            net["pa"].configure("interface wg0\nno wireguard peer c1 allowed-ips %s/32" % B)
    finally:
        if program_:
            program_.terminate()
            program_.wait()
        else:
            c1.run("ip link del wgc1")
    wait_for(lambda: is_connected(net), "the two gateways")


# --- 5: descriptors


def test_descriptors(net, member):
    "20 callers in whose time the member is taken away and comes back: none stays."
    before = descriptors(net["pa"])
    member.do(hold=20)
    wait_for(lambda: any("held" in e for e in member.events), "20 callers")
    # another one meanwhile, else there is no group and all callers go at once
    net["pa"].configure("interface wg0\nwireguard gateway-group member 10.255.3.2\n"
                        "no wireguard gateway-group member " + B)
    net["pa"].configure("interface wg0\nwireguard gateway-group member " + B)
    net["pa"].configure("interface wg0\nno wireguard gateway-group member 10.255.3.2")
    member.do(held_speak={})
    wait_for(lambda: any("spoke" in e for e in member.events), "20 first frames")
    wait_for(lambda: descriptors(net["pa"]) <= before + 1, "descriptors as before", 30 * SLOW)
    assert member.connect(2 * SLOW)


def test_no_descriptors(net, member):
    "wgd has none left: it waits, and lets the member in when there are some again."
    pid = net["pa"].pid("wgd")
    member.do(end={})
    wait_for(lambda: not view(net)["heard"], "end of its connection")
    time.sleep(1)  # vtysh has gone, too
    used = {int(fd) for fd in os.listdir("/proc/%d/fd" % pid)}
    free = min(set(range(len(used) + 1)) - used)

    def limit(number):
        "As its own user: others may not."
        net["pa"].run("setpriv --reuid frr --regid frr --clear-groups prlimit --pid %d --nofile=%s:"
                      % (pid, number))

    with open("/proc/%d/limits" % pid, encoding="ascii") as f:
        usual = re.search(r"Max open files +(\d+)", f.read())[1]
    before = net["pa"].log()
    limit(free)
    try:
        with Share(net["pa"]) as share:
            for _ in range(5):
                member.connect(1)  # it may get one that something else gave back
    finally:
        limit(usual)
    assert share.used < SHARE, share.used
    lines = net["pa"].log()[len(before):].splitlines()
    assert 1 <= sum("nobody is let in for" in line for line in lines) <= 10
    assert len(lines) < 100, lines[-5:]
    wait_for(lambda: member.connect(2), "member to come in")


# --- 10: one frame that was injected


def test_injected(net, ready):
    "It costs a connection, which is made again; no member is banned, however often."
    for n in range(4):
        wait_for(lambda: is_connected(net), "the two gateways")
        port = None
        with program(net["u"], "inject", B, A) as attack:
            port = int(attack.stdout.readline())
        assert port
        start = time.monotonic()
        time.sleep(0.3)
        wait_for(lambda: is_connected(net), "connection after injection %d" % n)
        assert view(net)["cutOffs"] == 0, view(net)
        assert time.monotonic() - start < 3 * SLOW


# --- 12: "unreachable" is the answer


@pytest.mark.parametrize("kind", ["unreachable", "prohibit", "blackhole", "reject"])
def test_unreachable(net, ready, kind):
    "pa connects to a member that the underlay says is not there: no storm of lines."
    u = net["u"]
    net["pb"].kill("wgd")
    if kind == "reject":
        u.run("nft add table inet away;"
              "nft 'add chain inet away forward { type filter hook forward priority 0; }';"
              "nft add rule inet away forward ip daddr %s reject with icmp type port-unreachable" % B)
    else:
        u.run("ip route add %s %s" % (kind, B + "/32"))
    before = net["pa"].log()
    try:
        net["pa"].kill("wgd")
        net["pa"].start("wgd")
        time.sleep(5)
    finally:
        u.run("nft delete table inet away" if kind == "reject" else "ip route del " + B + "/32")
        net["pb"].start("wgd")
    lines = net["pa"].log()[len(before):].splitlines()
    storm = [line for line in lines if "no thread to handle" in line]
    assert not storm, (len(storm), storm[0])
    assert len(lines) < 100, (len(lines), lines[-5:])  # 50 of them are the start
    wait_for(lambda: is_connected(net), "the two gateways")
