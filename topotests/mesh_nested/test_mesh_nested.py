# SPDX-License-Identifier: GPL-2.0-or-later
"""
WireGuard in WireGuard on one device: the data path of a mesh, made by hand.

A site's peers are the hub, whose endpoint is outside, and the other sites,
whose endpoints are relay addresses, PREFIX:1::NUMBER.  These are routed into
the same device, where they are the hub's peer's.  So a packet from a to b is
encrypted for b, comes back to a's device as a UDP packet between relay
addresses, is encrypted once more for the hub, which opens that, sees a packet
from relay address to relay address, and encrypts it for b.

    what a's programs send       main table   wg0, peer b
    sealed for b, marked         rule 480     wg0, peer hub: by the table of relay routes
    sealed for the hub, marked   rule 500     main table, if that leads outside
                                 rule 501     else the table of host routes
                                 rule 502     else nowhere
    at the hub, from wg0         rule 481     wg0, peer b
    all else to relay addresses  rules 490-1  refused

Whether it is nested, and by whom, a test sees in counters and captures; that
both ends have each other at the relay is looked at after each test.

Where the backends differ (doc/mesh.md says why, and what it is good for):

- DF on encrypted packets: the kernel never sets it on IPv4; wireguard-go does.
  Each has one underlay on which errors of a smaller MTU get lost, when the
  default route leads through the mesh (test_small_hub in the other file).
- wireguard-go sends by the link that the peer's last packet came from, and so
  by worse routes than the rules alone would take (test_marks).
- Later versions of it cannot have endpoints of both families; there the
  underlay is IPv6 (lib_mesh.UNDERLAY), and what is about IPv4 is left out.
- Its links come with an MTU and an address of their own (lib_mesh.device).

netem delays packets where the kernel has it, which is in guests: only there a
packet is under way for long when the endpoints are switched.
"""
import ipaddress

import pytest

from lib_mesh import HOSTS, MARK, MTU, PORT, UNDERLAY, Capture, full_size
from lib_wgd import HERE, PYTHON, kernel_has, wait_for
from nested import (  # noqa: F401
    FAMILIES, OUTSIDE, TOPOLOGY, Since, ipv4_underlay, mesh_fixture, relayed_fixture,
    through_fixture)

HAVE_NETEM = kernel_has("ip link add d type veth; tc qdisc add dev d root netem delay 1ms")
device = pytest.mark.device  # the path of a nested packet is the kernel's


# --- packets


@device
@FAMILIES
def test_full_size(mesh, family):
    "They pass whole: with the lock on the relay routes nobody makes fragments."
    a, b, h = mesh.a, mesh.b, mesh.hub
    grown = Since(a.site, b.site, h.site)
    got, out = full_size(a.site, b.inner[family])
    assert got == 3, out
    assert grown("Ip6FragCreates") == grown("IpFragCreates") == [0, 0, 0]
    got, out = full_size(a.site, b.inner[family], MTU + 1)
    assert got == 0 and "too long" in out, out


def test_full_size_without_lock(mesh):
    "... and without it WireGuard's packets are cut to the interface's MTU, each in two."
    a, b = mesh.a, mesh.b
    mesh.relay_route(a, lock=False)
    try:
        grown = Since(a.site, b.site)
        got, out = full_size(a.site, b.inner[4])
        assert got == 3, out
        assert grown("Ip6FragCreates") == [6, 0] and grown("Ip6ReasmOKs") == [0, 3]
    finally:
        mesh.relay_route(a)


@FAMILIES
def test_tcp(mesh, family):
    n = 4 << 20
    address = mesh.b.inner[family]
    server = mesh.b.site.popen([PYTHON, HERE + "/wire.py", "serve", address, 7001])
    assert "ready" in server.stdout.readline()
    sent = mesh.a.run("%s %s/wire.py send %s 7001 %d" % (PYTHON, HERE, address, n))
    assert server.communicate(timeout=60)[0] == sent and sent.split()[0] == str(n)


