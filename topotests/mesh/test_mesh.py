# SPDX-License-Identifier: GPL-2.0-or-later
"""
A mesh: hub h by request and answer, sites a and b by an invite each.  Nothing
is configured at one member for another.
"""
import re

import pytest

from lib_keeper import STATE, Keeper, join, make_hub, mesh, prepare, tool, wait_connected
from lib_mesh import Capture
from lib_wgd import holds, wait_for

TOPOLOGY = {
    "sites": "abh",
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
    },
}
HUB = "hub.example.net"


@pytest.fixture(scope="module", name="keeper", autouse=True)
def keeper_fixture(net, tmp_path_factory):
    for name in "abh":
        prepare(net[name])
    return Keeper(str(tmp_path_factory.mktemp("keeper") / "acme"))


@pytest.fixture(scope="module", name="invite")
def invite_fixture(keeper):
    "One of each site."
    for i, name in enumerate("ab", 1):
        keeper.add(name, "--prefix", "192.168.%d.0/24" % i)
    return {name: keeper.line("invite", name) for name in "ab"}


def test_hub_joins(net, keeper):
    "By request and answer; it has what the keeper knows of it, and saved it."
    h = net["h"]
    assert re.fullmatch(r"joined acme as h: 10\.99\.0\.1; 1 member; \d\.\d s\n",
                        make_hub(keeper, h, HUB))
    running = h.running_wireguard()
    for line in ("name acme", "hub", "endpoint %s port 51820" % HUB, "routes"):
        assert "wg0: wireguard mesh " + line in running, running
    assert " wireguard mesh endpoint %s port 51820\n" % HUB in h.run("cat /etc/frr/frr.conf")
    assert "applied" in keeper.load(h)


def test_site_joins(net, invite):
    "One line there, and nothing elsewhere."
    name_hub(net["a"])
    before = net["h"].running()
    said = join(net["a"], invite["a"])
    assert re.fullmatch(r"joined acme as a: 10\.99\.0\.2, 192\.168\.1\.0/24;"
                        r" 2 members; \d\.\d s\n", said), said
    assert net["h"].running() == before
    wait_for(lambda: net["a"].ping("10.99.0.1"), "answer of the hub to a")
    assert "wireguard mesh name acme\n" in net["a"].run("cat /etc/frr/frr.conf")


def name_hub(site, address="10.255.3.2"):
    "What its resolver says of the hub's name from now on."
    site.gear.net.cmd_raises(
        "cat > /tmp/gearlogdir/hosts; [ /etc/hosts -ef /tmp/gearlogdir/hosts ] ||"
        " mount --bind /tmp/gearlogdir/hosts /etc/hosts", stdin="%s %s\n" % (address, HUB))


def refused(site, line, why, *more):
    "In one line that names the reason."
    rc, out, err = tool(site, "join", *more, "wg0", "-", stdin=line + "\n")
    assert rc == 1 and not out, out + err
    assert err.startswith("wgd-mesh: ") and err.count("\n") == 1 and why in err, err


def test_site_is_not_let_in(net, invite):
    """
    An invite with a letter too few, a door where nobody is, an invite that was
    used: as soon as it is known.
    """
    b = net["b"]
    line = invite["a"]
    refused(b, line[:100] + line[101:], "the line: ")
    assert not [s for s in b.running_wireguard() if "mesh" in s]
    name_hub(b, "10.255.3.99")
    refused(b, line, "no answer from the door at %s port 51822" % HUB, "--wait", "3")
    name_hub(b)
    refused(b, line, "the invite was used already", "--wait", "30")


def test_another_invite(net, invite):
    "For another member, and wgd runs: it is taken at once, and makes it that one."
    b = net["b"]
    said = join(b, invite["b"])
    assert re.match(r"joined acme as b: 10\.99\.0\.3, 192\.168\.2\.0/24; 3 members; ", said), said
    wait_for(lambda: b.ping("10.99.0.1"), "answer of the hub to b")


def test_members(net):
    for name, others in (("a", {"b", "h"}), ("b", {"a", "h"}), ("h", {"a", "b"})):
        def check():
            found = mesh(net[name], " members")
            assert set(found) == others, found
            assert all(m["live"] and "refused" not in m for m in found.values()), found
            return True
        wait_for(check, "members at " + name)


def test_sites_reach_each_other(net):
    wait_for(lambda: net["a"].ping("10.99.0.3"), "answer of b to a")
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "LAN to LAN")


