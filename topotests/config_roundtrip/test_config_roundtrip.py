# SPDX-License-Identifier: GPL-2.0-or-later
"""
The configuration: what show running-config prints gives itself when it is
fed back; write memory and a restart keep it; a refused commit changes
nothing; every bad line gets a message that names it.
"""
import os
import re

import pytest

from lib_wgd import HERE, wait_for

TOPOLOGY = {"sites": "a"}
GOOD_KEY = "4ZVEkAkX5mzTyvZ3LOZ+vSFg9yzHMvD1TqNUvXGHBG4="


def device(site, ifname="wg0"):
    "Everything the device has, but what traffic changes."
    dump = site.run("wg show %s dump" % ifname).splitlines()
    return sorted([f[0:4] + f[7:] for f in (s.split("\t") for s in dump)])


@pytest.fixture(autouse=True)
def settled(net):
    wait_for(lambda: net["a"].show()["syncState"] == "synced", "wgd in sync")


def test_lines_are_as_configured(net):
    "Each line of the file is there again, word for word, and no other."
    wanted, interface = [], None
    for line in net.expand(net._template("a")).splitlines():
        if line.startswith("interface "):
            interface = line.split()[1]
        elif line.startswith(" wireguard"):
            wanted.append("%s: %s" % (interface, line.strip()))
    assert sorted(net["a"].running_wireguard()) == sorted(wanted)


def test_device_is_as_configured(net):
    a = net["a"]
    have = {f[0]: f for f in device(a)}
    keys = net.keys
    assert set(have) >= {keys["b", "wg0"][1]}
    assert keys["c", "wg0"][1] not in have, "c is shut down"
    assert {p: o for p, o in a.allowed().items() if not p.startswith("fe80:")} == {
        "10.99.0.2/32": "b",
        "fd00:99::2/128": "b",
        "192.168.10.0/24": "b",
        "fd00:10::/64": "b",
    }
    interface = a.run("wg show wg0 dump").splitlines()[0].split("\t")
    assert interface[2:] == ["51820", hex(51820)], interface[2:]
    assert "mtu 1380" in a.run("ip link show dev wg0")
    peer = [s for s in a.run("wg show wg0 dump").splitlines() if keys["b", "wg0"][1] in s]
    assert peer[0].split("\t")[2] == "10.255.2.2:51820"
    assert peer[0].split("\t")[7] == "25"


def test_default_mtu(net):
    assert "mtu 1420" in net["a"].run("ip link show dev wg1")


def test_fed_back_gives_itself(net):
    a = net["a"]
    before, devices = a.running(), device(a)
    a.gear.net.cmd_raises("cat > /tmp/gearlogdir/again.conf", stdin=before)
    out = a.run("vtysh -f /tmp/gearlogdir/again.conf")
    assert "%" not in out, out
    assert a.running() == before
    assert device(a) == devices


def test_write_memory_and_restart(net):
    a = net["a"]
    before, devices = a.running(), device(a)
    a.vtysh("write memory")
    saved = a.run("cat /etc/frr/frr.conf")
    for line in a.running_wireguard():
        assert " " + line.split(": ", 1)[1] + "\n" in saved
    a.kill("wgd")
    assert not [s for s in a.run("vtysh -c 'show running-config'").splitlines()
                if s.startswith(" wireguard")]
    a.start("wgd")
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
    assert a.running() == before
    assert device(a) == devices


def test_other_spelling(net):
    "An address is the same however it is written."
    a = net["a"]
    before = a.running()
    a.configure("interface wg0\nwireguard peer b address FD00:99:0::0042")
    assert "wg0: wireguard peer b address fd00:99::42" in a.running_wireguard()
    message = a.refused("interface wg0\nwireguard peer c address FD00:99::0:42")
    assert "already peer b's" in message, message
    a.configure("interface wg0\nno wireguard peer b address fd00:99:0:0::42")
    assert a.running() == before


def test_from_nothing(net):
    "All lines away, one after the other, and all back."
    a = net["a"]
    before, devices = a.running(), device(a)
    for ifname in "wg0", "wg1":
        lines = [s.split(": ", 1)[1] for s in a.running_wireguard()
                 if s.startswith(ifname + ":")]
        for line in lines:
            a.configure("interface %s\nno %s" % (ifname, line))
    assert a.running_wireguard() == []
    for ifname in "wg0", "wg1":
        wait_for(lambda: not a.run("ip link show dev %s 2>/dev/null" % ifname, check=False),
                 "end of " + ifname)
    a.run("vtysh -b")
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
    assert a.running() == before
    wait_for(lambda: device(a) == devices, "the same device")


