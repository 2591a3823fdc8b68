# SPDX-License-Identifier: GPL-2.0-or-later
"""
To wg-quick and from it: what `show wireguard export wg-quick` prints for a
peer, filled in by tools/wg-export, is a file that wg-quick takes, and
tools/wg-import makes lines of frr.conf of that file again.
"""
import base64
import itertools
import os
import re
import shutil
import stat
import subprocess
import sys

import pytest

from lib_wgd import BACKEND, wait_for

TOPOLOGY = {"sites": "ab"}
TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
IMPORT = os.path.join(TOOLS, "wg-import")
EXPORT = os.path.join(TOOLS, "wg-export")
FILE = "/run/wgq.conf"
SERVER = "192.168.60.10"
LEARNED = "192.168.71.0/24"


def wg_import(*args):
    return subprocess.run(
        [sys.executable, IMPORT, *args], capture_output=True, text=True, check=False)


def key(n):
    return base64.b64encode(bytes([n] * 32)).decode()


def public(private):
    return subprocess.check_output(["wg", "pubkey"], input=private, text=True).strip()


@pytest.fixture(scope="module", name="exported")
def exported_fixture(net):
    net["a"].wait_allowed({LEARNED: "c"})
    return net["a"].vtysh("show wireguard wg0 export wg-quick peer b")


def wg_export(net, client, *args, key_of=None):
    "(result, output, errors) at site a."
    net["a"].gear.net.cmd_raises(
        "umask 077; cat > /run/client.key", stdin=net.keys[key_of or client, "wg0"][0] + "\n")
    return net["a"].status(
        [sys.executable, EXPORT, "--private-key", "/run/client.key", *args, client])


@pytest.fixture(scope="module", name="whole")
def whole_fixture(net, exported):
    "The file that site b is given."
    rc, out, err = wg_export(net, "b", "--endpoint", "10.255.1.2")
    assert rc == 0, err
    wanted = exported.replace("PrivateKey =\n", "PrivateKey = %s\n" % net.keys["b", "wg0"][0])
    wanted = wanted.replace("#Endpoint = ADDRESS:", "Endpoint = 10.255.1.2:")
    assert out == "".join(re.findall(r"^(?!# (?:the|an) ).*\n", wanted, re.M))
    return out


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


@pytest.mark.once
@pytest.mark.parametrize("words,lines", [
    ("peer c", ["Address = 10.99.0.3/24", "#Endpoint = ADDRESS:51820",
                "AllowedIPs = 10.99.0.0/24, fd99::/64, 192.168.60.0/24",
                "PersistentKeepalive = 25"]),
    ("peer c split", ["AllowedIPs = 10.99.0.0/24, fd99::/64, 192.168.60.0/24"]),
    ("peer c full-tunnel", ["AllowedIPs = 0.0.0.0/0, ::/0", "#Endpoint = ADDRESS:51820"]),
    ("peer c endpoint vpn.example.net", ["Endpoint = vpn.example.net:51820"]),
    ("peer c full-tunnel endpoint 2001:db8::1 port 443",
     ["AllowedIPs = 0.0.0.0/0, ::/0", "Endpoint = [2001:db8::1]:443"]),
], ids=["nothing", "split", "full-tunnel", "host", "ipv6"])
def test_export_is_as_wished(net, words, lines):
    text = net["a"].vtysh("show wireguard wg0 export wg-quick " + words)
    assert set(lines) <= set(text.splitlines()), text


@pytest.mark.once
def test_export_has_the_source(net):
    "Where encrypted packets leave from is where the peer finds us."
    a = net["a"]
    a.configure("interface wg0\nwireguard gateway-group source 10.255.1.2")
    try:
        text = a.vtysh("show wireguard wg0 export wg-quick peer c")
        assert "Endpoint = 10.255.1.2:51820" in text.splitlines(), text
    finally:
        a.configure("interface wg0\nno wireguard gateway-group source 10.255.1.2")


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


