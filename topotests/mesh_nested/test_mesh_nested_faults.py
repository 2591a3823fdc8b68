# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a relayed pair sees when something is wrong with the machine, and what
must not happen at all.
"""
import re

import pytest

from lib_mesh import HOSTS, MARK, MTU, NET, NET48, OVERHEAD, PORT, RELAYS, UNDERLAY, full_size
from lib_wgd import BACKEND, HERE, wait_for
from nested import (  # noqa: F401
    TOPOLOGY, Since, ipv4_underlay, mesh_fixture, relayed_fixture, through_fixture)


def ping(member, address, source):
    "(answers of one, what ping says)."
    _, out, err = member.site.status("ping -n -c 1 -W 1 -I %s %s" % (source, address))
    return int(" 1 received" in out), out + err


def sent_packets(member):
    return int(member.run("cat /sys/class/net/wg0/statistics/tx_packets"))


# --- the hub's firewall


@pytest.mark.parametrize("how", ["drop", "reject"])
def test_firewall(mesh, how):
    """
    A hub that does not forward: the tunnels to it stand and answer, and the
    pair hears nothing.  a's packets come to the hub, and none leaves for b.  It
    says nothing of it even if it would: it has no way to relay addresses.
    """
    a, b, h = mesh.a, mesh.b, mesh.hub
    h.run("nft 'table ip6 fw { chain c { type filter hook forward priority 0; %s; }; }'" % how)
    try:
        grown = Since(a.site)
        sent, at_hub, at_b = mesh.bytes(a, b), mesh.bytes(h, a), mesh.bytes(b, h)
        assert full_size(a.site, b.inner[4])[0] == 0
        assert mesh.bytes(a, b)[0] == sent[0] and mesh.bytes(a, b)[1] - sent[1] > 3 * MTU
        assert mesh.bytes(h, a)[0] - at_hub[0] > 3 * MTU
        assert mesh.bytes(b, h)[0] - at_b[0] < MTU
        assert grown("Icmp6InDestUnreachs") == [0]
        assert a.site.ping(h.inner[4]) and mesh.is_relayed(a, b)
    finally:
        h.run("nft delete table ip6 fw")


# --- IPv6 switched off

NEW_LINK = """
ip link set lo up
%s
%s
ip link set wg9 mtu %d up
%s
for x in all wg9; do cat /proc/sys/net/ipv6/conf/$x/disable_ipv6 || echo none; done
ip addr add %s:1::9/128 dev wg9 nodad || echo refused
ip -6 route add %s:1::/64 dev wg9 table 9 mtu lock 1420 || echo refused
ip link del wg9
"""
OFF = "sysctl -qw net.ipv6.conf.%s.disable_ipv6=%d"


@pytest.mark.once
@pytest.mark.parametrize("before,after,mtu,seen", [
    ("", "", MTU, "0 0"),
    (OFF % ("all", 1), OFF % ("wg9", 0), MTU, "1 0"),
    (OFF % ("all", 1), "", MTU, "1 1 refused refused"),
    (OFF % ("default", 1), "", MTU, "0 1 refused refused"),
    ("", OFF % ("wg9", 1), MTU, "0 1 refused refused"),
    ("", "", 1279, "0 none refused refused"),
], ids=["on", "on-again", "all", "default", "link", "small-mtu"])
def test_no_ipv6(net, before, after, mtu, seen):
    """
    Where a device has no IPv6 it takes neither a relay address nor a route to
    one.  Its own sysctl tells, not that of all; a small MTU takes it away, too,
    and the sysctl with it.
    """
    how = "ip link add wg9 type wireguard"
    if BACKEND == "userspace":
        how = "wireguard-go wg9 >/dev/null 2>&1 </dev/null; wg set wg9 listen-port 1"
    out = net["u"].run(["unshare", "-n", "sh", "-c", NEW_LINK % (
        before, how, mtu, after, NET, NET)], check=False)
    assert out.split() == seen.split(), out


@pytest.mark.parametrize("how", ["sysctl -qw net.ipv6.conf.wg0.disable_ipv6=1",
                                 "ip link set wg0 mtu 1279"], ids=["sysctl", "mtu"])
def test_ipv6_goes(mesh, how):
    "... on a device that has it: its relay address and its route go, and what is relayed."
    c, b = mesh.c, mesh.b
    c.run(how)
    try:
        assert NET not in c.run("ip -6 addr show dev wg0; ip -6 route show table %d" % RELAYS)
        # refused by the rule behind, rather than sent to the underlay
        rc, _, err = c.site.status("ip -6 route get " + mesh.relay(b))
        assert rc and "Permission denied" in err, err
        assert not c.site.ping(b.inner[4]) and c.site.ping(mesh.hub.inner[4])
    finally:
        c.run("ip link set wg0 mtu %d; sysctl -qw net.ipv6.conf.wg0.disable_ipv6=0;"
              "ip addr add %s/64 dev wg0 nodad; ip addr add %s/64 dev wg0 nodad"
              % (MTU, c.inner[6], c.link_local))
        mesh.relay_address(c)
        mesh.relay_route(c)
        mesh.site_peers(c)
    mesh.wait_answer(c, b)


@ipv4_underlay
def test_no_ipv6_outside(mesh):
    "Only the device needs it."
    a, b = mesh.a, mesh.b
    a.run("sysctl -qw net.ipv6.conf.under.disable_ipv6=1")
    try:
        got, out = full_size(a.site, b.inner[6])
        assert got == 3, out
    finally:
        a.run("sysctl -qw net.ipv6.conf.under.disable_ipv6=0;"
              "ip addr add %s/64 dev under nodad; ip -6 route add default via %s metric 20"
              % (a.outer[6], a.router[6]))
        mesh.host_routes(a)


# --- nothing is nested twice


def test_from_behind(mesh, net):
    "A host behind a site reaches the site's own relay address, but no other."
    a, b = mesh.a, mesh.b
    _, out, _ = net["ha"].status("ping -n -c 1 -W 1 " + mesh.relay(b))
    assert "From fd00:1::1 " in out and "dministratively prohibited" in out, out
    assert net["ha"].ping(mesh.relay(a))


def test_from_another_source(mesh):
    "The hub forwards from relay address to relay address alone."
    a, b, c, h = mesh.a, mesh.b, mesh.c, mesh.hub
    answers, out = ping(a, mesh.relay(b), a.inner[6])
    assert not answers and "From %s " % h.inner[6] in out and "prohibited" in out, out
    # and from one to nowhere else, of which nobody is told
    there = c.outer[6]
    mesh.hub_peer(a, more=there + "/128")
    a.run("ip route add %s dev wg0" % there)
    try:
        grown = Since(h.site)
        answers, out = ping(a, there, mesh.relay(a))
        assert not answers and "From" not in out, out
        assert grown("Ip6InNoRoutes") == [1]
        answers, out = ping(a, there, a.inner[6])
        assert "prohibited" not in out, out  # but it forwards
        assert grown("Ip6InNoRoutes") == [1]
    finally:
        a.run("ip route del %s dev wg0" % there)
        mesh.hub_peer(a)


def test_from_another_peer(mesh):
    "A site that sends for a relay address to another site, instead of to the hub."
    a, b, c = mesh.a, mesh.b, mesh.c
    mesh.site_peer(a, c, more=mesh.relay(b) + "/128")
    try:
        answers, out = ping(a, mesh.relay(b), a.inner[6])
        assert not answers and "From %s " % c.inner[6] in out and "prohibited" in out, out
    finally:
        mesh.site_peer(a, c)
        mesh.hub_peer(a)


@pytest.fixture(name="guard")
def guard_fixture(mesh):
    "The file that is shipped, with the three lines that are to be set."
    with open(HERE + "/../contrib/nftables/wgd-mesh.nft", encoding="utf-8") as f:
        text = f.read()
    for name, value in (("RELAY", NET48), ("PORT", PORT), ("LONGEST", MTU + OVERHEAD - 40)):
        text, n = re.subn(r"^define %s = .*$" % name, "define %s = %s" % (name, value), text,
                          flags=re.M)
        assert n == 1, name
    for _ in range(2):  # it replaces itself
        mesh.a.site.gear.net.cmd_raises("nft -f -", stdin=text)
    assert mesh.a.run("nft list tables").split() == ["table", "ip6", "wgd_mesh"]
    yield
    mesh.a.run("nft delete table ip6 wgd_mesh")


def test_relay_address_is_shut(mesh, net, guard):
    "What listens there is for nobody; the pair, and what it has to say itself, go on."
    a, b = mesh.a, mesh.b
    assert not net["ha"].ping(mesh.relay(a))
    assert not b.site.ping(mesh.relay(a))
    for one, other in ((a, b), (b, a)):
        got, out = full_size(one.site, other.inner[4])
        assert got == 3, out


def test_hub_at_a_relay_address(mesh, guard):
    """
    A hub moves its own endpoint to a relay address: it has the key to seal a
    packet that seems to come from there.  Then what is for the hub is encrypted
    again and again.  The guard ends it when it is too long; without, it is cut
    in two, and both go on for ever.
    """
    a, b, h = mesh.a, mesh.b, mesh.hub
    assert full_size(a.site, b.inner[4])[0] == 3  # not too long
    a.run("wg set wg0 peer %s endpoint %s" % (h.public, mesh.where(mesh.relay(b))))
    try:
        before, at_hub = sent_packets(a), mesh.bytes(h, a)[0]
        assert full_size(a.site, h.inner[4], 1000, 1)[0] == 0
        rounds = sent_packets(a) - before
        assert 2 <= rounds <= 1 + (MTU + OVERHEAD - 1000) // OVERHEAD, rounds
        assert mesh.bytes(h, a)[0] == at_hub
    finally:
        mesh.hub_peer(a)


def roam(mesh, member):
    """
    The member's device has its endpoint at the hub moved to its own relay
    address: a second device with the same key sends through the first one.
    """
    a, h = member, mesh.hub
    how = "ip link add wg8 type wireguard"
    if BACKEND == "userspace":
        how = "wireguard-go wg8 >/dev/null 2>&1 </dev/null"
    a.run(how + " && wg set wg8 private-key /etc/frr/wireguard/wg0.key &&"
          "ip -6 route replace %s dev wg0 src %s &&"
          "wg set wg8 peer %s persistent-keepalive 1 endpoint %s && ip link set wg8 up"
          % (h.inner[6], mesh.relay(a), h.public, mesh.where(h.inner[6])))
    wait_for(lambda: NET in mesh.endpoint(h, a), "the endpoint at the hub")


def test_site_at_its_relay_address(mesh):
    """
    A site moves its own endpoint at the hub to its relay address.  The hub has
    no way there for what it sends itself, so what is for that site is lost,
    and not encrypted again; nobody else sees anything of it.
    """
    a, b, c, h = mesh.a, mesh.b, mesh.c, mesh.hub
    try:
        roam(mesh, a)
        before = sent_packets(h)
        assert full_size(h.site, a.inner[4], 1000, 3)[0] == 0
        assert sent_packets(h) - before < 30
        assert b.site.ping(c.inner[4])
    finally:
        a.run("ip link del wg8; ip -6 route del %s dev wg0" % h.inner[6], check=False)
        h.run("wg set wg0 peer %s endpoint %s" % (a.public, mesh.where(a.outer[UNDERLAY])))
    mesh.wait_answer(a, h)
    mesh.wait_answer(a, b)


# --- what routers say


def test_redirects(mesh):
    """
    The hub sends back by the link that a packet came from, and a kernel tells
    the sender of a better way then.  The hub's has none to a relay address, so
    not even one that obeys hears of it; the pair stays as it is.
    """
    a, b = mesh.a, mesh.b
    a.run("sysctl -qw net.ipv6.conf.all.forwarding=0 net.ipv6.conf.wg0.accept_redirects=1")
    try:
        grown = Since(a.site, b.site)
        for _ in range(2):
            got, out = full_size(a.site, b.inner[6])
            assert got == 3, out
        assert grown("Icmp6InRedirects") == [0, 0]
        assert grown("Ip6FragCreates") == [0, 0]
    finally:
        a.run("sysctl -qw net.ipv6.conf.all.forwarding=1")


LEARNED, IN_PIECES, BLACK_HOLE = "learned", "in pieces", "black hole"
# (family of the underlay, default route through the mesh): by backend
SMALL = {
    (4, True): {"kernel": IN_PIECES, "userspace": BLACK_HOLE},
    (6, True): {"kernel": BLACK_HOLE, "userspace": LEARNED},
    (4, False): {"kernel": IN_PIECES, "userspace": LEARNED},
    (6, False): {"kernel": LEARNED, "userspace": LEARNED},
}
# What lets the kernel find the route again that a packet took which was too big:
# the mark for the one, the table of host routes first for the other.
CURES = {
    "kernel": (
        "sysctl -qw net.ipv6.fwmark_reflect=1; nft 'table ip6 small { chain c {"
        " type filter hook prerouting priority mangle;"
        " icmpv6 type packet-too-big meta mark set %d; }; }'" % MARK,
        "nft delete table ip6 small; sysctl -qw net.ipv6.fwmark_reflect=0"),
    "userspace": ("ip rule add pref 499 fwmark %d lookup %d" % (MARK, HOSTS),
                  "ip rule del pref 499"),
}


@pytest.fixture(name="small")
def small_fixture(mesh, net, request):
    """
    The hub's link bears less than 1500 bytes, each time less than before: what
    was learned of it is kept for ten minutes.
    """
    case = request.param
    mtu = 1440 - 20 * list(SMALL).index(case)
    for site in mesh.sites:
        mesh.hub_by(site, case[0])
    if case[1]:
        request.getfixturevalue("through")
    for node, link in ((net["u"], "u-h"), (mesh.hub.site, "under")):
        node.run("ip link set %s mtu %d" % (link, mtu))
    yield case, mtu
    for node, link in ((net["u"], "u-h"), (mesh.hub.site, "under")):
        node.run("ip link set %s mtu 1500" % link)
    for site in mesh.sites:
        mesh.hub_by(site)


@pytest.mark.parametrize("small", [
    pytest.param(case, marks=[ipv4_underlay] if case[0] == 4 else []) for case in SMALL
], indirect=True, ids=["ipv4-default", "ipv6-default", "ipv4", "ipv6"])
def test_small_hub(mesh, net, small):
    "Last, for what was learned stays: see the table."
    (family, through), mtu = small
    a, b, h, seen = mesh.a, mesh.b, mesh.hub, SMALL[small[0]][BACKEND]
    told = {4: "IcmpInDestUnreachs", 6: "Icmp6InPktTooBigs"}[family]
    pieces = {4: "IpFragCreates", 6: "Ip6FragCreates"}[family]
    grown = Since(a.site, h.site, net["u"])
    # what fits passes in any case
    got, out = full_size(a.site, b.inner[4], mtu - OVERHEAD - (60, 80)[family == 6] - 32)
    assert got == 3 and grown(told)[0] == 0, out
    got, out = full_size(a.site, b.inner[4])
    if seen == IN_PIECES:
        assert got == 3, out
        assert grown(told)[0] == 0 and grown(pieces) == [0, 12, 12]
        return
    if seen == BLACK_HOLE:
        assert got == 0 and grown(told)[0] == 3 and grown(pieces) == [0, 0, 0], out
        a.run(CURES[BACKEND][0])
    try:
        wait_for(lambda: full_size(a.site, b.inner[4])[0] == 3, "all packets")
        assert grown(told)[0] >= 1 and grown(pieces)[0] >= 6
    finally:
        if seen == BLACK_HOLE:
            a.run(CURES[BACKEND][1])