def test_reload(net):
    "frr-reload.py with a changed file does what the difference says."
    a = net["a"]
    reload = "/usr/lib/frr/frr-reload.py"
    if not os.path.exists(reload):
        pytest.skip("no frr-reload.py: package frr-pythontools is not installed")
    a.vtysh("write memory")
    saved = a.run("cat /etc/frr/frr.conf")
    changed = saved.replace(
        " wireguard peer b allowed-ips 192.168.10.0/24\n",
        " wireguard peer b allowed-ips 192.168.11.0/24\n",
    ).replace(" wireguard peer d description no key yet\n", "")
    for text, has, has_not in ((changed, "192.168.11.0/24", "192.168.10.0/24"),
                               (saved, "192.168.10.0/24", "192.168.11.0/24")):
        a.gear.net.cmd_raises("cat > /tmp/gearlogdir/new.conf", stdin=text)
        a.run("%s --reload --overwrite --bindir /usr/bin --confdir /etc/frr"
              " --rundir /tmp/gearlogdir /tmp/gearlogdir/new.conf" % reload)
        a.wait_allowed({has: "b", has_not: None})
        assert ("peer d" in "".join(a.running_wireguard())) == (text is saved)


def test_host_bits_are_masked(net):
    a = net["a"]
    out = a.configure(
        "interface wg0\nwireguard peer b allowed-ips 192.168.77.9/24", check=False
    )
    assert re.search(r"192\.168\.77\.9/24.*192\.168\.77\.0/24", out), out
    a.wait_allowed({"192.168.77.0/24": "b"})
    assert "wg0: wireguard peer b allowed-ips 192.168.77.0/24" in a.running_wireguard()
    a.configure("interface wg0\nno wireguard peer b allowed-ips 192.168.77.9/24",
                check=False)
    a.wait_allowed({"192.168.77.0/24": None})


# line, what the message has to name
REFUSED = [
    ("wireguard peer b public-key short", ["peer b", "short", "32 bytes"]),
    ("wireguard peer b public-key " + "A" * 44, ["peer b", "A" * 44, "32 bytes"]),
    ("wireguard peer n public-key " + GOOD_KEY[:-2] + "5=", ["peer n", "32 bytes"]),
    ("wireguard peer c public-key @b.wg0@", ["peer", "@b.wg0@", "already"]),
    ("wireguard peer c public-key @a.wg0@", ["peer c", "own"]),
    ("wireguard peer c address 10.99.0.2", ["10.99.0.2", "peer", "already"]),
    ("wireguard peer c address fd00:99:0::2", ["fd00:99::2", "already"]),
    ("wireguard peer c allowed-ips 192.168.10.0/24", ["192.168.10.0/24", "already"]),
    ("wireguard listen-port 0", []),
    ("wireguard listen-port 65536", []),
    ("wireguard mtu 100", []),
    ("wireguard announce table 0", []),
    ("wireguard gateway-group member 10.99.0.2", ["10.99.0.2", "peer b"]),
    ("wireguard gateway-group member gateway.example.net", []),
    ("interface wg1\nwireguard peer x address 10.255.3.2", ["10.255.3.2", "member"]),
    ("wireguard announce table 256", []),
    ("wireguard gateway-group source 224.0.0.1", ["224.0.0.1", "unicast"]),
    ("wireguard gateway-group source 127.0.0.1", ["127.0.0.1", "unicast"]),
    ("wireguard gateway-group source fe80::1", ["fe80::1", "unicast"]),
    ("wireguard gateway-group source 10.0.0", []),
    ("wireguard peer b endpoint 10.255.2.2 port 0", []),
    ("wireguard peer b address 10.99.0", []),
    ("wireguard peer b allowed-ips 10.0.0.0/33", []),
    ("wireguard peer b maximum-prefix 0", []),
    ("wireguard implementation userspace no-such-program",
     ["wg0", "no-such-program", "No such file"]),
    ("wireguard implementation userspace /etc/frr/frr.conf",
     ["wg0", "/etc/frr/frr.conf"]),
    ("wireguard implementation nonsense", []),
    ("wireguard private-key file relative/path", ["relative/path", "absolute"]),
    ("wireguard private-key file /etc/frr/wireguard/open.key",
     ["/etc/frr/wireguard/open.key", "0644"]),
    ("wireguard private-key file /etc/frr/wireguard/garbage.key",
     ["/etc/frr/wireguard/garbage.key"]),
    ("wireguard private-key file /etc/frr/wireguard", ["/etc/frr/wireguard"]),
    ("wireguard peer b preshared-key file /etc/frr/wireguard/absent.psk",
     ["peer b", "/etc/frr/wireguard/absent.psk", "No such file"]),
    ("wireguard peer b preshared-key file /etc/frr/wireguard/open.key",
     ["peer b", "/etc/frr/wireguard/open.key", "0644"]),
    ("wireguard route-following any", ["wg0", "route-following any", "one peer"]),
]