@pytest.mark.once
def test_whole_file(net):
    "... has the preshared key, too, and is drawn for a phone."
    a = net["a"]
    psk = a.run("umask 077; wg genpsk | tee /etc/frr/wireguard/c.psk").strip()
    a.configure("interface wg0\nwireguard peer c preshared-key file /etc/frr/wireguard/c.psk")
    try:
        args = "--interface", "wg0", "--full-tunnel", "--endpoint", "[2001:db8::1]:443"
        rc, text, err = wg_export(net, "c", *args)
        assert rc == 0, err
        assert text.splitlines()[1:] == [
            "[Interface]",
            "PrivateKey = " + net.keys["c", "wg0"][0],
            "Address = 10.99.0.3/24",
            "",
            "[Peer]",
            "PublicKey = " + net.keys["a", "wg0"][1],
            "PresharedKey = " + psk,
            "AllowedIPs = 0.0.0.0/0, ::/0",
            "Endpoint = [2001:db8::1]:443",
            "PersistentKeepalive = 25",
        ]
        rc, drawn, err = wg_export(net, "c", "--qr", *args)
        if not shutil.which("qrencode"):
            assert rc == 1 and "apt-get install qrencode" in err
            pytest.skip("qrencode is missing: apt-get install qrencode")
        assert rc == 0, err
        assert drawn == subprocess.check_output(
            ["qrencode", "-t", "ansiutf8"], input=text.split("\n", 1)[1], text=True)
    finally:
        a.configure("interface wg0\nno wireguard peer c preshared-key")


@pytest.mark.once
@pytest.mark.parametrize("client,args,key_of,why", [
    ("c", (), "c", "where does the peer reach this router? --endpoint HOST"),
    ("c", ("--endpoint", "x.example"), "b", "is not the key of the peer"),
    ("e", (), "c", "no such peer: e"),
    ("c", ("--interface", "wg7"), "c", "wg7 is not a WireGuard interface"),
    ("c", ("--endpoint", "x y"), "c", "'x y' is no name and no address"),
    ("c", ("--private-key", "/run/none"), "c", "No such file"),
], ids=range(6))
def test_no_whole_file(net, client, args, key_of, why):
    "It says what is missing, and prints nothing."
    net.keys.setdefault(("e", "wg0"), net.keys["c", "wg0"])
    rc, out, err = wg_export(net, client, *args, key_of=key_of)
    assert rc == 1 and not out and why in err, err
    assert net.keys[key_of, "wg0"][0] not in err


def quick(site, verb):
    site.run("WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go wg-quick %s %s" % (verb, FILE))


def test_wg_quick_takes_it(net, whole):
    b = net["b"]
    b.gear.net.cmd_raises("umask 077; cat > " + FILE, stdin=whole)
    b.run("ip addr add %s/32 dev lo" % SERVER)
    quick(b, "up")
    wait_for(lambda: b.ping("10.99.0.1"), "answer of the router")
    wait_for(lambda: net["a"].ping(SERVER), "answer of what is behind the peer")


def test_import_takes_it_over(net, whole, tmp_path):
    "... and a kernel's interface goes on meanwhile."
    b = net["b"]
    path = tmp_path / "wgq.conf"
    path.write_text("# the router\n" + whole)
    options = ["--userspace"] if BACKEND == "userspace" else []
    done = wg_import(*options, "--key-dir", str(tmp_path), str(path))
    assert done.returncode == 0, done.stderr
    secret = tmp_path / "wgq.key"
    assert secret.read_text().strip() == net.keys["b", "wg0"][0]
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert net.keys["b", "wg0"][0] not in done.stdout + done.stderr
    lines = done.stdout.replace(str(tmp_path), "/etc/frr/wireguard")
    b.run("install -m 600 %s /etc/frr/wireguard/wgq.key" % secret)
    probe = None
    if BACKEND == "kernel":
        net["a"].echo("10.99.0.1")
        probe = b.probe("10.99.0.1", rate=200)
        probe.wait_responder("a")
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


@pytest.mark.once
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
        " wireguard peer berlin-office description berlin office",
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