def test_demand(net):
    "What a LAN sends to another one is data for that site: hellos and the hub's relaying are not."
    def demand():
        return {name: m["demand"] for name, m in mesh(net["a"], " members").items()}

    before = demand()
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "LAN to LAN")
    wait_for(lambda: demand()["b"] > before["b"], "data for b")
    assert demand()["h"] == before["h"]


def test_relayed_sealed(net):
    "The hub forwards what it cannot read: UDP between relay addresses, and no IPv4."
    capture = Capture(net["h"])
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "LAN to LAN")
    packets = capture.end()
    assert not [p for p in packets if p[0] >> 4 == 4], packets
    # what sites and hub say to each other, link-local, is not relayed
    sealed = [p for p in packets if p[6] == 17 and p[8] != 0xfe]
    assert len(sealed) >= 4 and all(p[8] == p[24] == 0xfd for p in sealed), packets


def test_seen_by_hub(net):
    "A site knows where the hub sees it: at WireGuard's own port, though its socket is WireGuard's."
    for name in "ab":
        own = "10.255.%d.2:%s" % ("abh".index(name) + 1, net[name].run("wg show wg0 listen-port").strip())

        def seen():
            found = mesh(net[name])
            assert found["observedEndpoints"] == [own] and found["nat"] == "none", found
            return True
        wait_for(seen, "where %s is" % name)
        assert "NAT: none; hubs see us at %s\n" % own in net[name].vtysh("show wireguard mesh")


def test_endpoint_put_back(net):
    "Whoever has a key can move its endpoint, and a hub that of each site: until the next reading."
    a = net["a"]
    for line in a.run("wg show wg0 endpoints").splitlines():
        key, endpoint = line.split()
        a.run("wg set wg0 peer %s endpoint 10.255.2.1:9" % key)
        wait_for(lambda: endpoint in a.run("wg show wg0 endpoints"), "the endpoint " + endpoint)
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "LAN to LAN")


def test_small_underlay(net):
    "The relay's route follows the MTU of the interface, so what is sealed twice fits."
    a = net["a"]
    a.run("ip link set under mtu 1480")

    def follows():
        mtu = int(re.search(r"mtu (\d+)", a.run("ip link show wg0"))[1])
        assert mtu == 1480 - 160, mtu
        assert "mtu lock %d" % (mtu + 80) in a.run("ip -6 route show table 30568")
        return True

    wait_for(follows, "MTU of the relay")
    a.run("ip link set under mtu 1500")
    wait_for(lambda: "mtu 1340" in a.run("ip link show wg0"), "MTU as before")
    wait_for(lambda: "mtu lock 1420" in a.run("ip -6 route show table 30568"), "the relay's")


def on_disk(site):
    "What it keeps of the mesh."
    return site.run("cksum < %s/wireguard/acme.items" % STATE)


def test_wgd_restarted(net):
    "Not one packet is lost, and all is found again without a door."
    a = net["a"]
    a.vtysh("write memory")
    wait_for(lambda: on_disk(a) == on_disk(net["h"]), "the map on both disks")
    server = net["hb"].echo("192.168.2.10")
    probe = net["ha"].probe("192.168.2.10", rate=200)
    probe.wait_responder("hb")
    a.kill("wgd")
    holds(lambda: net["ha"].ping("192.168.2.10"), 2, "LAN to LAN without wgd")
    a.start("wgd")
    wait_connected(a)
    wait_for(lambda: "all routes are here" in a.log().rsplit(" starting: ", 1)[1], "all routes")
    holds(lambda: net["ha"].ping("192.168.2.10"), 2, "LAN to LAN")
    assert probe.result()["lost"] == 0
    server.kill()
    assert "let us in" not in a.log().rsplit(" starting: ", 1)[1]


def test_disk_lost(net):
    "A site that knows nobody any more goes on, and learns all again."
    a = net["a"]
    server = net["hb"].echo("192.168.2.10")
    probe = net["ha"].probe("192.168.2.10", rate=200)
    probe.wait_responder("hb")
    a.kill("wgd")
    a.run("rm %s/wireguard/acme.items" % STATE)
    a.start("wgd")
    wait_for(lambda: "member b is a peer" in a.log().rsplit(" starting: ", 1)[1], "b is a peer")
    wait_connected(a)
    holds(lambda: net["ha"].ping("192.168.2.10"), 2, "LAN to LAN")
    assert probe.result()["lost"] == 0
    server.kill()


def alarms(site):
    return {a["alarm"]: a["text"] for a in mesh(site)["alarms"]}