def test_hub_sees_sealed_packets(mesh):
    "UDP between relay addresses, each a message of WireGuard, and nothing in clear."
    a, b, h = mesh.a, mesh.b, mesh.hub
    word = b"in clear"
    captures = [Capture(m.site) for m in (h, a)]
    for address in b.inner[4], b.inner[6], "192.168.2.1":
        mesh.net["ha" if "192" in address else "a"].run(
            "ping -n -c 5 -i 0.05 -W 5 -p %s %s" % (word.hex(), address))
    at_hub, at_a = (c.end() for c in captures)
    # a's own device has both, so the capture would see it
    assert len([p for p in at_a if word in p]) == 30
    assert len(at_hub) >= 60  # each comes in and goes out, there and back
    relays = {mesh.relay(site) for site in mesh.sites}  # c's keepalives, too
    for packet in at_hub:
        assert word not in packet
        assert packet[0] >> 4 == 6, packet.hex()
        if packet[24] == 0xff or packet[6] == 58 and packet[40] == 137:
            continue  # its own: to multicast groups, and redirects (test_redirects)
        assert packet[6] == 17, packet.hex()
        addresses = {str(ipaddress.ip_address(packet[i:i + 16])) for i in (8, 24)}
        assert len(addresses) == 2 and addresses <= relays, addresses
        assert {packet[40:42], packet[42:44]} == {PORT.to_bytes(2, "big")}
        assert packet[48] in (1, 2, 3, 4) and packet[49:52] == bytes(3), packet.hex()


# --- relay or direct


@pytest.fixture(name="delay")
def delay_fixture(net):
    "Packets are under way for a while, where the kernel can do that."
    ports = ["u-" + name for name in "abh"] if HAVE_NETEM else []
    for port in ports:
        net["u"].run("tc qdisc add dev %s root netem delay 5ms limit 100000" % port)
    yield
    for port in ports:
        net["u"].run("tc qdisc del dev %s root" % port)


def test_switch(mesh, delay):
    """
    Three times to direct and back; both ends set the endpoint ten times, 10 ms
    apart, and no packet is lost either way.
    """
    a, b, h = mesh.a, mesh.b, mesh.hub
    server = b.site.echo(b.inner[4])
    probe = a.site.probe(b.inner[4], rate=500)
    probe.wait_responder("b")

    def goes(addresses, relayed):
        mesh.set_endpoints(a, b, addresses)
        hub, own = mesh.bytes(h, a)[0], mesh.bytes(a, b)[0]
        wait_for(lambda: mesh.bytes(a, b)[0] - own > 10000, "packets", every=0.02)
        carried = mesh.bytes(h, a)[0] - hub
        assert carried > 5000 if relayed else carried < 2000, carried
        for one, other in ((a, b), (b, a)):
            assert mesh.endpoint(one, other) == mesh.where(addresses(other))

    for _ in range(3):
        goes(lambda member: member.outer[UNDERLAY], False)
        goes(mesh.relay, True)
    result = probe.result()
    got = server.received()
    assert result["lost"] == 0 and got == result["sent"] > 300, (result, got)


def test_hub_made_again(mesh):
    "Its wg0 goes and comes, with the endpoints that the sites had; all heals by itself."
    a, b, h = mesh.a, mesh.b, mesh.hub
    server = b.site.echo(b.inner[4])
    probe = a.site.probe(b.inner[4], rate=100)
    probe.wait_responder("b")
    h.run("ip link del wg0")
    mesh.device(h)
    mesh.relay_route(h)
    mesh.hub_peers(remembered=True)
    mesh.wait_answer(a, b)
    result = probe.result()
    server.kill()
    assert result["lost"] > 0 and len(result["holes"]) == 1, result
    for site in mesh.sites:
        mesh.wait_answer(site, h)


# --- the default route through the mesh


def way(member, address, words=""):
    "The link by which the kernel sends there, or what it says."
    rc, out, err = member.site.status("ip route get %s %s" % (address, words))
    return out.split(" dev ")[1].split()[0] if rc == 0 else err.strip()


