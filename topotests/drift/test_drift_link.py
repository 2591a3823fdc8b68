# SPDX-License-Identifier: GPL-2.0-or-later
"""
Foreign hands on the link of wgd's own: somebody deletes it and makes it again,
renames it, takes its mark, sets it down, changes its MTU and addresses.  What
the configuration calls wg0 stays wgd's, whatever stands in its place; only what
an operator says with these commands (down) is left as it is.

wgd is stopped while the hands work, so that it never sees half of it.
"""
import contextlib
import json
import signal

import pytest

from lib_wgd import BACKEND, SLOW, holds, wait_for
from test_drift import (
    AT_ONCE,
    BY_ITSELF,
    HANDS,
    TOPOLOGY,
    changes_key,
    changes_mark,
    changes_port,
    difference,
    is_right,
    right_fixture,
)

assert TOPOLOGY and right_fixture

kernel = pytest.mark.skipif(
    BACKEND != "kernel", reason="a link made by hand is a kernel's"
)
MARK = "made by frr wgd"
ZEBRA_TELLS = 2 * SLOW  # ZEBRA_TELLS_MS of wgd_attach.c, and to make it anew
# A shell command that makes wg0 as somebody else would.
STRANGE = (
    "ip link add wg0 type wireguard && wg genkey | wg set wg0 private-key /dev/stdin"
    " listen-port 51999 peer %s allowed-ips 203.0.113.0/24,192.168.2.0/24"
    " && ip link set wg0 up"
)


@contextlib.contextmanager
def unseen(net):
    "wgd looks away."
    a = net["a"]
    a.run("kill -STOP %d" % a.pid("wgd"))
    try:
        yield a
    finally:
        a.run("kill -CONT %d" % a.pid("wgd"))


def stranger(net):
    return net.keys.get(("s", "wg0"), [0, 0])[1] or net.make_key("s", "wg0")


def link(net):
    "What wgd sets of the link, {} if there is none."
    found = json.loads(net["a"].run("ip -j link show dev wg0", check=False) or "[]")
    if not found:
        return {}
    addresses = net["a"].run("ip -6 -o addr show dev wg0 scope link").splitlines()
    return {
        "mtu": found[0]["mtu"],
        "up": "UP" in found[0]["flags"],
        "multicast": "MULTICAST" in found[0]["flags"],
        "alias": found[0].get("ifalias"),
        "addresses": [line.split()[3] for line in addresses],
    }


@pytest.fixture(name="all_right", scope="module")
def all_right_fixture(net, right):
    "Checks device and link; first, that they are as expected."
    want = link(net)
    assert want["mtu"] == 1420 and want["up"] and want["multicast"]
    assert want["alias"] == MARK and len(want["addresses"]) == 1

    def check():
        is_right(net, right)
        assert link(net) == want, "link: %s" % link(net)
        names = net["a"].run("ip -br link")
        assert "wg9" not in names, names
        assert net["a"].show()["adopted"] is False
        return True

    return check


def repaired(net, check, seconds):
    wait_for(check, "repair", seconds)
    for host in ("192.168.2.10", "192.168.3.10"):
        wait_for(lambda: net["ha"].ping(host), "answer of " + host)


@kernel
@pytest.mark.parametrize("index", ["", "index %s"], ids=["new-index", "old-index"])
@pytest.mark.parametrize("clear", [True, False], ids=["clear", "by-itself"])
def test_made_again(net, all_right, clear, index):
    "Deleted and made again, with a key, a port and a peer of somebody's own."
    made = STRANGE % stranger(net)
    if index:
        index %= net["a"].run("cat /sys/class/net/wg0/ifindex").strip()
        made = made.replace("wg0", "wg0 " + index, 1).rsplit(" && ", 1)[0]  # not up
    with unseen(net) as a:
        a.run("ip link del wg0 && " + made)
    if clear:
        a.vtysh("clear wireguard")
    repaired(net, all_right, AT_ONCE)


