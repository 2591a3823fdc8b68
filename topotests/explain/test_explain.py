# SPDX-License-Identifier: GPL-2.0-or-later
"""
`show wireguard explain` names the cause.  Each test begins with packets that
arrive and an explanation that finds nothing wrong, breaks one thing, sees that
packets are lost, waits until explain names just that, mends it, and is back
at the beginning.
"""
import collections
import contextlib
import json
import os
import re
import signal

import pytest

from lib_wgd import BACKEND, HERE, PATIENCE, make_key, signal_to, wait_for

TOPOLOGY = {
    "sites": "abc",
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.50.10/24", "192.168.50.1"),
    },
}
HOST = "192.168.50.10"
ROUTE = "ip route 192.168.50.0/24 10.99.0.2"
# an answer is missed after 15 s at the earliest, and the device has to be read
SILENCE = 2 * PATIENCE
PRINTED = collections.defaultdict(list)  # texts of each cause


def explain(site, address=HOST):
    return site.json("show wireguard explain " + address)


def fine(net, address=HOST):
    shown = explain(net["a"], address)
    assert "cause" not in shown and not shown["dropped"], shown
    assert net["ha"].ping(HOST), shown
    return shown


@contextlib.contextmanager
def broken(net):
    wait_for(lambda: fine(net), "working network", SILENCE)
    yield net["a"]
    wait_for(lambda: fine(net), "mended network", SILENCE)


def wait_cause(site, cause, address=HOST, traffic=None, dropped=True, timeout=SILENCE):
    "Until that is the cause; the JSON object, whose words are also in the text."

    def check():
        if traffic:
            traffic()
        shown = explain(site, address)
        assert shown.get("cause") == cause, shown
        assert shown["dropped"] == dropped, shown
        return shown

    shown = wait_for(check, cause, timeout)
    assert shown["reason"] and shown["try"], shown
    text = site.vtysh("show wireguard explain " + address)
    assert cause in text and shown["try"][0] in text, text
    PRINTED[cause].append(text)
    return shown


def entered(site, text, interface="wg0"):
    site.configure("interface %s\n%s" % (interface, text))


def lost(net):
    assert not net["ha"].ping(HOST)


def test_no_route(net):
    with broken(net) as a:
        a.configure("no " + ROUTE)
        shown = wait_cause(a, "no-route")
        assert HOST in shown["reason"]
        lost(net)
        a.configure(ROUTE)


def test_routed_elsewhere(net):
    with broken(net) as a:
        a.run("ip route add 192.168.50.10/32 via 10.255.1.1")
        shown = wait_cause(a, "routed-elsewhere")
        assert "under" in shown["reason"] and "10.255.1.1" in shown["reason"]
        lost(net)
        a.run("ip route del 192.168.50.10/32")


def test_next_hop_without_peer(net):
    with broken(net) as a:
        a.configure("no %s\nip route 192.168.50.0/24 10.99.0.77" % ROUTE)
        shown = wait_cause(a, "no-peer-for-nexthop")
        assert "10.99.0.77" in shown["reason"] and "192.168.50.0/24" in shown["reason"]
        lost(net)
        a.configure("no ip route 192.168.50.0/24 10.99.0.77\n" + ROUTE)


def test_peer_shutdown(net):
    with broken(net) as a:
        entered(a, "wireguard peer b shutdown")
        for address in HOST, "10.99.0.2":
            shown = wait_cause(a, "peer-shutdown", address)
            assert "peer b" in shown["reason"]
        lost(net)
        entered(a, "no wireguard peer b shutdown")


def says_what_is_not_known(net, shown):
    "The keys to compare, and no secret."
    for site in "ab":
        assert net.keys[site, "wg0"][1] in shown["unknown"], shown
    for private, _ in net.keys.values():
        assert private not in json.dumps(shown)
    assert any("tcpdump" in t for t in shown["try"]), shown


def test_no_handshake(net):
    "A peer that never answered."
    with broken(net) as a:
        net.cut("b")
        entered(a, "wireguard peer b shutdown")
        wait_for(lambda: "b" not in a.handshakes(), "device without b")
        entered(a, "no wireguard peer b shutdown")
        shown = wait_cause(a, "no-handshake", traffic=lambda: lost(net))
        assert "10.255.2.2:51820" in shown["reason"] and "peer b" in shown["reason"]
        says_what_is_not_known(net, shown)
        net.heal("b")


