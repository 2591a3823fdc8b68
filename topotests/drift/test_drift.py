# SPDX-License-Identifier: GPL-2.0-or-later
"""
Foreign hands on an interface of wgd's own: somebody uses `wg set` and `ip`
beside it.  Its configuration and routing are the truth, so each difference is
gone at once on `clear wireguard`, and by itself when wgd looks the next time:
every five seconds at a device of this size.  Peer c, which nobody touches,
loses nothing meanwhile; b is robbed and d, which is not there, is the thief.
"""
import pytest

from lib_wgd import SLOW, difference, wait_for

TOPOLOGY = {
    "sites": "abc",
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
        "hc": ("c", "192.168.3.10/24", "192.168.3.1"),
    },
}
B = ["10.99.0.2/32", "172.16.2.0/24", "192.168.2.0/24"]  # and link-local ones
C = ["10.99.0.3/32", "192.168.3.0/24"]
AT_ONCE = 3 * SLOW  # seconds, for a command and a read
BY_ITSELF = 5 + AT_ONCE  # POLL_MIN_MS of wgd_device.c


def has(net, name):
    return [p for p, owner in net["a"].allowed().items() if owner == name]


def give(net, name, *prefixes):
    "Replace a peer's list by hand."
    net["a"].run(
        "wg set wg0 peer %s allowed-ips '%s'"
        % (net.keys[name, "wg0"][1], ",".join(prefixes))
    )


def adds(net):
    give(net, "b", *has(net, "b"), "203.0.113.0/24", "192.168.3.128/25", "10.99.0.0/24")


def steals_learned(net):
    give(net, "d", *has(net, "d"), "192.168.2.0/24")


def steals_static(net):
    give(net, "d", *has(net, "d"), "172.16.2.0/24")


def steals_address(net):
    give(net, "d", *has(net, "d"), "10.99.0.2/32")


def removes_some(net):
    give(net, "b", "172.16.2.0/24")


def removes_all(net):
    give(net, "b")


def adds_peer(net):
    "... that takes a learned prefix and has one of its own."
    key = net.keys.get(("s", "wg0"), [0, 0])[1] or net.make_key("s", "wg0")
    net["a"].run(
        "wg set wg0 peer %s allowed-ips 192.168.2.0/24,203.0.113.0/24" % key
    )


def removes_peer(net):
    net["a"].run("wg set wg0 peer %s remove" % net.keys["b", "wg0"][1])


def changes_keepalive(net):
    net["a"].run(
        "wg set wg0 peer %s persistent-keepalive 7" % net.keys["b", "wg0"][1]
    )


HANDS = [
    adds,
    steals_learned,
    steals_static,
    steals_address,
    removes_some,
    removes_all,
    adds_peer,
    removes_peer,
    changes_keepalive,
]


def changes_port(net):
    net["a"].run("wg set wg0 listen-port 51999")


def changes_mark(net):
    net["a"].run("wg set wg0 fwmark 77")


def changes_key(net):
    net["a"].run("wg genkey | wg set wg0 private-key /dev/stdin")


def device(net):
    """
    All that the device is told: {"": (private and public key, port, mark),
    peer: (endpoint, keepalive)}.
    """
    dump = net["a"].run("wg show wg0 dump", check=False).splitlines()
    found = {"": tuple(dump[0].split("\t"))} if dump else {}
    for line in dump[1:]:
        f = line.split("\t")
        name = net.owner_of.get(f[0], f[0])
        found[name] = (f[2], f[7])
    return found


def is_right(net, right):
    have = device(net)
    missing, extra = difference(net["a"].allowed(), right["allowed"])
    assert have == right["device"], "device: %s" % have
    assert not missing and not extra, "missing %s, too many %s" % (missing, extra)
    return True


def repaired(net, right, seconds):
    wait_for(lambda: is_right(net, right), "repair to %s" % right, seconds)


@pytest.fixture(name="right", scope="module")
def right_fixture(net):
    "The device as it should be."
    net["a"].wait_allowed({**dict.fromkeys(B, "b"), **dict.fromkeys(C, "c")})
    for name in "bc":
        net[name].wait_allowed({"192.168.1.0/24": "a"})
        wait_for(lambda: net["ha"].ping("192.168.%d.10" % (" abc".index(name))),
                 "answer of " + name)
    # until then wgd keeps what it finds
    wait_for(lambda: "all routes are here" in net["a"].log(), "all routes")
    right = {"device": device(net), "allowed": net["a"].allowed()}
    assert right["device"]["b"] == ("10.255.2.2:51820", "25")
    assert right["device"][""][2:] == ("51820", "0x77670000")
    return right