def test_mark_taken(net, all_right):
    "... and then a peer made: on an adopted link it would stay."
    with unseen(net) as a:
        a.run("ip link set wg0 alias mine")
        a.run("wg set wg0 peer %s allowed-ips 203.0.113.0/24" % stranger(net))
    repaired(net, all_right, BY_ITSELF)


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
def test_renamed(net, all_right, up):
    "Renamed while up it gets its name back and keeps its sessions."
    a = net["a"]
    before = a.handshakes()["c"][0]
    with unseen(net):
        if up:
            a.run("ip link set wg0 name wg9")
        else:
            a.run("ip link set wg0 down && ip link set wg0 name wg9 && ip link set wg9 up")
    repaired(net, all_right, BY_ITSELF + ZEBRA_TELLS)
    if up:
        assert a.handshakes()["c"][0] == before
    index = int(a.run("cat /sys/class/net/wg0/ifindex"))
    assert a.json("show interface wg0")["wg0"]["index"] == index


@kernel
def test_renamed_and_replaced(net, all_right):
    "It was down: zebra 8.4.4 is lost when a link is renamed while it is up."
    with unseen(net) as a:
        a.run("ip link set wg0 down && ip link set wg0 name wg9")
        a.run(STRANGE % stranger(net))
    repaired(net, all_right, BY_ITSELF + ZEBRA_TELLS)


def test_down_is_left(net, all_right):
    "As zebra's `shutdown` does it.  What goes with it comes back."
    a = net["a"]
    a.run("ip link set wg0 down")
    holds(lambda: not link(net)["up"], BY_ITSELF, "down")
    a.run("ip link set wg0 up")
    repaired(net, all_right, AT_ONCE)


def test_shutdown_is_left(net, all_right):
    "... by wgd's next life, too."
    a = net["a"]
    a.configure("interface wg0\nshutdown")
    wait_for(lambda: not link(net)["up"], "wg0 down")
    a.vtysh("clear wireguard wg0")
    holds(lambda: not link(net)["up"], 1, "down")
    a.run("vtysh -w")
    a.kill("wgd")
    a.start("wgd")
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
    assert not link(net)["up"]
    a.configure("interface wg0\nno shutdown")
    repaired(net, all_right, AT_ONCE)


LINK_HANDS = {
    "mtu": "ip link set wg0 mtu 1300",
    "multicast": "ip link set wg0 multicast off",
    "addresses": "ip -6 addr flush dev wg0 scope link;"
    "ip -6 addr add fe80::77/64 dev wg0",
}


@pytest.mark.parametrize("hand", LINK_HANDS)
@pytest.mark.parametrize("clear", [True, False], ids=["clear", "by-itself"])
def test_set_up_again(net, all_right, hand, clear):
    with unseen(net) as a:
        a.run(LINK_HANDS[hand])
    if clear:
        a.vtysh("clear wireguard wg0")
    repaired(net, all_right, AT_ONCE if clear else BY_ITSELF)


def test_peer_without_endpoint(net, all_right):
    "A peer made again by hand cannot be reached, and this one cannot say so."
    net.cut("b")
    with unseen(net) as a:
        key = net.keys["b", "wg0"][1]
        a.run("wg set wg0 peer %s remove" % key)
        a.run("wg set wg0 peer %s allowed-ips 192.168.2.0/24" % key)
        assert "(none)" in a.run("wg show wg0 endpoints")
    wait_for(all_right, "repair", BY_ITSELF)
    net.heal("b")
    repaired(net, all_right, AT_ONCE)


@pytest.mark.parametrize("clear", [True, False], ids=["clear", "by-itself"])
def test_everything_at_once(net, right, all_right, clear):
    with unseen(net) as a:
        for hand in HANDS + [changes_port, changes_mark, changes_key]:
            hand(net)
        for hand in LINK_HANDS.values():
            a.run(hand)
        a.run("ip link set wg0 alias mine && ip link set wg0 name wg9")
    if clear:
        a.vtysh("clear wireguard wg0")
    repaired(net, all_right, (AT_ONCE if clear else BY_ITSELF) + ZEBRA_TELLS)


@kernel
def test_everything_at_once_and_made_again(net, right, all_right):
    with unseen(net) as a:
        a.run("ip link del wg0 && " + STRANGE % stranger(net))
        for hand in HANDS + [changes_port, changes_mark, changes_key]:
            hand(net)
        missing, _ = difference(a.allowed(), right["allowed"])
        assert missing
    repaired(net, all_right, AT_ONCE)


def test_program_dies(net, all_right):
    "The link of a program goes with it; nobody else made it."
    pid = net["a"].userspace_pid()
    if not pid:
        pytest.skip("the kernel's device has no program")
    net["a"].run("kill -%d %d" % (signal.SIGKILL, pid))
    repaired(net, all_right, AT_ONCE)