def test_no_answer(net):
    "A peer that answered before."
    with broken(net) as a:
        net.cut("b")
        shown = wait_cause(a, "no-answer", traffic=lambda: lost(net))
        assert "10.255.2.2:51820" in shown["reason"] and "peer b" in shown["reason"]
        says_what_is_not_known(net, shown)
        net.heal("b")


def test_deaf(net):
    """
    A firewall before b lets nothing in: a gets its calls, and no packet more.
    Those are no sign of life: packets to b are lost all the while.
    """
    with broken(net) as a:
        net["b"].run(
            "nft add table inet deaf;"
            "nft 'add chain inet deaf in { type filter hook input priority 0; }';"
            "nft add rule inet deaf in udp dport 51820 drop"
        )
        # b calls for a minute and a half when it has something to say once
        net["hb"].ping("192.168.1.10")

        def traffic():
            "One call may be the last thing that it did: it takes two."
            lost(net)
            assert "calls and does not take our answer" in explain(a).get("reason", "")

        shown = wait_cause(a, "no-answer", traffic=traffic)
        tries = "".join(shown["try"])
        assert "firewall" in tries and "preshared" in tries and "bfd" not in tries, shown
        net["b"].run("nft delete table inet deaf")


@pytest.mark.once
def test_preshared_key_at_one_end(net):
    "Both ends call, and neither takes the other's answer."
    with broken(net) as a:
        b = net["b"]
        path = "/etc/frr/wireguard/explain.psk"
        b.vtysh("wireguard generate preshared-key file " + path)
        entered(b, "wireguard peer a preshared-key file " + path)
        entered(b, "wireguard peer a shutdown")
        entered(b, "no wireguard peer a shutdown")
        net["hb"].ping("192.168.1.10")
        shown = wait_cause(a, "no-answer", traffic=lambda: lost(net))
        assert "preshared" in "".join(shown["try"]), shown
        entered(b, "no wireguard peer a preshared-key file " + path)


@pytest.mark.parametrize("version", [4, 6])
def test_forwarding_off(net, version):
    "Our own packets go, and nobody else's."
    address = HOST if version == 4 else "fd00:50::1"
    name = "net.ipv%d.conf.all.forwarding" % version
    with broken(net) as a:
        a.run("sysctl -qw %s=0" % name)
        shown = wait_cause(a, "forwarding-off", address, dropped=False)
        assert "IPv%d" % version in shown["reason"], shown
        if version == 4:
            lost(net)
            assert "cause" not in explain(a, "fd00:50::1")
            assert a.ping("10.99.0.2")
        a.run("sysctl -qw %s=1" % name)


def test_no_endpoint(net):
    with broken(net) as a:
        # b does not call: it has no way to a
        net.cut("b")
        entered(a, "wireguard peer b shutdown")
        wait_for(lambda: "b" not in a.handshakes(), "device without b")
        entered(
            a,
            "no wireguard peer b endpoint 10.255.2.2 port 51820\n"
            "no wireguard peer b shutdown",
        )
        shown = wait_cause(a, "no-endpoint")
        assert "peer b" in shown["reason"] and shown["unknown"]
        lost(net)
        entered(a, "wireguard peer b endpoint 10.255.2.2 port 51820")
        net.heal("b")


@pytest.mark.once
def test_key_mismatch(net):
    "The other end has another key for us: WireGuard is silent, and we say so."
    with broken(net) as a:
        entered(net["b"], "wireguard peer a public-key " + make_key()[1])
        shown = wait_cause(a, "no-answer", traffic=lambda: lost(net))
        says_what_is_not_known(net, shown)
        assert any("wg show" in t for t in shown["try"]), shown
        entered(
            net["b"], "wireguard peer a public-key " + net.keys["a", "wg0"][1]
        )


@pytest.mark.parametrize("prefix", ["192.168.50.0/24", "192.168.50.0/25"])
def test_owned_by_another_peer(net, prefix):
    with broken(net) as a:
        entered(a, "wireguard peer c allowed-ips " + prefix)
        shown = wait_cause(a, "owned-by-another-peer")
        for word in "peer b", "peer c", prefix:
            assert word in shown["reason"], shown
        lost(net)
        entered(a, "no wireguard peer c allowed-ips " + prefix)


counts = pytest.mark.skipif(
    BACKEND == "userspace", reason="wireguard-go does not count what it refuses"
)