@pytest.fixture(scope="module")
def bad_files(net):
    a = net["a"]
    a.run("cd /etc/frr/wireguard; wg genkey >open.key; chmod 644 open.key;"
          "(umask 077; echo garbage >garbage.key; chown frr:frr *.key)")


@pytest.mark.parametrize(
    "line,words", REFUSED, ids=[re.sub(r"[^\w.]+", "-", r[0])[10:60] for r in REFUSED]
)
def test_refused(net, bad_files, line, words):
    "A message that names line, value and reason, and nothing changed."
    a = net["a"]
    before, devices = a.running(), device(a)
    message = a.refused("interface wg0\n" + net.expand(line))
    for word in words:
        assert net.expand(word) in message, message
    assert a.running() == before
    assert device(a) == devices


def test_second_peer_under_any(net):
    a = net["a"]
    before = a.running()
    message = a.refused("interface wg1\nwireguard peer y public-key " + GOOD_KEY)
    assert "wg1" in message and "route-following any" in message
    assert a.running() == before


def test_refused_line_in_a_file(net):
    "The lines around a refused one count; it itself leaves no trace."
    a = net["a"]
    text = """interface wg0
 wireguard peer b persistent-keepalive 21
 wireguard peer c address 10.99.0.2
 wireguard peer b maximum-prefix 2000
"""
    a.gear.net.cmd_raises("cat > /tmp/gearlogdir/bad.conf", stdin=text)
    out = a.run("vtysh -f /tmp/gearlogdir/bad.conf 2>&1", check=False)
    assert "10.99.0.2" in out and "already" in out, out
    lines = a.running_wireguard()
    assert "wg0: wireguard peer b persistent-keepalive 21" in lines
    assert "wg0: wireguard peer b maximum-prefix 2000" in lines
    assert "wg0: wireguard peer c address 10.99.0.2" not in lines
    assert a.show()["syncState"] == "synced"


def examples():
    "Configuration in the manual's pages of commands, block by block."
    for page in "interface", "peer", "group":
        path = os.path.join(HERE, "../doc/manual", page + ".rst")
        with open(path, encoding="utf-8") as f:
            blocks = re.findall(r"::\n\n((?:      .*\n|\n)+)", f.read())
        for block in blocks:
            lines = [line[6:] for line in block.rstrip().splitlines()]
            if "bfd" in lines[0]:  # is bfdd's, which is not here
                lines = lines[lines.index("!"):]
            if "interface wg" in block:
                yield page, [re.sub(r"^interface wg", "interface man", s) for s in lines]


def test_examples_of_the_manual(net):
    "Each one is accepted, and together they are one configuration."
    a, wanted = net["a"], set()
    a.vtysh("wireguard generate preshared-key file /etc/frr/wireguard/berlin.psk")
    assert len(list(examples())) > 20
    for page, lines in examples():
        text = "\n".join(lines) + "\n"
        a.gear.net.cmd_raises("cat > /tmp/gearlogdir/example.conf", stdin=text)
        out = a.run("vtysh -f /tmp/gearlogdir/example.conf 2>&1", check=False)
        assert "%" not in out and "rror" not in out, (page, text, out)
        wanted |= {s.strip() for s in lines if s.startswith(" wireguard")}
    have = {line.split(": ", 1)[1] for line in a.running_wireguard()
            if line.startswith("man")}
    assert wanted <= have, wanted - have


def test_value_goes_from_hand_to_hand_in_a_file(net):
    "What an earlier line of the file said counts, and what one took back does not."
    a = net["a"]
    before = a.running()
    lines = [
        "wireguard peer hand1 address 10.99.0.77",
        "wireguard peer hand2 address 10.99.0.77",  # it is the other's
        "no wireguard peer hand1 address 10.99.0.77",
        "wireguard peer hand2 address 10.99.0.77",
        "wireguard peer hand1 address 10.99.0.77",  # it is the other's
        "wireguard peer hand1 address 10.99.0.78",
    ]
    a.gear.net.cmd_raises("cat > /tmp/gearlogdir/moves.conf",
                          stdin="interface wg0\n" + "".join(" %s\n" % s for s in lines))
    out = a.run("vtysh -f /tmp/gearlogdir/moves.conf 2>&1", check=False)
    assert out.count("already peer hand1's") == 1 and out.count("already peer hand2's") == 1, out
    have = [s for s in a.running_wireguard() if " peer hand" in s]
    assert have == ["wg0: wireguard peer hand1 address 10.99.0.78",
                    "wg0: wireguard peer hand2 address 10.99.0.77"]
    a.configure("interface wg0\nno wireguard peer hand1\nno wireguard peer hand2")
    assert a.running() == before
