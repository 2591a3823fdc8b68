# SPDX-License-Identifier: GPL-2.0-or-later
"""
Three gateways with one key: a dies, then b, and the third one has all clients;
both come back.  Gateway d is one more behind r, which prefers a, then b.
"""
import pytest

from lib_wgd import SLOW, die, live, wait_for
import clients as lib

pytestmark = pytest.mark.once  # TCP between gateways

TOPOLOGY = dict(
    lib.TOPOLOGY,
    sites="abrd",
    links=["ar", "br", "dr"],
    same_key={"b": "a", "d": "a"},
)
MEMBER = {"a": "10.255.1.2", "b": "10.255.2.2", "d": "10.255.4.2"}
NEXTHOP = {"a": "10.1.1.2", "b": "10.1.2.2", "d": "10.1.4.2"}
SLACK = 1000

R = """
interface to-d
 ip address 10.1.4.1/30
route-map LAST permit 10
 set local-preference 50
router bgp 65003
 neighbor 10.1.4.2 remote-as 65004
 neighbor 10.1.4.2 bfd profile fast
 neighbor 10.1.4.2 timers connect 1
 address-family ipv4 unicast
  neighbor 10.1.4.2 route-map LAST in
"""


def ready(net):
    "Each of them hears both others, and r prefers a and would see its end."
    for name in MEMBER:
        for other, address in MEMBER.items():
            if other != name:
                member = lib.group(net[name])["members"][address]
                assert member["connection"] == "connected" and member["heard"], member
                assert member["bfd"] == "up", member
    route = net["r"].json("show ip route %s/32" % lib.ANYCAST)[lib.ANYCAST + "/32"]
    assert route[0]["nexthops"][0]["ip"] == NEXTHOP["a"], route
    sessions = [peer["status"] for peer in net["r"].json("show bfd peers")]
    assert sessions == ["up", "up", "up"], sessions
    return True


def wait_served(net, by, dead=""):
    "Both clients by this one, and the others alive know."

    def check():
        for client in "c1", "c2":
            for name in MEMBER:
                if name not in dead:
                    shown = lib.group(net[name])["clients"][client]
                    assert shown["role"] == ("serving" if name == by else "passive"), (name, shown)
                    assert name == by or shown.get("server") == MEMBER[by], (name, shown)
        return True

    wait_for(check, "c1 and c2 at " + by)


@pytest.fixture(scope="module", name="clients", autouse=True)
def clients_fixture(net):
    net["r"].configure(R)
    for name in "ab":
        net[name].configure(
            "interface wg0\nwireguard gateway-group member 10.255.4.2 bfd profile fast")
    with lib.two_clients(net, MEMBER, "abdr", ready) as found:
        wait_served(net, "a")
        yield found


def test_one_dies_then_a_second(net, clients):
    dead = ""
    for dying, heir in ("a", "b"), ("b", "d"):
        probe = clients["c1"].probe()
        probe.wait_responder(dying)
        die(net[dying])
        dead += dying
        probe.wait_responder(heir)
        # at a gateway that its packets do not reach nobody takes it for long
        wait_served(net, heir, dead)
        result = probe.result()
        assert result["outageMs"] < (300 + SLACK) * SLOW, result
    assert clients["c2"].ping()


def test_both_come_back(net, clients):
    for name in "ba":
        live(net[name])
    probe = clients["c1"].probe()
    probe.wait_responder("a")
    wait_for(lambda: ready(net), "gateways")
    wait_for(clients["c2"].ping, "answer to c2")
    wait_served(net, "a")
    result = probe.result()
    assert result["outageMs"] < (300 + SLACK) * SLOW, result