@counts
def test_asymmetric_return_here(net):
    "The answers come back through c, who does not own their source."
    with broken(net) as a:
        b = net["b"]
        entered(b, "wireguard peer a allowed-ips 192.168.1.0/24")
        net["u"].run("ip route add 192.168.1.0/24 via 10.255.3.2")
        b.configure(
            "no ip route 192.168.1.0/24 10.99.0.1\nip route 192.168.1.0/24 10.255.2.1"
        )
        shown = wait_cause(
            a, "asymmetric-return", traffic=lambda: lost(net), dropped=False
        )
        assert "from peer b only" in shown["reason"] and shown["unknown"], shown
        b.configure(
            "no ip route 192.168.1.0/24 10.255.2.1\nip route 192.168.1.0/24 10.99.0.1"
        )
        entered(b, "no wireguard peer a allowed-ips 192.168.1.0/24")
        net["u"].run("ip route del 192.168.1.0/24 via 10.255.3.2")


@counts
def test_asymmetric_return_there(net):
    "b would answer through c, and so refuses what comes from us: b knows it."
    with broken(net) as a:
        b = net["b"]
        b.configure(
            "no ip route 192.168.1.0/24 10.99.0.1\nip route 192.168.1.0/24 10.99.0.3"
        )
        shown = wait_cause(
            b,
            "asymmetric-return",
            "192.168.1.10",
            traffic=lambda: lost(net),
            dropped=False,
        )
        assert "from peer c only" in shown["reason"], shown
        shown = explain(a)
        assert "cause" not in shown and "other end" in shown["unknown"], shown
        b.configure(
            "no ip route 192.168.1.0/24 10.99.0.3\nip route 192.168.1.0/24 10.99.0.1"
        )


def test_two_next_hops(net):
    "Whether the other end answers by the other one cannot always be known."
    with broken(net) as a:
        a.configure("ip route 192.168.50.0/24 10.99.0.3")
        wait_for(lambda: len(explain(a)["nexthops"]) == 2, "two next hops")
        shown = fine(net)
        assert shown["peer"] == "b", shown
        if BACKEND == "userspace":
            assert "peer c" in shown["unknown"]
        a.configure("no ip route 192.168.50.0/24 10.99.0.3")


def test_endpoint_in_tunnel(net):
    "With a mark of the operator's own, which no rule of his is for."
    with broken(net) as a:
        entered(a, "wireguard fwmark 77")
        a.run("ip route add 10.255.2.2/32 dev wg0")
        shown = wait_cause(a, "endpoint-in-tunnel")
        for word in "peer b", "10.255.2.2:51820", "wg0":
            assert word in shown["reason"], shown
        lost(net)
        a.run("ip route del 10.255.2.2/32 dev wg0")
        entered(a, "no wireguard fwmark")


def test_endpoint_through_a_tunnel_only(net):
    "What is encrypted enters no tunnel: where there is no other way it stays here."
    with broken(net) as a:
        entered(
            a,
            "wireguard peer d public-key %s\n"
            "wireguard peer d address 10.99.0.4\n"
            "wireguard peer d endpoint 203.0.113.9 port 51820" % make_key()[1],
        )
        wait_cause(a, "endpoint-unreachable", "10.99.0.4")
        a.configure("ip route 203.0.113.0/24 10.99.0.2")
        wait_for(
            lambda: "203.0.113.9:51820, the endpoint of peer d, but through a tunnel"
            in explain(a, "10.99.0.4")["reason"],
            "the reason",
        )
        # our own rules forbid it: they are named
        assert "show wireguard wg0" in "".join(explain(a, "10.99.0.4")["try"])
        a.configure("no ip route 203.0.113.0/24 10.99.0.2")
        entered(a, "no wireguard peer d")


def test_endpoint_unreachable(net):
    with broken(net) as a:
        a.run("ip route add unreachable 10.255.2.2/32")
        shown = wait_cause(a, "endpoint-unreachable")
        assert "10.255.2.2:51820" in shown["reason"]
        lost(net)
        a.run("ip route del unreachable 10.255.2.2/32")


def test_prefix_list(net):
    with broken(net) as a:
        entered(a, "wireguard peer b prefix-list FROM-B")
        shown = wait_cause(a, "denied-by-prefix-list")
        assert "FROM-B of peer b does not exist" in shown["reason"]
        a.configure("ip prefix-list FROM-B permit 10.0.0.0/8 le 32")
        wait_for(
            lambda: "FROM-B of peer b does not permit 192.168.50.0/24"
            in explain(a)["reason"],
            "list that denies",
        )
        lost(net)
        entered(a, "no wireguard peer b prefix-list FROM-B")
        a.configure("no ip prefix-list FROM-B")