NAMED = """\
# the whole file
[Interface]
# Enable forwarding
PostUp = sysctl -w net.ipv4.ip_forward=1; wg set %i peer x preshared-key <(echo {k1})
PrivateKey = {k1}
ListenPort = 0
# Enable forwarding
#PostUp = sysctl -w net.ipv4.ip_forward=1
[Peer]
# Büro München
# Anna hat den Schlüssel | #42
# private: {k1}
PublicKey = {k2}
# a comment of this line alone
AllowedIPs = 10.9.0.2/32
PersistentKeepalive = 0
### begin phone ###
[Peer]
PublicKey = {k3}
AllowedIPs = 10.9.0.3/32
### end phone ###
# BEGIN_PEER laptop
[Peer]
PublicKey = {k4}
AllowedIPs = 10.9.0.4/32
# END_PEER laptop
[Peer]
PublicKey = {k5}
AllowedIPs = 10.9.0.5/32

# no longer there:

[Peer] # Client: tablet (7)
PublicKey = {k6}
""".format(k1=key(8), k2=key(16), k3=key(24), k4=key(32), k5=key(40), k6=key(48))


@pytest.mark.once
def test_import_names(tmp_path):
    "A comment names the peer that it stands at; off is off; no key is shown."
    path = tmp_path / "wg7.conf"
    path.write_text(NAMED, encoding="utf-8")
    done = wg_import("--userspace", "--dry-run", str(path))
    assert done.returncode == 0, done.stderr
    assert [s for s in done.stdout.splitlines() if not s.startswith("!")] == [
        "interface wg7",
        " wireguard",
        " wireguard implementation userspace",
        " wireguard private-key file /etc/frr/wireguard/wg7.key",
        " wireguard peer Buero-Muenchen public-key " + key(16),
        " wireguard peer Buero-Muenchen description"
        " Büro München - Anna hat den Schlüssel / #42",
        " wireguard peer Buero-Muenchen allowed-ips 10.9.0.2/32",
        " wireguard peer phone public-key " + key(24),
        " wireguard peer phone allowed-ips 10.9.0.3/32",
        " wireguard peer laptop public-key " + key(32),
        " wireguard peer laptop allowed-ips 10.9.0.4/32",
        " wireguard peer p4 public-key " + key(40),
        " wireguard peer p4 allowed-ips 10.9.0.5/32",
        " wireguard peer tablet-7 public-key " + key(48),
        " wireguard peer tablet-7 description tablet (7)",
        "exit",
        *("ip route 10.9.0.%d/32 wg7" % n for n in range(2, 6)),
    ]
    assert "PostUp = sysctl -w net.ipv4.ip_forward=1; wg set" in done.stdout
    assert key(8) not in done.stdout + done.stderr


def test_import_description_is_loaded(net):
    "Umlauts, and what else stands in a comment, come through vtysh."
    text = "Büro München - Anna hat den Schlüssel, #42 ? !"
    a = net["a"]
    a.gear.net.cmd_raises("cat > /run/d.conf", stdin=(
        "interface wg0\n wireguard peer d description %s\nexit\n" % text))
    a.run("vtysh -f /run/d.conf")
    assert a.show()["peers"]["d"]["description"] == text
    assert "wg0: wireguard peer d description " + text in a.running_wireguard()


SECRET = base64.b64encode(bytes(range(100, 132))).decode()


