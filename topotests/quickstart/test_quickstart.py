# SPDX-License-Identifier: GPL-2.0-or-later
"""
A newcomer's path: the first page of the manual from its top to its end, and
nothing else.  What is run is looked for in the page first, behind what was run
before; so what the page does not say, or says later, fails.  (The package, its
step 1, is tools/package-test's.)  The page's addresses in the Internet are given
to the sites, and eth1 is there as an interface without a wire.
"""
import os
import re

import pytest

from lib_wgd import BACKEND, HERE, wait_for

TOPOLOGY = {"sites": "abc", "daemons": ["bgpd"]}
OUTSIDE = {"a": "198.51.100.1", "b": "203.0.113.2", "c": "192.0.2.3"}
MANUAL = os.path.join(HERE, "../doc/manual")


class Page:
    "The page, read from the top."

    def __init__(self):
        with open(os.path.join(MANUAL, "index.rst"), encoding="utf-8") as f:
            self.rest = f.read()

    def says(self, text):
        assert text in self.rest, "the page does not say here: %s" % text
        self.rest = self.rest.split(text, 1)[1]
        return text

    def has(self, name):
        self.says(".. literalinclude:: quickstart/" + name)
        with open(os.path.join(MANUAL, "quickstart", name), encoding="utf-8") as f:
            return f.read()


@pytest.fixture(scope="module")
def page():
    return Page()


@pytest.fixture(scope="module")
def keys():
    return {}


def own(command, keys, site):
    "Steps 1 and 2 of a machine that was no router before."
    i = " abc".index(site.name)
    site.run("ip link add eth1 type veth peer name lan1; ip link set lan1 up;"
             "ip link set eth1 up; ip addr add %s/32 dev under;"
             "ip route add default via 10.255.%d.1;"
             "sysctl -qw net.ipv4.ip_forward=0" % (OUTSIDE[site.name], i))
    site.net["u"].run("ip route add %s via 10.255.%d.2" % (OUTSIDE[site.name], i))
    out = site.run(command)
    keys[site.name] = re.search(r"Public key: (\S+)", out)[1]


def configure(site, text, keys):
    for other, key in keys.items():
        text = text.replace("PUBLIC-KEY-OF-SITE-" + other.upper(), key)
    assert "PUBLIC-KEY" not in text
    if BACKEND == "userspace":
        more = Page().says("interface wg0\n    wireguard implementation userspace\n")
        text = text.replace("interface wg0\n", more)
    site.gear.net.cmd_raises("cat > /tmp/gearlogdir/page.conf", stdin=text)
    out = site.run("vtysh -f /tmp/gearlogdir/page.conf")
    assert "%" not in out, out


def test_two_sites(net, page, keys):
    page.says("Quick start\n-----------")
    command = page.says(
        "vtysh -c 'wireguard generate private-key file /etc/frr/wireguard/wg0.key'")
    for name in "ab":
        own(command, keys, net[name])
    for name in "ab":
        configure(net[name], page.has("site-%s.conf" % name), keys)
    shown = net["a"].run(page.says("vtysh -c 'show wireguard'"))
    assert "site-b" in shown and keys["a"] in shown
    ping = page.says("ping -I 192.168.1.1 192.168.2.1")
    wait_for(lambda: net["a"].status(ping + " -c 1 -W 1")[0] == 0, "answer")
    assert net["b"].ping("192.168.1.1", source="192.168.2.1")


def test_packets_of_the_lan_go_through(net):
    for name in "ab":
        assert net[name].run("sysctl -n net.ipv4.ip_forward").strip() == "1"


def test_what_is_said_of_it(net, page):
    "A prefix belongs to the peer that owns the next hop of its best route."
    shown = net["a"].show(what="allowed-ips")["192.168.2.0/24"]
    assert shown == {"peer": "site-b", "source": "bgp", "state": "installed"}
    explain = page.says("vtysh -c 'show wireguard explain 192.168.2.1'")
    assert "Packets to it go to peer site-b" in net["a"].run(explain)


def test_third_site(net, page, keys):
    page.says("A third site\n------------")
    own("vtysh -c 'wireguard generate private-key file /etc/frr/wireguard/wg0.key'",
        keys, net["c"])
    configure(net["c"], page.has("site-c.conf"), keys)
    first = net["a"].show(what="allowed-ips")
    more = page.has("site-a-third.conf")
    configure(net["a"], more, keys)
    page.says("site B the same in its ``router bgp 65002``")
    configure(net["b"], more.replace("router bgp 65001", "router bgp 65002"), keys)
    summary = page.says("vtysh -c 'show wireguard summary'")
    wait_for(lambda: re.search("site-c +up", net["a"].run(summary)), "site C is up")
    owners = page.says("vtysh -c 'show wireguard allowed-ips'")
    for name in "ab":
        wait_for(lambda: re.search(r"192\.168\.3\.0/24 +site-c", net[name].run(owners)),
                 "C's LAN")
    ping = page.says("ping -I 192.168.1.1 192.168.3.1")
    wait_for(lambda: net["a"].status(ping + " -c 1 -W 1")[0] == 0, "answer")
    # what was there is as it was
    assert {**net["a"].show(what="allowed-ips"), **first} == net["a"].show(what="allowed-ips")


def test_site_leaves(net, page):
    page.says("A site that leaves\n------------------")
    command = page.says(
        "vtysh -c 'configure terminal' -c 'interface wg0' -c 'no wireguard peer site-c'")
    for name in "ab":
        net[name].run(command)
        net[name].wait_allowed({"192.168.3.0/24": None, "10.99.0.3/32": None})
    assert not net["c"].ping("192.168.1.1", source="192.168.3.1")
    forget = page.says("no neighbor 10.99.0.3")
    for i, name in enumerate("ab", 1):
        net[name].configure("router bgp 6500%d\n%s" % (i, forget))
    explain = page.says("vtysh -c 'show wireguard explain 192.168.3.1'")
    wait_for(lambda: "not to a WireGuard interface" in net["a"].run(explain),
             "by the default route")
    assert net["a"].ping("192.168.2.1", source="192.168.1.1")
