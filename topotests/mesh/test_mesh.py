# SPDX-License-Identifier: GPL-2.0-or-later
"""
A mesh: hub h by request and answer, sites a and b by an invite each.  Nothing
is configured at one member for another.
"""
import json
import os
import re
import subprocess

import pytest

from lib_mesh import Capture
from lib_wgd import holds, wait_for

TOPOLOGY = {
    "sites": "abh",
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
    },
}
TOOL = os.path.join(os.environ["WGD_BUILDDIR"], "wgd-mesh/wgd-mesh")
STATE = "/var/lib/frr"
HUB = "10.255.3.2"


class Keeper:
    "The keeper's folder, of a mesh named acme."

    def __init__(self, folder):
        self.folder = folder
        self.passphrase = folder + ".passphrase"
        with open(os.open(self.passphrase, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as f:
            f.write("correct horse battery staple\n")
        self("new", folder, "--network", "10.99.0.0/16", "--memory", "64")

    def __call__(self, command, *args):
        secret = [] if command == "add" else ["--passphrase-file", self.passphrase]
        return subprocess.run([TOOL, command, *secret, *args], check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def line(self, command, *args):
        return [s for s in self(command, self.folder, *args).splitlines()
                if s.startswith("wgmesh1:")][0]


def bring(site, line):
    "An invite or an answer, as wgd-mesh join leaves it."
    site.gear.net.cmd_raises("umask 077; cat > %s/wireguard/acme.invite" % STATE, stdin=line + "\n")
    site.run("chown frr:frr %s/wireguard/acme.invite" % STATE)


def mesh(site, what=""):
    return json.loads(site.vtysh("show wireguard wg0 mesh%s json" % what))["wg0"]


@pytest.fixture(scope="module", name="keeper", autouse=True)
def keeper_fixture(net, tmp_path_factory):
    for name in "abh":
        net[name].run(
            "mkdir -p %s; mount -t tmpfs none %s; mkdir -m 700 %s/wireguard;"
            "chown frr:frr %s/wireguard" % ((STATE,) * 4))
        net[name].run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
    keeper = Keeper(str(tmp_path_factory.mktemp("keeper") / "acme"))
    h = net["h"]
    h.configure("interface wg0\nwireguard mesh name acme\nwireguard mesh hub\n"
                "wireguard mesh endpoint %s port 51820" % HUB)
    keeper("add", keeper.folder, "h", "--hub", HUB)
    bring(h, keeper.line("sign", "h", h.vtysh("wireguard mesh request wg0").strip()))
    for i, name in enumerate("ab", 1):
        keeper("add", keeper.folder, name, "--prefix", "192.168.%d.0/24" % i)
        bring(net[name], keeper.line("invite", name))
    return keeper


def load(keeper, site):
    "What the keeper wrote last, at one member."
    with open(keeper.folder + "/update", "rb") as f:
        text = f.read().hex()
    site.gear.net.cmd_raises("umask 077; xxd -r -p > %s/update; chown frr:frr %s/update" % (
        STATE, STATE), stdin=text)
    return site.vtysh("wireguard mesh load wg0 file %s/update" % STATE)


def join(site, address):
    site.configure("interface wg0\nip address %s/16\nwireguard mesh name acme\n"
                   "wireguard mesh routes" % address)


def test_hub_is_there(net, keeper):
    wait_for(lambda: mesh(net["h"]).get("state") == "connected", "hub")
    assert "applied" in load(keeper, net["h"])


def test_sites_join(net):
    for i, name in enumerate("ab"):
        join(net[name], "10.99.0.%d" % (i + 2))
    for name in "ab":
        wait_for(lambda: mesh(net[name]).get("state") == "connected", "site " + name)
        wait_for(lambda: net[name].ping("10.99.0.1"), "answer of the hub to " + name)


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


def test_relayed_sealed(net):
    "The hub forwards what it cannot read: UDP between relay addresses, and no IPv4."
    capture = Capture(net["h"])
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "LAN to LAN")
    packets = capture.end()
    assert not [p for p in packets if p[0] >> 4 == 4], packets
    sealed = [p for p in packets if p[6] == 17]
    assert len(sealed) >= 4 and all(p[8] == p[24] == 0xfd for p in sealed), packets


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
    wait_for(lambda: mesh(a).get("state") == "connected", "a is connected")
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
    wait_for(lambda: mesh(a).get("state") == "connected", "a is connected")
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
    assert "applied" in load(keeper, net["a"])
    for name in "ah":
        wait_for(lambda: "b" not in net[name].show()["peers"], "end of b at " + name)
    assert not net["b"].ping("10.99.0.1")
    assert not net["ha"].ping("192.168.2.10")
    load(keeper, net["b"])
    wait_for(lambda: mesh(net["b"])["state"] == "revoked", "b knows it")