@pytest.mark.once
@pytest.mark.parametrize("text,why", [
    (SECRET, ":1: a bare key: FILE is to be what wg-quick reads"),
    (SECRET.rstrip("="), ":1: '...' is not KEY = VALUE"),
    ("[Interface]\n" + SECRET, ":2: unknown key '...'"),
    ("[%s]" % SECRET, ":1: unknown section '[...]'"),
    ("[Interface]\nAddress = " + SECRET, ":2: '...' is no address"),
    ("[Interface]\nPrivateKey = %s\n[Peer]\nPublicKey = %s\nAllowedIPs = %s"
     % (key(8), key(16), SECRET), ":5: '...' is no prefix"),
    ("[Interface]\nPrivateKey = %s\nListenPort = %s" % (key(8), SECRET),
     ":3: '...' is no number"),
    ("[Interface]\nPrivateKey = x" + SECRET, ":2: not a key"),
    ("\xff" + SECRET, "not a text in UTF-8"),
], ids=range(9))
def test_import_shows_no_secret(tmp_path, text, why):
    "Whatever FILE is, no part of a key is printed."
    path = tmp_path / "wg7.key"
    path.write_bytes(text.encode("latin-1"))
    done = wg_import("--key-dir", str(tmp_path), str(path))
    assert done.returncode == 1 and not done.stdout
    assert why in done.stderr, done.stderr
    shown = done.stderr.replace(str(path), "").lower()
    assert not [i for i in range(len(SECRET) - 7) if SECRET[i:i + 8].lower() in shown]


PSK = base64.b64encode(bytes(range(200, 232))).decode()
KEYED = """\
[Interface]
PrivateKey = %s
Address = 10.9.0.1/24
# none
[Peer]
PublicKey = %s
PresharedKey = %s
AllowedIPs = 10.9.0.2/32
""" % (SECRET, key(16), PSK)


@pytest.mark.once
@pytest.mark.parametrize("secret", [SECRET, PSK], ids=["private", "preshared"])
@pytest.mark.parametrize("line,text", [
    (3, "DNS = {}="),
    (3, "PostUp = echo {}"),
    (3, "PostUp = echo x{}="),
    (3, "Table = {}"),
    (4, "# Anna {}"),
    (4, "# name = {}"),
    (4, "# " + "x " * 115 + "{}"),  # the description ends somewhere in it
    (5, "[Peer] # {}"),
    (6, "PublicKey = {}="),
    (8, "Endpoint = {}=:51820"),
    (8, "AllowedIPs = 10.9.0.2/32\n#{0}\n[Peer]\nPublicKey = %s" % key(16)),
], ids=range(11))
def test_import_prints_no_secret_of_the_file(tmp_path, line, text, secret):
    "In what is taken for something else, with its = or without it, and cut short."
    path = tmp_path / "wg7.conf"
    lines = KEYED.splitlines()
    lines[line - 1] = text.format(secret.rstrip("="))
    path.write_text("\n".join(lines))
    done = wg_import("--key-dir", str(tmp_path), str(path))
    assert done.returncode == 1 and not done.stdout
    assert re.search(r":[3-9]: (a piece of the secret key of line [27] is|this is the Pr)",
                     done.stderr), done.stderr
    assert not [i for i in range(36) if secret[i:i + 8] in done.stderr]
    assert os.listdir(tmp_path) == ["wg7.conf"]


@pytest.mark.once
@pytest.mark.parametrize("allowed,addresses", [
    ("10.9.0.2/32, fd09::2/128", ["10.9.0.2", "fd09::2"]),
    ("10.9.0.1/32, 10.9.0.0/32, 10.9.0.255/32, fd09::1/128, fd09::/128", []),
    ("10.9.1.0/32, 10.9.1.1/32, fd09::ffff:ffff:ffff:ffff/128",
     ["10.9.1.1", "fd09::ffff:ffff:ffff:ffff"]),
], ids=["hosts", "own", "pair"])
def test_import_address_is_another_hosts(tmp_path, allowed, addresses):
    "What is no next hop stays what the peer may send from."
    path = tmp_path / "wg7.conf"
    path.write_text(KEYED.replace("10.9.0.1/24", "10.9.0.1/24, fd09::1/64, 10.9.1.0/31")
                    .replace("10.9.0.2/32", allowed))
    done = wg_import("--dry-run", str(path))
    assert done.returncode == 0, done.stderr
    assert re.findall("^ wireguard peer none address (.*)", done.stdout, re.M) == addresses
    rest = [p for p in allowed.split(", ") if p.split("/")[0] not in addresses]
    assert re.findall("allowed-ips (.*)", done.stdout) == rest
    assert "route" not in re.sub("(?m)^!.*", "", done.stdout)


