# SPDX-License-Identifier: GPL-2.0-or-later
"""
A neighbour takes what the operator gave to another peer.

Site sa has 192.168.50.0/24 as a static prefix of peer sb.  Peer sc has a valid
key and speaks BGP with sa.  It announces 192.168.50.8/29, a part of that, and
prefixes that are nobody's beyond a link.  Both sb and sc have a host with the
address in question, so who answers tells who was asked.
"""
import os
import re
import textwrap

import pytest

from lib_wgd import HERE, holds, wait_for

pytestmark = pytest.mark.once  # whose a prefix is

STATIC = "192.168.50.0/24"
PART = "192.168.50.8/29"
SERVER = "192.168.50.10"
HOST = "192.168.1.10"
MARTIANS = ["0.1.0.0/16", "0.0.0.0/8"]
TOPOLOGY = {
    "sites": ["sa", "sb", "sc"],
    "daemons": ["bgpd"],
    "hosts": {
        "hsa": ("sa", HOST + "/24", "192.168.1.1"),
        "hsb": ("sb", SERVER + "/24", "192.168.50.1"),
        "hsc": ("sc", SERVER + "/24", "192.168.50.1"),
    },
}


def line(site, text):
    site.configure("interface wg0\n" + text)


def announce(net, *prefixes, no=False):
    net["sc"].configure(
        "router bgp 65003\naddress-family ipv4 unicast\n"
        + "\n".join(("no " if no else "") + "network " + p for p in prefixes)
    )


def wait_verdict(site, prefix, verdict, owner=None):
    def check():
        route = site.show(what="routes")[prefix]
        assert (route["verdict"], route.get("owner")) == (verdict, owner), route
        return True

    wait_for(check, "%s to be %s" % (prefix, verdict))


def explained(site):
    return site.json("show wireguard explain " + SERVER)


def static(exclusive=False, elsewhere=False):
    "What explain says of the static route."
    return {"prefix": STATIC, "peer": "sb", "exclusive": exclusive, "elsewhere": elsewhere}


@pytest.fixture(scope="module", autouse=True)
def servers(net):
    net["sc"].wait_allowed({"192.168.1.0/24": "sa"})  # the sessions are there
    return {name: net[name].echo(SERVER) for name in ("hsb", "hsc")}


def test_static_alone(net):
    net["hsa"].probe(SERVER).wait_responder("hsb")
    assert explained(net["sa"])["static"] == static()


def test_part_of_a_summary_is_taken(net):
    "Without the word a summary may have parts elsewhere, and explain says so."
    a, probe = net["sa"], net["hsa"].probe(SERVER)
    probe.wait_responder("hsb")
    announce(net, PART)
    wait_verdict(a, PART, "accepted", "sc")
    probe.wait_responder("hsc")
    shown = explained(a)
    assert shown["static"] == static(elsewhere=True)
    assert shown["peer"] == "sc" and shown["allowedIp"] == PART, shown
    text = a.vtysh("show wireguard explain " + SERVER)
    assert ("%s is peer sb's, but not exclusive: %s within it is peer sc's" % (STATIC, PART)
            in text), text


def test_exclusive_takes_it_back(net):
    a, probe = net["sa"], net["hsa"].probe(SERVER)
    probe.wait_responder("hsc")
    line(a, "wireguard peer sb allowed-ips %s exclusive" % STATIC)
    wait_verdict(a, PART, "shadowed-by-static")
    # where a device cannot remove a prefix, it is given to who covers it
    wait_for(lambda: a.allowed().get(PART, "sb") == "sb", "end of " + PART)
    probe.wait_responder("hsb")
    assert a.show(what="allowed-ips")[STATIC]["exclusive"] is True
    shown = explained(a)
    assert shown["static"] == static(exclusive=True)
    assert shown["peer"] == "sb" and shown["verdict"] == "shadowed-by-static", shown