def test_maximum_prefix(net):
    with broken(net) as a:
        a.configure("no " + ROUTE)
        entered(a, "wireguard peer b maximum-prefix 1")
        a.configure("ip route 192.168.51.0/24 10.99.0.2\nno ipv6 route fd00:50::/64 fd00:99::2")
        wait_for(lambda: explain(a, "192.168.51.1").get("peer") == "b", "b to be full")
        a.configure(ROUTE)
        shown = wait_cause(a, "over-maximum-prefix")
        assert "maximum-prefix is 1" in shown["reason"] and "peer b" in shown["reason"]
        lost(net)
        a.configure("no ip route 192.168.51.0/24 10.99.0.2")
        entered(a, "no wireguard peer b maximum-prefix")
        a.configure("ipv6 route fd00:50::/64 fd00:99::2")


def test_interface_down(net):
    "Also for what was learned: its route is gone with the interface."
    with broken(net) as a:
        entered(a, "shutdown")
        for address in HOST, "10.99.0.2", "fd00:50::1":
            shown = wait_cause(a, "interface-down", address)
            assert "wg0" in shown["reason"] and "administratively" in shown["reason"]
        lost(net)
        entered(a, "no shutdown")


def outside(site, address):
    "The kernel's routes are right, and WireGuard has no part in it."
    shown = wait_cause(site, "routed-elsewhere", address, dropped=False)
    assert "not to a WireGuard interface" in shown["reason"], shown
    text = PRINTED["routed-elsewhere"].pop()
    assert "Not a matter of WireGuard (routed-elsewhere)" in text, text
    assert "dropped" not in text and "lost" not in text, text
    return shown


def test_not_a_matter_of_wireguard(net):
    "A peer's endpoint goes by the underlay, as it has to."
    shown = outside(net["a"], "10.255.2.2")
    assert "under via 10.255.1.1" in shown["reason"], shown


def test_unrelated_interface_down(net):
    "It is to blame only for what it would have: its subnet, its peers' prefixes."
    a = net["a"]
    entered(a, "wireguard", "wg9")
    if BACKEND == "kernel":
        wait_for(lambda: a.show("wg9")["syncState"] == "synced", "wg9")
        a.run("ip link set wg9 down")
    else:  # there is no kernel WireGuard, and so no link
        wait_for(lambda: "wg9" in a.json("show wireguard"), "wg9")
    fine(net)
    for _ in "no lines of peers", "a default route that is not there":
        assert "wg9" in "".join(outside(a, "10.255.2.2")["try"])
        entered(a, "wireguard peer z public-key %s\n"
                "wireguard peer z allowed-ips 0.0.0.0/0" % make_key()[1], "wg9")
    entered(a, "no wireguard peer z allowed-ips 0.0.0.0/0", "wg9")
    shown = wait_cause(a, "no-route", "10.77.1.1")
    PRINTED["no-route"].pop()
    assert "wg9" in "".join(shown["try"]) and "wg9" not in shown["reason"], shown
    entered(a, "wireguard peer z address 10.77.1.1", "wg9")
    shown = wait_cause(a, "interface-down", "10.77.1.1")
    PRINTED["interface-down"].pop()
    assert "interface wg9" in shown["reason"], shown
    a.configure("interface wg9\nno wireguard all")
    wait_for(lambda: "wg9" not in a.json("show wireguard"), "no wg9")


def test_mtu_too_large(net):
    "Where the underlay throws fragments away, large packets do not arrive."
    large = "-s 1440 -M do 10.99.0.2"
    with broken(net) as a:
        net["u"].run(
            "nft add table ip small;"
            "nft 'add chain ip small only { type filter hook prerouting priority -500; }';"
            "nft add rule ip small only 'ip frag-off & 0x3fff != 0' drop"
        )
        entered(a, "wireguard mtu 1500")
        shown = wait_cause(a, "mtu-too-large", dropped=False)
        for word in "wg0 is 1500", "1560", "takes 1500", "under", "peer b":
            assert word in shown["reason"], shown
        assert "wireguard mtu 1440" in json.dumps(shown["try"])
        assert a.ping("10.99.0.2") and not a.ping(large)
        net["u"].run("nft delete table ip small")
        entered(a, "no wireguard mtu")


def test_peer_incomplete(net):
    a = net["a"]
    entered(a, "wireguard peer e address 10.99.0.5")
    shown = wait_cause(a, "peer-incomplete", "10.99.0.5")
    assert "peer e" in shown["reason"]
    entered(a, "no wireguard peer e")