@pytest.mark.once
@pytest.mark.parametrize("host", [
    "a-b_c.example.net", "_vpn.example.net.", "x", "1.example", "203.0.113.1", "[2001:db8::1]"],
                         ids=range(6))
def test_import_takes_endpoint(tmp_path, host):
    path = tmp_path / "wg7.conf"
    path.write_text(KEYED + "Endpoint = %s:5\n" % host)
    done = wg_import("--dry-run", str(path))
    assert " endpoint %s port 5\n" % host.strip("[]") in done.stdout, done.stderr


@pytest.mark.once
@pytest.mark.parametrize("table,expected", [
    ("main", ""), ("254", ""), ("default", " table 253"), ("0x1f4", " table 500")])
def test_import_table(tmp_path, table, expected):
    "... of a number, or of a name in rt_tables; FRR has numbers only."
    path = tmp_path / "wg7.conf"
    path.write_text(KEYED.replace("Address", "Table = %s\nAddress" % table) + "AllowedIPs = ::/0\n")
    done = wg_import("--dry-run", str(path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\nipv6 route ::/0 wg7%s\n" % expected), done.stdout


def test_import_table_is_loaded(net):
    a = net["a"]
    a.configure("ip route 198.51.100.0/24 wg0 table 253")
    try:
        wait_for(lambda: "wg0" in a.run("ip route show table 253 198.51.100.0/24"), "the route")
    finally:
        a.configure("no ip route 198.51.100.0/24 wg0 table 253")


@pytest.mark.once
@pytest.mark.parametrize("separator", ["\x85", "\f", "\u2028", "\x1c", "\r"],
                         ids=["nel", "ff", "ls", "fs", "cr"])
def test_import_lines_end_as_those_of_wg_quick(tmp_path, separator):
    "At a newline; a carriage return before it, and a mark of the order of bytes, are nothing."
    text = KEYED.replace("none", "Anna%sBerlin" % separator)
    text = text.replace("Address", "PostUp = a%sb\nAddress" % separator)
    path = tmp_path / "wg7.conf"
    path.write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    done = wg_import("--dry-run", str(path))
    assert done.returncode == 0, done.stderr
    assert " wireguard peer Anna-Berlin description Anna Berlin\n" in done.stdout
    assert "PostUp = a b\n" in done.stdout


@pytest.mark.once
@pytest.mark.parametrize("allowed,table,expected", [
    # the way out; or whatever a routing protocol learns
    ("0.0.0.0/0", "auto", ["@ point-to-point", "@ peer p1 allowed-ips 0.0.0.0/0",
                           "ip route 0.0.0.0/0 wg7"]),
    ("0.0.0.0/0, ::/0, 224.0.0.0/24, fe80::/64", "off",
     ["@ point-to-point", "@ peer p1 allowed-ips 0.0.0.0/0", "@ peer p1 allowed-ips ::/0"]),
    ("10.9.0.0/24, 224.0.0.5/32, ff02::5/128", "auto",
     ["@ point-to-point", "@ peer p1 allowed-ips 10.9.0.0/24"]),
    # perhaps the first client of many
    ("10.9.0.2/32", "auto", ["@ peer p1 address 10.9.0.2"]),
    ("10.9.0.0/24, 192.168.5.0/24", "auto",
     ["@ peer p1 allowed-ips 10.9.0.0/24", "@ peer p1 allowed-ips 192.168.5.0/24",
      "ip route 192.168.5.0/24 wg7"]),
], ids=["way-out", "all", "multicast", "client", "networks"])
def test_import_of_one_peer(tmp_path, allowed, table, expected):
    path = tmp_path / "wg7.conf"
    path.write_text(
        "[Interface]\nPrivateKey = %s\nAddress = 10.9.0.1/24\nTable = %s\n"
        "[Peer]\nPublicKey = %s\nAllowedIPs = %s\n" % (key(8), table, key(16), allowed))
    done = wg_import("--dry-run", str(path))
    assert done.returncode == 0, done.stderr
    words = ("point-to-point", "allowed-ips", "peer p1 address", "route")
    assert [s for s in done.stdout.splitlines() if s[0] != "!" and any(w in s for w in words)] \
        == [s.replace("@", " wireguard") for s in expected]


@pytest.mark.once
@pytest.mark.parametrize("change,why", [
    (("PrivateKey = " + key(8), ""), "no PrivateKey"),
    (("PrivateKey = " + key(8), "PrivateKey = short"), ":2: not a key"),
    (("10.9.0.1/24", "10.9.0.300/24"), ":3: '10.9.0.300/24' is no address"),
    (("10.9.0.2/32", "10.9.0.2/33"), ":13: '10.9.0.2/33' is no prefix"),
    (("ListenPort = 51820", "ListenPort = 70000"), ":4: '70000' is no number"),
    (("PublicKey = " + key(16), ""), ":10: no PublicKey"),
    (("PublicKey = " + key(32), "PublicKey = " + key(16)),
     ":19: this is the public key of berlin-office, too"),
    (("PublicKey = " + key(16), "PublicKey = " + public(key(8))),
     ":11: this is the public key of [Interface], too"),
    (("PublicKey = " + key(16), "PublicKey = " + key(8)),
     ":11: this is the PrivateKey of [Interface], too"),
    (("AllowedIPs = 192.168.6.0/24", "AllowedIPs = 192.168.5.0/24"),
     "192.168.5.0/24 is berlin-office's already"),
    (("[2001:db8::1]:51820", "[2001:db8::1]"), "is no number from 1 to 65535"),
    (("[Interface]", "[Device]"), ":1: unknown section '[Device]'"),
    (("MTU", "Mtv"), ":6: unknown key 'Mtv'"),
    (("MTU = 1400", "MTU"), ":6: 'MTU' is not KEY = VALUE"),
    (("[Interface]", ""), "before any section"),
    # what wgd does not take
    (("MTU = 1400", "MTU = 65456"), ":6: '65456' is no number from 1280 to 65455"),
    (("MTU = 1400", "Table = nosuch"), ":6: 'nosuch' is no number, and no name in"),
    (("10.9.0.1/24, ", "fe80::1%eth0/64, "), ":3: 'fe80::1%eth0/64' is no address"),
    (("0.0.0.0/0", "0.0.0.0"), ":14: 0.0.0.0/32 is no host's address; everything is 0.0.0.0/0"),
    (("0.0.0.0/0", "::/128"), ":14: ::/128 is no host's address; everything is ::/0"),
    (("0.0.0.0/0", "fe80::%eth0/64"), ":14: 'fe80::%eth0/64' is no prefix"),
    (("PublicKey = " + key(16), "PublicKey = " + key(0)), ":11: not a key"),
    *((("vpn.example.net", host), ":15: '%s' is %s" % (host.strip("[]"), why)) for host, why in [
        ("fe80::1%eth0", "of one link"), ("[fe80::1]", "of one link"),
        ("2001:db8::1%eth0", "of one link"),
        ("0.0.0.0", "no host's address"), ("224.0.0.5", "no host's address"),
        ("[::]", "no host's address"), ("[::ffff:10.0.0.1]", "no host's address"),
        *((name, "neither an address nor") for name in (
            "foo_", "foo-", "-foo", "_", "a..b", "a b", "10.1", "1.2.3.300", "b\u00fc")),
    ]),
], ids=itertools.count())
def test_import_refuses(tmp_path, change, why):
    "Says where and why, and writes nothing."
    assert change[0] in WHOLE
    path = tmp_path / "wg7.conf"
    path.write_text(WHOLE.replace(*change, 1))
    done = wg_import("--key-dir", str(tmp_path), str(path))
    assert done.returncode == 1 and not done.stdout
    assert why in done.stderr, done.stderr
    assert os.listdir(tmp_path) == ["wg7.conf"]
