# SPDX-License-Identifier: GPL-2.0-or-later
"""
To wg-quick and from it: what `show wireguard export wg-quick` prints for a
peer is a file that wg-quick takes, and tools/wg-import makes lines of frr.conf
of that file again.
"""
import base64
import os
import stat
import subprocess
import sys

import pytest

from lib_wgd import BACKEND, wait_for

TOPOLOGY = {"sites": "ab"}
IMPORT = os.path.join(os.path.dirname(__file__), "..", "..", "tools", "wg-import")
FILE = "/run/wgq.conf"
SERVER = "192.168.60.10"
LEARNED = "192.168.71.0/24"


def wg_import(*args):
    return subprocess.run(
        [sys.executable, IMPORT, *args], capture_output=True, text=True, check=False)


def key(n):
    return base64.b64encode(bytes([n] * 32)).decode()


@pytest.fixture(scope="module", name="exported")
def exported_fixture(net):
    net["a"].wait_allowed({LEARNED: "c"})
    return net["a"].vtysh("show wireguard wg0 export wg-quick peer b")


def filled(net, text):
    "What the operator of the other end fills in."
    assert text.count("PrivateKey =\n") == 1 and "#Endpoint = ADDRESS:51820\n" in text
    return text.replace("PrivateKey =\n", "PrivateKey = %s\n" % net.keys["b", "wg0"][0]) \
               .replace("#Endpoint = ADDRESS:", "Endpoint = 10.255.1.2:")


def test_export_has_the_others_view(net, exported):
    lines = exported.splitlines()
    # libyang has an order of its own for them, and another one since FRR 10
    assert {"Address = 10.99.0.2/24, fd99::2/64",
            "Address = fd99::2/64, 10.99.0.2/24"} & set(lines)
    assert "ListenPort = 51821" in lines
    assert "PublicKey = " + net.keys["a", "wg0"][1] in lines
    assert "AllowedIPs = 10.99.0.0/24, fd99::/64, 192.168.70.0/24, " + LEARNED in lines
    assert "PersistentKeepalive = 25" in lines
    assert net.keys["a", "wg0"][0] not in exported


def test_export_names_what_is_not_there(net):
    a = net["a"]
    assert "no such peer: nobody" in a.vtysh_status(
        "show wireguard export wg-quick peer nobody")[1]
    assert "wg7 is not a WireGuard" in a.vtysh_status(
        "show wireguard wg7 export wg-quick")[1]
    every = a.vtysh("show wireguard export wg-quick")
    assert [s for s in every.splitlines() if s.startswith("# peer ")] == [
        "# peer b of wg0, public key " + net.keys["b", "wg0"][1],
        "# peer c of wg0, public key " + net.keys["c", "wg0"][1],
        "# peer d of wg0, public key not set",
    ]


def quick(site, verb):
    site.run("WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go wg-quick %s %s" % (verb, FILE))


def test_wg_quick_takes_it(net, exported):
    b = net["b"]
    b.gear.net.cmd_raises("umask 077; cat > " + FILE, stdin=filled(net, exported))
    b.run("ip addr add %s/32 dev lo" % SERVER)
    quick(b, "up")
    wait_for(lambda: b.ping("10.99.0.1"), "answer of the router")
    wait_for(lambda: net["a"].ping(SERVER), "answer of what is behind the peer")


def test_import_takes_it_over(net, exported, tmp_path):
    "... and a kernel's interface goes on meanwhile."
    b = net["b"]
    path = tmp_path / "wgq.conf"
    path.write_text("# the router\n" + filled(net, exported))
    done = wg_import("--key-dir", str(tmp_path), str(path))
    assert done.returncode == 0, done.stderr
    secret = tmp_path / "wgq.key"
    assert secret.read_text().strip() == net.keys["b", "wg0"][0]
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert net.keys["b", "wg0"][0] not in done.stdout + done.stderr
    lines = done.stdout.replace(str(tmp_path), "/etc/frr/wireguard")
    b.run("install -o frr -g frr -m 600 %s /etc/frr/wireguard/wgq.key" % secret)
    probe = None
    if BACKEND == "kernel":
        net["a"].echo("10.99.0.1")
        probe = b.probe("10.99.0.1", rate=200)
        probe.wait_responder("a")
    else:
        quick(b, "down")  # a program started by hand is root's, and wgd is not root
        lines = lines.replace(" wireguard\n", " wireguard\n wireguard implementation userspace\n")
    b.configure(lines)
    wait_for(lambda: b.show("wgq")["syncState"] == "synced", "wgd in sync")
    name = "10.255.1.2"
    wait_for(lambda: b.show("wgq")["peers"][name]["state"] == "up", "the router up")
    wait_for(lambda: net["a"].ping(SERVER), "answer of what is behind the peer")
    assert {LEARNED, "10.99.0.0/24"} <= set(b.allowed("wgq"))
    if probe:
        result = probe.result()
        assert result["lost"] == 0, result


