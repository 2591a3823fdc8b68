# SPDX-License-Identifier: GPL-2.0-or-later
"""
How much one interface carries, and how many interfaces: 1,000 peers with 100
learned prefixes each, 130,560 prefixes at one peer (more than a message of
netlink holds, and more than one nest), fifty interfaces at once.

Prefixes are learned from routes that somebody else puts into the kernel:
zebra reads them and tells them on.  In a guest, where zebra and the kernel
need many minutes for that many, it is a tenth of the prefixes unless --heavy.
"""
import base64
import hashlib
import subprocess
import threading
import time

import pytest

from lib_wgd import BACKEND, HEAVY, PATIENCE, SLOW, holds, wait_for
from lib.topolog import logger

TOPOLOGY = {
    "sites": "a",
    # room for the kernel's news of a hundred thousand routes
    "options": {"zebra": "-s 90000000"},
}
FULL = BACKEND == "userspace" or HEAVY
PEERS, EACH = 1000, 100 if FULL else 10
MANY = 255 * 512 if FULL else 255 * 51
LONG = 6 * PATIENCE
COALESCE = 0.01  # seconds between two writes: COALESCE_MS of wgd_device.c


def key_of(i):
    return base64.b64encode(hashlib.sha256(b"peer %d" % i).digest()).decode()


def peer_lines(i):
    me = " wireguard peer p%04d " % i
    keepalive = [me + "persistent-keepalive 65535"] if i % 2 else []
    return keepalive + [
        me + "public-key " + key_of(i),
        me + "address " + gateway(i),
        me + "address " + gateway(i, 6),
        me + "endpoint 198.51.100.1 port %d" % (10000 + i),
    ]