def test_endpoint_not_resolved(net):
    a = net["a"]
    entered(
        a,
        "wireguard peer d public-key %s\n"
        "wireguard peer d address 10.99.0.4\n"
        "wireguard peer d endpoint gate.invalid port 51820" % make_key()[1],
    )
    shown = wait_cause(a, "endpoint-not-resolved", "10.99.0.4")
    assert "gate.invalid" in shown["reason"]
    entered(a, "no wireguard peer d")


def test_no_allowed_ip(net):
    "By a table that zebra does not follow."
    a = net["a"]
    a.run("ip rule add to 192.168.77.0/24 lookup 77; ip route add 192.168.77.0/24 dev wg0 table 77")
    shown = wait_cause(a, "no-allowed-ip", "192.168.77.1")
    assert "wg0" in shown["reason"]
    a.run("ip rule del to 192.168.77.0/24 lookup 77; ip route del 192.168.77.0/24 table 77")


def test_martian(net):
    a = net["a"]
    a.configure("ip route 0.1.0.0/16 10.99.0.2")
    shown = wait_cause(a, "martian", "0.1.2.3")
    assert "0.1.0.0/16" in shown["reason"]
    a.configure("no ip route 0.1.0.0/16 10.99.0.2")


def test_multicast(net):
    wait_cause(net["a"], "multicast", "224.0.0.5")


@pytest.mark.skipif(BACKEND != "userspace", reason="needs a userspace program to stop")
def test_not_in_sync(net):
    with broken(net) as a:
        pid = a.userspace_pid()
        signal_to(pid, signal.SIGSTOP)
        a.configure("ip route 172.31.6.0/24 10.99.0.2")
        wait_cause(a, "not-in-sync")
        signal_to(pid, signal.SIGCONT)
        a.configure("no ip route 172.31.6.0/24 10.99.0.2")


def test_nothing_wrong(net):
    "An address of a peer, of ours, of IPv6."
    wait_for(lambda: fine(net), "working network", SILENCE)
    a = net["a"]
    for address in "10.99.0.2", "fd00:99::2", "fd00:50::1":
        shown = explain(a, address)
        assert not shown["dropped"] and "cause" not in shown, shown
        assert shown["peer"] == "b" and shown["interface"] == "wg0"
        assert shown["verdict"] == ("accepted" if address == "fd00:50::1" else "own-subnet")
        assert shown["endpointRoute"]["interface"] == "under"
    for address in "10.99.0.1", "fd00:99::1", "192.168.1.1":
        shown = explain(a, address)
        assert not shown["dropped"] and shown["kernelRoute"] == {"local": True}, shown
        assert shown.get("verdict") in (None, "own-subnet"), shown
        assert "no-peer" not in a.vtysh("show wireguard explain " + address)
    shown = explain(a, "10.99.0.50")
    assert shown["cause"] == "no-peer-for-nexthop", shown


def test_no_such_vrf(net):
    "JSON where JSON was asked for."
    out = net["a"].vtysh("show wireguard explain 10.99.0.2 vrf NOPE json", check=False)
    assert json.loads(out) == {"error": "VRF NOPE is not known"}


def masked(text):
    """
    Without what differs each time: keys, times, counts, the rest of addresses,
    and how a peer does that is not the cause (slow machines: not yet up, or
    taken for dead already).
    """
    text = re.sub(r"[A-Za-z0-9+/]{43}=", "KEY", text)
    text = re.sub(r"^( *Peer: ).*", r"\1", text, flags=re.M)
    return [re.sub(r"[0-9]+", "N", line.strip()) for line in text.strip().splitlines()]


def samples():
    "{cause: [text]} of the manual."
    with open(os.path.join(HERE, "../doc/manual/explain.rst"), encoding="utf-8") as f:
        text = f.read()
    found = re.findall(r"^``([a-z-]+)``\n\^+\n(.*?)(?=^``[a-z-]+``\n|\Z)", text, re.M | re.S)
    return {cause: re.findall(r"(?:^   .*\n)+", part, re.M) for cause, part in found}


def test_the_manual_has_samples():
    "Of each cause, and of those seen above as it was printed."
    shown = samples()
    with open(os.path.join(HERE, "../doc/manual/explain.rst"), encoding="utf-8") as f:
        table = f.read().split("Samples\n---")[0]
    rungs = re.findall(r"^   \* - [0-9]+\n     - (.*)$", table, re.M)
    causes = set(re.findall("``([a-z-]+)``", "".join(rungs)))
    assert causes - set(shown) == {"pending", "peer-down"}
    for cause, texts in PRINTED.items():
        printed = [masked(text) for text in texts]
        assert not texts or [s for s in shown[cause] if masked(s) in printed], (cause, texts)
