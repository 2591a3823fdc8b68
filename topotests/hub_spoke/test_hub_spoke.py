# SPDX-License-Identifier: GPL-2.0-or-later
"""
Spokes a and b that know only the hub h, which has no endpoints of theirs and
reflects their routes.  Packets between the LANs go through h.
"""
import os
import subprocess
import sys

from lib_wgd import wait_for

TOPOLOGY = {
    "sites": "abh",
    "daemons": ["bgpd"],
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
        "hh": ("h", "192.168.3.10/24", "192.168.3.1"),
    },
}
IMPORT = os.path.join(os.path.dirname(__file__), "..", "..", "tools", "wg-import")
LAN = {"a": "192.168.1.0/24", "b": "192.168.2.0/24", "h": "192.168.3.0/24"}


def test_spokes_have_all_at_the_hub(net):
    net["h"].wait_allowed({LAN["a"]: "a", LAN["b"]: "b"})
    net["a"].wait_allowed({LAN["b"]: "h", LAN["h"]: "h"})
    net["b"].wait_allowed({LAN["a"]: "h", LAN["h"]: "h"})


def test_picture(net):
    net["h"].picture("hub-spoke")


def test_through_the_hub(net):
    for host, there in (("ha", "192.168.2.10"), ("hb", "192.168.3.10"),
                        ("hh", "192.168.1.10")):
        wait_for(lambda: net[host].ping(there), "%s to %s" % (host, there))
    before = net["h"].handshakes()["b"]
    assert net["ha"].ping("192.168.2.10")
    _, rx, tx = net["h"].handshakes()["b"]
    assert rx > before[1] and tx > before[2]


def test_a_spoke_withdraws(net):
    "... and the hub lets it send no more from there."
    net["b"].configure("router bgp 65000\naddress-family ipv4 unicast\nno network %s" % LAN["b"])
    net["a"].wait_allowed({LAN["b"]: None, LAN["h"]: "h"})
    net["h"].wait_allowed({LAN["b"]: None, LAN["a"]: "a"})


def test_export_of_a_point_to_point_interface(net, tmp_path):
    "A plain WireGuard at the other end: a file that wg-import makes such an interface of, too."
    exported = net["a"].vtysh("show wireguard wg0 export wg-quick peer h")
    assert "AllowedIPs = 10.99.0.0/24, 224.0.0.0/24, ff02::/16, fe80::/64\n" in exported
    path = tmp_path / "wg7.conf"
    path.write_text(exported.replace("PrivateKey =", "PrivateKey = " + net.keys["h", "wg0"][0]))
    done = subprocess.run([sys.executable, IMPORT, "--dry-run", str(path)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert " wireguard point-to-point\n" in done.stdout and "224." not in done.stdout


def test_a_missing_line(net):
    "What former versions did without it is said: where, why, and the line."
    a = net["a"]
    a.configure("interface wg0\nno wireguard point-to-point")
    net["b"].configure("router bgp 65000\naddress-family ipv4 unicast\nnetwork " + LAN["b"])
    wait_for(lambda: "hint" in a.show(), "the hint")
    assert a.show()["pointToPoint"] is False
    for words in (LAN["b"], "10.99.0.2", "h, the only peer", "wireguard point-to-point"):
        assert words in a.show()["hint"]
    assert "Hint: %s" % a.show()["hint"] in a.vtysh("show wireguard wg0")
    explained = a.json("show wireguard explain 192.168.2.10")
    assert explained["cause"] == "no-peer-for-nexthop"
    assert any("wireguard point-to-point" in t for t in explained["try"])
    wait_for(lambda: a.log().count("h, the only peer") == 1, "a line in the log", 30)
    a.configure("interface wg0\nwireguard point-to-point")
    a.wait_allowed({LAN["b"]: "h"})
    assert "hint" not in a.show() and a.show()["pointToPoint"]


def test_a_revoked_spoke_has_no_heir(net):
    "With one peer left at the hub, nothing of the other is its."
    h = net["h"]
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "a to b")
    h.wait_allowed({LAN["b"]: "b", LAN["a"]: "a"})
    h.configure("interface wg0\nno wireguard peer b")
    h.wait_allowed({LAN["b"]: None, LAN["a"]: "a"})
    linklocal = h.show()["peers"]["a"]["linkLocal"]
    assert h.allowed() == {LAN["a"]: "a", "10.99.0.1/32": "a", linklocal + "/128": "a"}
    assert "hint" not in h.show() or LAN["b"] in h.show()["hint"]