def gateway(i, version=4):
    if version == 6:
        return "fd99::1:%x" % (i + 1)
    return "10.99.%d.%d" % (1 + i // 250, 1 + i % 250)


def prefix_of(n):
    "The n-th prefix: one v6 in four."
    if n % 4 == 3:
        return "fd10:%x:%x::/64" % (n >> 16, n & 0xFFFF)
    n = (100 << 24) + (n << 8)
    return "%d.%d.%d.0/24" % (n >> 24, n >> 16 & 255, n >> 8 & 255)


def device(site, ifname="wg0"):
    "{prefix: public key} as the device has it."
    found = {}
    for line in site.run("wg show %s allowed-ips" % ifname).splitlines():
        key, prefixes = line.split("\t")
        found.update((p, key) for p in prefixes.split() if p != "(none)")
    return found


def assert_device(site, expected, timeout=LONG):
    "Until the device has exactly that; link-local addresses are wgd's own."

    def same():
        have = {p: k for p, k in device(site).items() if not p.startswith("fe80:")}
        wrong = {p for p in expected.keys() | have if expected.get(p) != have.get(p)}
        assert not wrong, "%d wrong of %d: %s" % (
            len(wrong),
            len(expected),
            [(p, expected.get(p), have.get(p)) for p in sorted(wrong)[:5]],
        )
        return True

    wait_for(same, "%d prefixes" % len(expected), timeout, every=0.5)


def load(site, lines):
    "Enter configuration from a file, as at the start."
    site.gear.net.cmd_raises("cat > /tmp/more.conf", stdin="\n".join(lines) + "\n")
    rc, out, err = site.gear.net.cmd_status("vtysh -f /tmp/more.conf", warn=False)
    assert rc == 0 and "%" not in out + err, out[-1000:] + err[-1000:]


def kernel_routes(site, verb, routes):
    "ip route VERB for each (prefix, peer), some thousand in one ip."
    for at in range(0, len(routes), 5000):
        batch = "".join(
            "route %s %s via %s dev wg0\n" % (verb, p, gateway(i, 6 if ":" in p else 4))
            for p, i in routes[at : at + 5000]
        )
        site.gear.net.cmd_raises("ip -batch -", stdin=batch)


def statistics(site):
    return site.json("show wireguard statistics")["wg0"]


def addresses(peers):
    found = {gateway(i) + "/32": key_of(i) for i in peers}
    found.update((gateway(i, 6) + "/128", key_of(i)) for i in peers)
    return found


def configured(n=PEERS):
    return addresses(range(n))


def learned():
    return {prefix_of(n): key_of(n // EACH) for n in range(PEERS * EACH)}


def test_thousand_peers(net):
    a = net["a"]
    lines = [line for i in range(PEERS) for line in peer_lines(i)]
    load(a, ["interface wg0"] + lines)
    assert_device(a, configured())


def test_one_more_peer(net):
    "A thousand others cost it nothing that a person would notice."
    a = net["a"]
    a.configure("interface wg0\n" + "\n".join(peer_lines(PEERS)))
    assert_device(a, configured(PEERS + 1))
    a.configure("interface wg0\n no wireguard peer p%04d" % PEERS)
    assert_device(a, configured())


def test_hundred_prefixes_each(net):
    a = net["a"]
    routes = [(prefix_of(n), n // EACH) for n in range(PEERS * EACH)]
    kernel_routes(a, "add", routes)
    assert_device(a, {**configured(), **learned()})


def test_restart(net):
    "It finds all as it should be, and writes nothing."
    a = net["a"]
    a.vtysh("write memory")
    a.kill("wgd")
    a.start("wgd")
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync", LONG)
    wait_for(lambda: "all routes are here" in a.log(), "all routes", LONG)
    now = statistics(a)
    assert (now["operations"], now["errors"]) == (0, 0)
    assert_device(a, {**configured(), **learned()})


def test_many_prefixes_at_one_peer(net):
    "All hundred thousand move to one peer, and more come."
    a = net["a"]
    routes = [(prefix_of(n), 7) for n in range(MANY)]
    expected = {**configured(), **{p: key_of(7) for p, _ in routes}}
    kernel_routes(a, "replace", routes)
    assert_device(a, expected)
    a.vtysh("clear wireguard wg0")
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync", LONG)
    before = statistics(a)
    assert before["pending"] == 0
    assert_device(a, expected)


def test_aggregate_switched_in_a_load(net):
    "All move to another peer, while aggregation comes and goes."
    a = net["a"]
    routes = [(prefix_of(n), 8) for n in range(MANY)]
    expected = {**configured(), **{p: key_of(8) for p, _ in routes}}
    plain = statistics(a)["targets"]
    load = threading.Thread(target=kernel_routes, args=(a, "replace", routes))
    load.start()
    slowest, switched = 0, 0
    while load.is_alive() or switched < 4:
        no = "no " if switched % 2 else ""
        a.configure("interface wg0\n%swireguard aggregate" % no)
        switched += 1
        asked = time.monotonic()
        statistics(a)
        slowest = max(slowest, time.monotonic() - asked)
    load.join()
    logger.info("switched %d times, slowest answer %.2f s", switched, slowest)
    assert slowest < SLOW, "show took %.1f s" % slowest
    a.configure("interface wg0\nwireguard aggregate")
    # a quarter of them are the other halves of others
    wait_for(lambda: statistics(a)["targets"] < plain - MANY // 5, "fewer entries", LONG)
    a.configure("interface wg0\nno wireguard aggregate")
    assert_device(a, expected)


def test_no_room(net):
    "Routes that memory is missing for are followed when there is some again."
    a = net["a"]
    if sanitized(a):
        pytest.skip("the address sanitizer's memory cannot be limited")
    a.vtysh("write memory")
    a.kill("wgd")
    a.start("wgd")
    wait_for(lambda: statistics(a)["routes"] >= MANY, "its routes", LONG)
    # not a byte more than it has now: what is free inside of that goes first
    size = status(a, "VmSize")
    a.run("setpriv --reuid frr --regid frr --clear-groups prlimit --pid %d --as=%d"
          % (a.pid("wgd"), size))
    more = []

    def said_so():
        if "route not followed: Cannot allocate memory" in a.log():
            return True
        n, step = len(more), MANY // 4
        assert n < 4 * 65536, "it found room for all of them"
        more.extend(("%d.%d.%d.0/24" % (160 + (i >> 16), i >> 8 & 255, i & 255), 7)
                    for i in range(n, n + step))
        kernel_routes(a, "add", more[n:])
        return False

    try:
        wait_for(said_so, "word of it", LONG)
        assert a.show()["syncState"] == "synced"
        # room that the table can use again
        kernel_routes(a, "del", [(prefix_of(n), 8) for n in range(MANY)])
        # ... for so many: the last ones, which found none
        kernel_routes(a, "del", more[: -(MANY // 2)])
        del more[: -(MANY // 2)]
        assert_device(a, {**configured(), **{p: key_of(7) for p, _ in more}})
    finally:
        a.kill("wgd")
        a.start("wgd")
        kernel_routes(a, "del", more)
    assert_device(a, configured())


def test_all_go(net):
    "The peer with them, and then all others, in one commit each."
    a = net["a"]
    a.configure("interface wg0\n no wireguard peer p0008")
    assert_device(a, addresses([i for i in range(PEERS) if i != 8]))
    lines = [" no wireguard peer p%04d" % i for i in range(PEERS) if i != 8]
    load(a, ["interface wg0"] + lines)
    assert_device(a, {})
    a.run("ip route flush proto boot dev wg0", check=False)


# --- interfaces

NAMES = ["many%d" % i for i in range(50)]


def interface_lines(net, i):
    line = " " + net.expand("@implementation@").strip()
    return [
        "interface " + NAMES[i],
        " wireguard",
        " wireguard listen-port %d" % (40000 + i),
    ] + ([line] if line.strip() else [])


def no_interface_lines(net, i, *more):
    "The last wireguard line takes the interface with it."
    lines = interface_lines(net, i)
    return lines[:1] + list(more) + [" no" + s for s in lines[:0:-1]]


def links(site):
    return {name for name in NAMES if site.run("ip -o link show %s" % name, check=False)}


def test_fifty_interfaces(net):
    "Made from one file, deleted from another."
    a = net["a"]
    lines = []
    for i, name in enumerate(NAMES):
        lines += interface_lines(net, i) + [
            " wireguard peer p public-key " + key_of(i),
            " wireguard peer p address 10.98.%d.1" % i,
        ]
    load(a, lines)

    def all_there():
        shown = a.json("show wireguard")
        wrong = {n for n in NAMES if shown[n]["syncState"] != "synced"}
        wrong |= {n for i, n in enumerate(NAMES)
                  if device(a, n).get("10.98.%d.1/32" % i) != key_of(i)}
        assert not wrong, wrong
        return True

    wait_for(all_there, "fifty interfaces", LONG)
    assert links(a) == set(NAMES)
    lines = []
    for i in range(len(NAMES)):
        lines += no_interface_lines(net, i, " no wireguard peer p")
    load(a, lines)
    wait_for(lambda: not links(a), "no interface", LONG)


def test_started_twice(net):
    "A second wgd ends by itself and touches nothing."
    a = net["a"]
    # two: one alone would be given what is connected, too
    a.configure("interface wg0\n" + "\n".join(peer_lines(1) + peer_lines(2)))
    expected = addresses((1, 2))
    assert_device(a, expected)
    pid = a.pid("wgd")
    a.run("timeout 20 /usr/lib/frr/wgd -d </dev/null >/dev/null 2>&1", check=False)
    assert a.pid("wgd") == pid
    a.run("kill -0 %d" % pid)
    assert_device(a, expected)


def status(site, field):
    "Bytes, of what the kernel says of wgd."
    lines = site.run("cat /proc/%d/status" % site.pid("wgd")).splitlines()
    return 1024 * next(int(s.split()[1]) for s in lines if s.startswith(field + ":"))


def sanitized(site):
    return status(site, "VmSize") > 1 << 40


def memory(site):
    """
    Resident bytes of wgd; with the address sanitizer, which keeps what was
    freed for long, those that libfrr counts.
    """
    if not sanitized(site):
        return status(site, "VmRSS")
    # Type : Current# Size Total Max# MaxBytes
    rows = [s.split(":")[-1].split() for s in site.ask("wgd", "show memory").splitlines()]
    counted = [int(row[2]) for row in rows if len(row) == 5 and row[2].isdigit()]
    assert len(counted) > 10, "wgd does not count its memory"
    return sum(counted)


def test_flapping(net):
    """
    A prefix changes its peer as often as the kernel can: the last one counts,
    the device is written now and then, people are answered, nothing piles up.
    """
    a = net["a"]
    n, prefix, behind = 10000, "100.64.0.0/24", "100.64.1.0/24"
    lines = ["route replace %s via %s dev wg0\n" % (prefix, gateway(1 + i % 2)) for i in range(n)]
    lines.append("route replace %s via %s dev wg0\n" % (behind, gateway(2)))
    before, room = statistics(a), memory(a)
    a.gear.net.cmd_raises("cat > /tmp/flaps", stdin="".join(lines))
    began = time.monotonic()
    flaps = a.popen(["ip", "-batch", "/tmp/flaps"])
    slowest = 0

    def look():
        "The one behind them has come, so all of them have."
        nonlocal slowest
        asked = time.monotonic()
        shown = a.show()
        slowest = max(slowest, time.monotonic() - asked)
        return shown["syncState"] == "synced" and device(a).get(behind) == key_of(2)

    wait_for(look, "the route behind them", LONG)
    took = time.monotonic() - began
    assert flaps.wait() == 0
    assert device(a).get(prefix) == key_of(2)
    assert slowest < SLOW, "show took %.1f s" % slowest
    now = statistics(a)
    operations = now["operations"] - before["operations"]
    logger.info("%d changes in %.1f s, %d operations, slowest answer %.2f s",
                n, took, operations, slowest)
    assert 0 < operations < took / COALESCE + 10, "%d in %.1f s" % (operations, took)
    assert memory(a) < room + (4 << 20), "%d bytes more" % (memory(a) - room)
    a.run("ip route del " + prefix)
    a.run("ip route del " + behind)


# --- a port that somebody else has


def test_port_in_use(net):
    """
    It is said, and prefixes are followed as if nothing was; once the port is
    free the interface gets it.
    """
    a = net["a"]
    program = (
        "import socket,time\n"
        "for f, any in ((socket.AF_INET, '0.0.0.0'), (socket.AF_INET6, '::')):\n"
        "    s = socket.socket(f, socket.SOCK_DGRAM)\n"
        "    if f == socket.AF_INET6: s.setsockopt(41, 26, 1)\n"
        "    s.bind((any, 51999)); globals()[any] = s\n"
        "print('bound', flush=True); time.sleep(10000)\n"
    )
    squatter = a.popen(["/usr/bin/python3", "-c", program], stdout=subprocess.PIPE)
    try:
        assert "bound" in squatter.stdout.readline()
        a.configure("interface wg0\n wireguard listen-port 51999")
        wait_for(lambda: "51999" in a.show()["refused"], "word of it")
        wait_for(lambda: a.show()["syncState"] == "synced", "all else")
        shown = a.show()
        assert shown["listenPort"] != 51999
        assert "Address already in use" in shown["refused"]
        assert "Refused: listen-port 51999" in a.vtysh("show wireguard wg0")
        a.configure("ip route 172.31.1.0/24 " + gateway(1))
        wait_for(lambda: device(a).get("172.31.1.0/24") == key_of(1), "the prefix")
        # also by a wgd that starts in this
        a.vtysh("write memory")
        a.kill("wgd")
        a.start("wgd")
        wait_for(lambda: "51999" in a.show()["refused"], "word of it")
        a.configure("ip route 172.31.2.0/24 " + gateway(1))
        wait_for(lambda: device(a).get("172.31.2.0/24") == key_of(1), "the prefix")
        assert int(a.run("wg show wg0 listen-port")) not in (0, 51999)
        holds(lambda: a.show()["syncState"] == "synced", 3, "sync")
        # once for each life, in a log that may be written twice
        assert a.log().count("listen-port 51999: ") <= 4
    finally:
        squatter.kill()
        squatter.wait()
    a.vtysh("clear wireguard wg0")
    wait_for(lambda: a.run("wg show wg0 listen-port").strip() == "51999", "the port")
    assert "refused" not in a.show()
    assert "wg0: what was refused is accepted now (it was listen-port 51999: " in a.log()
    a.configure("interface wg0\n wireguard listen-port 51820")
    wait_for(lambda: a.run("wg show wg0 listen-port").strip() == "51820", "the port")
