# SPDX-License-Identifier: GPL-2.0-or-later
"""
Two gateways of one site, a and b, in one segment of the underlay, where nobody
speaks BGP: stock vrrpd decides which of them has the endpoint address.  The
site's router l learns c's LAN from the gateway that serves it.

    hc --- c --- r === segment === a, b --- l --- h     a, b: also by u
"""
import pytest

from lib_wgd import SLOW, die, holds, kernel_has, live, wait_for

HAVE_MACVLAN = kernel_has("ip link add v0 type veth peer name w0 &&"
                          " ip link add link v0 name m0 type macvlan mode bridge")
pytestmark = pytest.mark.skipif(
    not HAVE_MACVLAN, reason="this kernel has no macvlan, which vrrpd needs")

TOPOLOGY = {
    "sites": "abrcl",
    "daemons": ["bgpd", "bfdd"],
    "hosts": {
        "h": ("l", "192.168.50.10/24", "192.168.50.1"),
        "hc": ("c", "192.168.7.10/24", "192.168.7.1"),
    },
    "links": ["ar", "br", "cr", "al", "bl"],
    "same_key": {"b": "a"},
}
ENDPOINT = "203.0.113.1"
LAN, SERVER, CLIENT = "192.168.7.0/24", "192.168.50.10", "192.168.7.10"
NEXTHOP = {"a": "10.2.1.2", "b": "10.2.2.2"}
VRRP = """
interface to-r
 vrrp 5
 vrrp 5 priority %d
 vrrp 5 advertisement-interval 100
 vrrp 5 ip 203.0.113.1
"""
PRIORITY = {"a": 200, "b": 100}
OUTAGE_MS = 3500  # BFD is 300 ms x 3, vrrpd's master is missed after 361 ms


def vrrp(net, name):
    return net[name].json("show vrrp")[0]["v4"]["status"]


def active(net, name):
    "vrrpd's master, and the only one that serves."
    states = {g: vrrp(net, g) for g in "ab"}
    assert states == {g: "Master" if g == name else "Backup" for g in "ab"}, states
    roles = {
        g: net[g].gateway_group()["clients"]["c"]["role"]
        for g in "ab"}
    assert roles == {g: "serving" if g == name else "passive" for g in "ab"}, roles
    best = net["l"].json("show ip route %s" % LAN)[LAN][0]
    assert [n["ip"] for n in best["nexthops"]] == [NEXTHOP[name]]
    return True


def wait_active(net, name):
    wait_for(lambda: active(net, name), name + " to be active, alone")


def members_are_up(net):
    for name, other in ("a", "10.255.2.2"), ("b", "10.255.1.2"):
        member = net[name].gateway_group()["members"][other]
        assert member["connection"] == "connected" and member["bfd"] == "up", member
    return True


@pytest.fixture(scope="module", autouse=True)
def segment(net):
    "The provider's switch, vrrpd's devices, and nobody but the endpoint speaks to c."
    r = net["r"]
    r.run("ip link add seg address 02:00:00:00:00:05 type bridge; ip link set seg up;"
          "ip link set to-a master seg; ip link set to-b master seg;"
          "ip addr add 203.0.113.254/24 dev seg")
    for g in "ab":
        net[g].run(
            "sysctl -qw net.ipv4.conf.to-r.arp_ignore=1;"
            "ip link add vrrp4-5 link to-r type macvlan mode bridge;"
            "ip link set vrrp4-5 address 00:00:5e:00:01:05;"
            "ip link set vrrp4-5 protodown on;"
            "ip addr add %s/24 dev vrrp4-5; ip link set vrrp4-5 up" % ENDPOINT)
        # FRR's framework does not know this daemon
        net[g].run("/usr/lib/frr/vrrpd -d </dev/null >/dev/null 2>&1")
        net[g].configure(VRRP % PRIORITY[g])
    net["c"].gear.net.cmd_raises("nft -f -", stdin="""
table inet count {
  counter wrong { }
  chain c {
    type filter hook prerouting priority -300;
    iifname "to-r" udp sport 51820 ip saddr != %s counter name wrong
  }
}
""" % ENDPOINT)
    net["h"].echo(SERVER)
    net["hc"].echo(CLIENT)
    wait_for(lambda: members_are_up(net), "members")
    yield
    assert "packets 0 " in net["c"].run("nft list counter inet count wrong")


def probes(net):
    "Both directions, answered."
    both = [net["hc"].probe(SERVER), net["h"].probe(CLIENT)]
    both[0].wait_responder("h")
    both[1].wait_responder("hc")
    return both


def outage(both):
    return max(probe.result()["outageMs"] for probe in both)


def both_ways(net):
    wait_for(lambda: net["hc"].ping(SERVER) and net["h"].ping(CLIENT), "both ways")


def test_vrrp_decides(net):
    # who is silent stays where it called first, and that may have been b
    both = probes(net)
    wait_active(net, "a")
    both_ways(net)
    for probe in both:
        probe.result()


def test_master_hands_over(net):
    "Both live: with another priority vrrpd chooses b, and the clients follow."
    for priority, name in (50, "b"), (200, "a"):
        both = probes(net)
        net["a"].configure("interface to-r\nvrrp 5 priority %d" % priority)
        wait_active(net, name)
        both_ways(net)
        assert outage(both) < OUTAGE_MS * SLOW
    holds(lambda: active(net, "a"), 2, "a")


def test_master_dies(net):
    both = probes(net)
    # a dead machine answers no ARP either
    net["r"].run("ip link set to-a nomaster")
    die(net["a"])
    wait_for(lambda: vrrp(net, "b") == "Master", "b to be master", every=0.02)
    both_ways(net)
    assert outage(both) < OUTAGE_MS * SLOW
    both = probes(net)
    live(net["a"])
    net["r"].run("ip link set to-a master seg")
    wait_for(lambda: members_are_up(net), "members")
    wait_active(net, "a")
    both_ways(net)
    assert outage(both) < OUTAGE_MS * SLOW