WHOLE = """\
[Interface]
PrivateKey = {k1}
Address = 10.9.0.1/24, fd09::1/64
ListenPort = 51820
FwMark = 0xca6c
MTU = 1400
PostUp = iptables -A FORWARD -i %i -j ACCEPT

# Name = berlin office
[Peer]
PublicKey = {k2}
PresharedKey = {k3}
AllowedIPs = 10.9.0.2/32, fd09::2/128, 192.168.5.0/24
AllowedIPs = 0.0.0.0/0
Endpoint = vpn.example.net:51820
PersistentKeepalive = 25

[Peer]
PublicKey = {k4}
AllowedIPs = 192.168.6.0/24
Endpoint = [2001:db8::1]:51820
""".format(k1=key(8), k2=key(16), k3=key(24), k4=key(32))


def test_import_lines(tmp_path):
    path = tmp_path / "wg7.conf"
    path.write_text(WHOLE)
    done = wg_import("--key-dir", str(tmp_path), str(path))
    assert done.returncode == 0, done.stderr
    assert [s for s in done.stdout.splitlines() if not s.startswith("!")] == [
        "interface wg7",
        " ip address 10.9.0.1/24",
        " ipv6 address fd09::1/64",
        " wireguard",
        " wireguard private-key file %s/wg7.key" % tmp_path,
        " wireguard listen-port 51820",
        " wireguard fwmark 51820",
        " wireguard mtu 1400",
        " wireguard peer berlin-office public-key " + key(16),
        " wireguard peer berlin-office address 10.9.0.2",
        " wireguard peer berlin-office address fd09::2",
        " wireguard peer berlin-office allowed-ips 192.168.5.0/24",
        " wireguard peer berlin-office allowed-ips 0.0.0.0/0",
        " wireguard peer berlin-office endpoint vpn.example.net port 51820",
        " wireguard peer berlin-office preshared-key file %s/wg7-berlin-office.psk" % tmp_path,
        " wireguard peer berlin-office persistent-keepalive 25",
        " wireguard peer 2001:db8::1 public-key " + key(32),
        " wireguard peer 2001:db8::1 allowed-ips 192.168.6.0/24",
        " wireguard peer 2001:db8::1 endpoint 2001:db8::1 port 51820",
        "exit",
        "ip route 0.0.0.0/0 wg7",
        "ip route 192.168.5.0/24 wg7",
        "ip route 192.168.6.0/24 wg7",
    ]
    assert "PostUp = iptables -A FORWARD -i %i -j ACCEPT" in done.stdout
    assert (tmp_path / "wg7-berlin-office.psk").read_text() == key(24) + "\n"
    # again: the same; with another key there: refused, and nothing is written
    assert wg_import("--key-dir", str(tmp_path), str(path)).stdout == done.stdout
    (tmp_path / "wg7-berlin-office.psk").unlink()
    (tmp_path / "wg7.key").write_text(key(40) + "\n")
    done = wg_import("--key-dir", str(tmp_path), str(path))
    assert done.returncode == 1 and "wg7.key is there, with another key" in done.stderr
    assert not done.stdout and not (tmp_path / "wg7-berlin-office.psk").exists()


@pytest.mark.parametrize("change,why", [
    (("PrivateKey = " + key(8), ""), "no PrivateKey"),
    (("PrivateKey = " + key(8), "PrivateKey = short"), ":2: not a key"),
    (("10.9.0.1/24", "10.9.0.300/24"), ":3: '10.9.0.300/24'"),
    (("ListenPort = 51820", "ListenPort = 70000"), ":4: '70000' is no number"),
    (("PublicKey = " + key(16), ""), ":10: no PublicKey"),
    (("AllowedIPs = 192.168.6.0/24", "AllowedIPs = 192.168.5.0/24"),
     "192.168.5.0/24 is berlin-office's already"),
    (("[2001:db8::1]:51820", "[2001:db8::1]"), "is no number from 1 to 65535"),
    (("[Interface]", "[Device]"), ":1: unknown section [Device]"),
    (("MTU", "Mtv"), ":6: unknown key 'mtv'"),
    (("MTU = 1400", "MTU"), ":6: 'mtu' is not KEY = VALUE"),
    (("[Interface]", ""), "before any section"),
])
def test_import_refuses(tmp_path, change, why):
    "Says where and why, and writes nothing."
    assert change[0] in WHOLE
    path = tmp_path / "wg7.conf"
    path.write_text(WHOLE.replace(*change, 1))
    done = wg_import("--key-dir", str(tmp_path), str(path))
    assert done.returncode == 1 and not done.stdout
    assert why in done.stderr, done.stderr
    assert os.listdir(tmp_path) == ["wg7.conf"]