@pytest.fixture(name="other")
def other_fixture(net, right):
    "A probe to site c; it loses nothing."
    repaired(net, right, BY_ITSELF)
    server = net["hc"].echo("192.168.3.10")
    probe = net["ha"].probe("192.168.3.10", rate=500)
    probe.wait_responder("hc")
    yield probe
    result = probe.result()
    server.kill()
    assert result["lost"] == 0, result


def change(net, right, *hands):
    for hand in hands:
        hand(net)
    now = {"device": device(net), "allowed": net["a"].allowed()}
    assert now != right, "nothing was changed"


def names(hands):
    return "+".join(hand.__name__ for hand in hands)


@pytest.mark.parametrize("hand", HANDS)
def test_clear_repairs(net, right, other, hand):
    change(net, right, hand)
    net["a"].vtysh("clear wireguard wg0")
    repaired(net, right, AT_ONCE)
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer")


@pytest.mark.device  # loses single prefixes: all hands, in four tests
@pytest.mark.parametrize(
    "hands",
    [
        (adds, steals_learned),
        (removes_some, steals_static),
        (removes_all, adds_peer, changes_keepalive),
        (removes_peer, steals_address),
    ],
    ids=names,
)
def test_repaired_by_itself(net, right, other, hands):
    change(net, right, *hands)
    repaired(net, right, BY_ITSELF)
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer")


@pytest.mark.parametrize("hands", [(changes_port, changes_mark), (changes_key,)], ids=names)
@pytest.mark.parametrize("clear", [True, False], ids=["clear", "by-itself"])
def test_device(net, right, hands, clear):
    "What concerns all peers; they come back."
    repaired(net, right, BY_ITSELF)
    change(net, right, *hands)
    if clear:
        net["a"].vtysh("clear wireguard wg0")
    repaired(net, right, AT_ONCE if clear else BY_ITSELF)
    for host in ("192.168.2.10", "192.168.3.10"):
        wait_for(lambda: net["ha"].ping(host), "answer of " + host)


def test_foreign_peer_is_named(net, right):
    "The log says which peer it was that went, and what would have kept it."
    key = net.make_key("f", "wg0")
    net["a"].run("wg set wg0 peer %s allowed-ips 203.0.113.0/24" % key)
    net["a"].vtysh("clear wireguard wg0")
    repaired(net, right, AT_ONCE)
    wait_for(lambda: key in net["a"].log(), "the log", AT_ONCE)
    (line,) = [s for s in net["a"].log().splitlines() if key in s and "removing" in s]
    assert line.endswith("wg0: removing peer %s, which is not configured; to keep it:"
                         " interface wg0, wireguard peer NAME public-key %s" % (key, key))
    # a peer that was configured needs no word
    key = net.make_key("g", "wg0")
    net["a"].configure("interface wg0\nwireguard peer g public-key " + key)
    wait_for(lambda: key in net["a"].run("wg show wg0 peers"), "peer g")
    net["a"].configure("interface wg0\nno wireguard peer g")
    repaired(net, right, AT_ONCE)
    assert not [s for s in net["a"].log().splitlines() if key in s and "removing" in s]


def test_keyless_peer(net, right, other):
    "A key of zeros: nobody's, and no reason not to know the others."
    key = "A" * 43 + "="
    net["a"].run("wg set wg0 peer %s allowed-ips 192.168.2.0/24" % key, check=False)
    net["a"].vtysh("clear wireguard wg0")
    wait_for(lambda: net["a"].allowed()["192.168.2.0/24"] == "b", "repair", BY_ITSELF)
    assert net["a"].show()["syncState"] == "synced"
    net["a"].run("wg set wg0 peer %s remove" % key)
    repaired(net, right, BY_ITSELF)


@pytest.mark.parametrize("clear", [True, False], ids=["clear", "by-itself"])
def test_link_deleted(net, right, clear):
    "The kernel tells of this: wgd need not look."
    net["a"].run("ip link del wg0")
    if clear:
        net["a"].vtysh("clear wireguard")
    repaired(net, right, AT_ONCE)
    for host in ("192.168.2.10", "192.168.3.10"):
        wait_for(lambda: net["ha"].ping(host), "answer of " + host)
