# SPDX-License-Identifier: GPL-2.0-or-later
"""
The first page of the manual: the two files, with the keys that the command
prints, and the sites ping.  Its addresses in the Internet are given to the
sites, and eth1 is there as an interface without a wire.
"""
import os
import re

import pytest

from lib_wgd import BACKEND, HERE, wait_for

TOPOLOGY = {"sites": "ab", "daemons": ["bgpd"]}
OUTSIDE = {"a": "198.51.100.1", "b": "203.0.113.2"}


def page(name):
    with open(os.path.join(HERE, "../doc/manual/quickstart/site-%s.conf" % name),
              encoding="utf-8") as f:
        return f.read()


@pytest.fixture(scope="module", autouse=True)
def sites(net):
    keys = {}
    for i, name in enumerate("ab", 1):
        site = net[name]
        site.run("ip link add eth1 type veth peer name lan1; ip link set eth1 up;"
                 "ip link set lan1 up; ip addr add %s/32 dev under;"
                 "ip route add default via 10.255.%d.1" % (OUTSIDE[name], i))
        net["u"].run("ip route add %s via 10.255.%d.2" % (OUTSIDE[name], i))
        out = site.vtysh(
            "wireguard generate private-key file /etc/frr/wireguard/wg0.key")
        keys[name] = re.search(r"Public key: (\S+)", out)[1]
    for name in "ab":
        text = page(name)
        for other in "ab":
            text = text.replace("PUBLIC-KEY-OF-SITE-" + other.upper(), keys[other])
        # as on a machine that was no router before
        net[name].run("sysctl -qw net.ipv4.ip_forward=0")
        if BACKEND == "userspace":
            text = text.replace("interface wg0\n",
                                "interface wg0\n wireguard implementation userspace\n")
        net[name].gear.net.cmd_raises("cat > /tmp/gearlogdir/page.conf", stdin=text)
        out = net[name].run("vtysh -f /tmp/gearlogdir/page.conf")
        assert "%" not in out, out


def test_sites_ping(net):
    wait_for(lambda: net["a"].ping("192.168.2.1", source="192.168.1.1"), "answer")
    assert net["b"].ping("192.168.1.1", source="192.168.2.1")


def test_packets_of_the_lan_go_through(net):
    for name in "ab":
        assert net[name].run("sysctl -n net.ipv4.ip_forward").strip() == "1"


def test_what_is_said_of_it(net):
    "A prefix belongs to the peer that owns the next hop of its best route."
    shown = net["a"].show(what="allowed-ips")["192.168.2.0/24"]
    assert shown == {"peer": "site-b", "source": "bgp", "state": "installed"}
    assert "cause" not in net["a"].json("show wireguard explain 192.168.2.1")