def test_exclusive_guards_what_comes_later(net):
    "Announced again and again, in other parts: not one packet goes there."
    a, probe = net["sa"], net["hsa"].probe(SERVER)
    probe.wait_responder("hsb")
    other = net["hsc"].echo(SERVER, port=7001)
    trap = net["hsa"].probe(SERVER, port=7001)
    for prefix in "192.168.50.10/32", "192.168.50.0/25", "192.168.50.10/31":
        announce(net, prefix)
        wait_verdict(a, prefix, "shadowed-by-static")
        announce(net, PART, no=True)
        announce(net, PART)
    assert [p for p, o in a.allowed().items() if o == "sc" and p.startswith("192.")] == []
    holds(lambda: probe.responder == "hsb", 2, "answers of hsb")
    trap.kill()
    assert other.received() == 0
    announce(net, "192.168.50.10/32", "192.168.50.0/25", "192.168.50.10/31", no=True)


def test_nobody_sends_in_its_name(net):
    "AllowedIPs are the source filter, too."
    echo = net["hsa"].echo(HOST, port=7002)
    net["hsb"].probe(HOST, port=7002).wait_responder("hsa")
    # its packets get to sa, whose device refuses them
    line(net["sc"], "wireguard peer sa allowed-ips 192.168.50.0/24")
    before = net["sa"].handshakes()["sc"][1]
    probe = net["hsc"].probe(HOST, port=7002)
    wait_for(lambda: net["sa"].handshakes()["sc"][1] > before + 5000, "packets of sc")
    assert probe.responder is None
    probe.kill()
    line(net["sc"], "no wireguard peer sa allowed-ips 192.168.50.0/24")
    echo.kill()


def test_word_goes(net):
    "The line without the word takes it back; so does the end of the line."
    a, probe = net["sa"], net["hsa"].probe(SERVER)
    probe.wait_responder("hsb")
    line(a, "wireguard peer sb allowed-ips " + STATIC)
    probe.wait_responder("hsc")
    assert "exclusive" not in a.show(what="allowed-ips")[STATIC]
    line(a, "wireguard peer sb allowed-ips %s exclusive" % STATIC)
    probe.wait_responder("hsb")
    line(a, "no wireguard peer sb allowed-ips %s exclusive" % STATIC)
    a.wait_allowed({STATIC: "sb", PART: "sc"})  # by the route to it
    wait_verdict(a, STATIC, "accepted", "sb")
    line(a, "wireguard peer sb allowed-ips " + STATIC)


def test_firewall_of_the_manual(net):
    "Its rules let through what is needed, and what is not is not let in."
    path = os.path.join(HERE, "../doc/manual/security.rst")
    with open(path, encoding="utf-8") as f:
        rules = re.search(r"::\n\n(   table inet wgd .*?\n   \})\n", f.read(), re.S)[1]
    a = net["sa"]
    a.gear.net.cmd_raises("cat > /tmp/gearlogdir/rules", stdin=textwrap.dedent(rules) + "\n")
    rc, _, err = a.gear.net.cmd_status("nft -f /tmp/gearlogdir/rules", warn=False)
    if rc and "ct state" in err:
        pytest.skip("this kernel does not track connections")
    assert rc == 0, err
    net["sc"].vtysh("clear bgp *")
    wait_for(lambda: a.json("show bgp ipv4 unicast summary")["peers"]["10.99.0.3"]["state"]
             == "Established", "BGP again")
    wait_for(lambda: net["hsa"].ping("192.168.50.1"), "answer of sb")
    for port in 22, 2690, 51821:
        rc, out, err = net["sc"].gear.net.cmd_status(
            "timeout 2 bash -c 'echo >/dev/tcp/10.99.0.1/%d'" % port, warn=False)
        assert rc == 124, (port, rc, out, err)  # no answer at all
    a.run("nft delete table inet wgd")


def test_martians(net):
    "What leads nowhere is not followed; what covers it, is."
    a = net["sa"]
    announce(net, "0.0.0.0/7", *MARTIANS)
    wait_verdict(a, "0.0.0.0/7", "accepted", "sc")
    for prefix in MARTIANS:
        wait_verdict(a, prefix, "martian")
    a.wait_allowed({p: None for p in MARTIANS})
    shown = a.json("show wireguard explain 0.1.2.3")
    assert shown["cause"] == "martian" and "0.1.0.0/16" in shown["reason"], shown
    announce(net, "0.0.0.0/7", *MARTIANS, no=True)