def test_disk_torn(net):
    "What stands before the tear is taken, and the operator knows."
    a = net["a"]
    a.kill("wgd")
    a.run("truncate -s -20 %s/wireguard/acme.items" % STATE)
    a.start("wgd")
    wait_for(lambda: "torn" in alarms(a).get("disk", ""), "alarm")
    wait_for(lambda: mesh(a).get("state") == "connected", "a is connected")
    wait_for(lambda: on_disk(a) == on_disk(net["h"]), "the map on disk")
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "LAN to LAN")


def test_disk_full(net):
    "The mesh goes on, and what came meanwhile is saved when it can be."
    a, h = net["a"], net["h"]
    a.run("mount -o remount,size=128k %s; dd if=/dev/zero of=%s/fill bs=4k 2>/dev/null || :" % (STATE, STATE))
    h.configure("interface wg0\nwireguard mesh endpoint 10.255.3.9 port 51820")
    wait_for(lambda: "No space left" in alarms(a).get("disk", ""), "alarm")
    assert "alarm disk: " in a.log()
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "LAN to LAN")
    a.run("rm %s/fill" % STATE)
    wait_for(lambda: "No space left" not in alarms(a).get("disk", ""), "end of the alarm")
    wait_for(lambda: on_disk(a) == on_disk(h), "the map on disk")
    h.configure("interface wg0\nno wireguard mesh endpoint 10.255.3.9 port 51820")


def test_dropped(net):
    "What a stranger sends to the door is counted, told once with its sender, and not answered."
    h = net["h"]
    before = mesh(h)["dropped"].get("door-no-question", 0)
    net["b"].run("bash -c 'for i in {1..20}; do echo x >/dev/udp/%s/51822; done'" % HUB)
    wait_for(lambda: mesh(h)["dropped"]["door-no-question"] == before + 20, "20 dropped")
    assert h.log().count("dropped, from 10.255.2.2: door-no-question") == 1


def test_false_route(net):
    "A route by another member's address takes nothing that is certified for b."
    a = net["a"]
    a.configure("ip route 192.168.2.10/32 10.99.0.1")
    wait_for(lambda: "192.168.2.10/32" in a.show("wg0", "routes"), "the false route")
    assert a.show("wg0", "routes")["192.168.2.10/32"]["verdict"] == "denied-by-certificate"
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "LAN to LAN")
    a.configure("no ip route 192.168.2.10/32 10.99.0.1")


def test_revoked(net, keeper):
    "Loaded at one site, it is known to all; nobody is edited."
    keeper("revoke", keeper.folder, "b")
    assert "applied" in keeper.load(net["a"])
    for name in "ah":
        wait_for(lambda: "b" not in net[name].show()["peers"], "end of b at " + name)
    assert not net["b"].ping("10.99.0.1")
    assert not net["ha"].ping("192.168.2.10")
    keeper.load(net["b"])
    wait_for(lambda: mesh(net["b"])["state"] == "revoked", "b knows it")


def test_role_changes(net, keeper):
    "A certificate that was renewed counts at once: a hub is none any more, and one again."
    h, members = net["h"], keeper.folder + "/members"
    with open(members, encoding="utf-8") as f:
        lines = f.read()
    for text, role in ((lines.replace(" hub " + HUB, ""), "site"), (lines, "hub")):
        with open(members, "w", encoding="utf-8") as f:
            f.write(text)
        keeper("renew", keeper.folder)
        assert "applied" in keeper.load(h)
        wait_for(lambda: mesh(h).get("role") == role, "h as a " + role)
    wait_for(lambda: mesh(net["a"])["state"] == "connected", "a is connected")
    wait_for(lambda: net["a"].ping("10.99.0.1"), "answer of the hub")


def test_cloned(net, tmp_path):
    "A machine with a's disk, of which a hears; it is b's, which nobody takes for b any more."
    a, b = net["a"], net["b"]
    copy = tmp_path / "a.tar"
    what = "/etc/frr/wireguard/mesh/acme %s/wireguard" % STATE
    b.configure("interface wg0\nno wireguard mesh name")
    a.run("tar cPf %s %s" % (copy, what))
    b.run("rm -r %s; tar xPf %s" % (what, copy))
    b.configure("interface wg0\nwireguard listen-port 51999\nwireguard mesh name acme")
    wait_for(lambda: "cloned" in alarms(a), "alarm at a")
    assert mesh(a)["state"] == "cloned"