@device
@FAMILIES
def test_default_route(mesh, through, family):
    a, c, address = mesh.a, mesh.c, OUTSIDE[family]
    before = mesh.bytes(a, c)[1]
    for node in a.site, mesh.net["ha"]:
        wait_for(lambda: node.ping(address), "answer")
        got, out = full_size(node, address)
        assert got == 3, out
    assert mesh.bytes(a, c)[1] - before > 6 * MTU and mesh.is_relayed(a, c)
    got, out = full_size(mesh.net["ha"], address, MTU + 1, 1)
    assert got == 0 and "mtu" in out, out  # a says how much


@device
@pytest.mark.parametrize("family", [pytest.param(4, marks=ipv4_underlay), 6], ids=["ipv4", "ipv6"])
def test_marks(mesh, through, family):
    """
    What is encrypted is not encrypted again, even if the main table has the hub
    itself in the tunnel; without a route of its own it is refused, not looped.
    """
    a, b, hub = mesh.a, mesh.b, mesh.hub.outer[family]
    mark = "mark %d" % MARK
    whole = "%s/%d" % (hub, 32 if family == 4 else 128)
    mesh.hub_by(a, family)
    a.run("ip route add %s dev wg0" % whole)
    try:
        assert (way(a, hub), way(a, hub, mark)) == ("wg0", "under")
        for words in "", mark:
            assert way(a, mesh.relay(b), words) == "wg0"
        assert full_size(a.site, b.inner[4])[0] == 3
        a.run("ip route del %s table %d" % (whole, HOSTS))
        assert "unreachable" in way(a, hub, mark)
        # wireguard-go insists on the link by which the hub's packets come, so
        # it still takes a worse route of the main table that leads there
        a.run("ip -%d route del default dev under" % family)
        sent, at_hub = sent_packets(a), mesh.bytes(mesh.hub, a)[0]
        assert full_size(a.site, b.inner[4])[0] == 0
        assert 3 <= sent_packets(a) - sent <= 8  # each once, or in clear and sealed
        assert mesh.bytes(mesh.hub, a)[0] == at_hub
    finally:
        a.run("ip route del %s dev wg0; ip -%d route replace default via %s metric 20" % (
            whole, family, a.router[family]))
        mesh.host_routes(a)
        mesh.hub_by(a)


def sent_packets(member):
    return int(member.run("cat /sys/class/net/wg0/statistics/tx_packets"))


STRICT = {
    "loose": ("sysctl -qw net.ipv4.conf.under.rp_filter=2", "true"),
    "mark": ("sysctl -qw net.ipv4.conf.all.src_valid_mark=1;"
             "nft 'table ip strict { chain c { type filter hook prerouting priority mangle;"
             " udp dport %d meta mark set %d; }; }'" % (PORT, MARK),
             "nft delete table ip strict; sysctl -qw net.ipv4.conf.all.src_valid_mark=0"),
    "port": ("for x in 'add pref 498 %s lookup main suppress_ifgroup 30567' 'add pref 499 %s"
             " lookup 30567'; do ip rule $x; done" % (2 * ("ipproto udp sport %d" % PORT,)),
             "ip rule del pref 498; ip rule del pref 499"),
}


@ipv4_underlay
@pytest.mark.parametrize("cure", list(STRICT))
def test_strict_filter(mesh, through, cure):
    "A strict filter drops what the hub sends, whose way back is the tunnel; three cures."
    a = mesh.a
    apply, undo = STRICT[cure]
    wait_for(lambda: a.site.ping(OUTSIDE[4]), "answer")
    a.run("sysctl -qw net.ipv4.conf.under.rp_filter=1")
    try:
        grown = Since(a.site)
        assert not a.site.ping(OUTSIDE[4])
        assert grown("TcpExtIPReversePathFilter") >= [1]
        a.run(apply)
        try:
            wait_for(lambda: a.site.ping(OUTSIDE[4]), "answer")
            got, out = full_size(a.site, OUTSIDE[4])
            assert got == 3, out
        finally:
            a.run(undo)
    finally:
        a.run("sysctl -qw net.ipv4.conf.under.rp_filter=0")
