# SPDX-License-Identifier: GPL-2.0-or-later
"""
The lines of a mesh: each comes and goes, in a file, typed or by frr-reload.py;
what is refused or doubted is named.  What a mesh does is not the subject.
"""
import re

import pytest

from lib_wgd import wait_for
from roundtrip import TOPOLOGY, ids, reloads  # noqa: F401 (the library looks for it)

pytestmark = pytest.mark.once  # what commands say and keep

KEY = "4ZVEkAkX5mzTyvZ3LOZ+vSFg9yzHMvD1TqNUvXGHBG4="
KEY_AS_NAME = KEY[:-1].replace("+", "1")  # letters that a host's name has, too
INVITE = "wgmesh1:V0dNBwEAAgIQ5d-Zw0_qkMv"
TEN = "abcdefghi."


def mesh_lines(a, ifname="wg2"):
    start = ifname + ": wireguard mesh "
    return [s[len(start):] for s in a.running_wireguard() if s.startswith(start)]


def typed(a, text, ifname="wg2"):
    return a.configure("interface %s\n%s" % (
        ifname, "\n".join(re.sub("^(no )?", r"\1wireguard mesh ", s)
                          for s in text.split("\n"))))


def from_file(a, text):
    a.gear.net.cmd_raises("cat > /tmp/gearlogdir/mesh.conf", stdin=text)
    return a.run("vtysh -f /tmp/gearlogdir/mesh.conf 2>&1", check=False)


@pytest.fixture(autouse=True)
def unchanged(net):
    "Each test leaves the lines as they were."
    a = net["a"]
    before = a.running_wireguard()
    yield
    assert a.running_wireguard() == before


def test_each_line_goes_and_comes(net):
    a = net["a"]
    all_of_them = mesh_lines(a)
    assert len(all_of_them) == 16
    for line in all_of_them:
        typed(a, "no " + line)
        assert mesh_lines(a) == [s for s in all_of_them if s != line]
        typed(a, line)
        assert sorted(mesh_lines(a)) == sorted(all_of_them)
    # as they are in the file
    a.run("vtysh -b")
    typed(a, "\n".join("no " + s for s in all_of_them))
    assert mesh_lines(a) == []
    typed(a, "\n".join(reversed(all_of_them)))
    assert sorted(mesh_lines(a)) == sorted(all_of_them)
    # libyang keeps the order of lines: as in the file again
    typed(a, "\n".join("no " + s for s in all_of_them))
    typed(a, "\n".join(all_of_them))


def test_no_needs_no_value(net):
    "... where there is one line of the kind."
    a = net["a"]
    all_of_them = mesh_lines(a)
    for no, line in (("name", "name topo"), ("hub", "hub door 443"), ("routes", "routes"),
                     ("maximum-members", "maximum-members 100"), ("direct", "direct never"),
                     ("idle-timeout", "idle-timeout 600"), ("hello-interval", "hello-interval 50")):
        typed(a, "no " + no)
        assert mesh_lines(a) == [s for s in all_of_them if s != line]
        typed(a, line)


def test_all_goes(net):
    a = net["a"]
    typed(a, "name other\nhub\nroutes\nannounce 10.0.0.0/8\nmaximum-members 7\ndirect always", "wg3")
    assert len(mesh_lines(a, "wg3")) == 6
    a.configure("interface wg3\nno wireguard all")
    assert mesh_lines(a, "wg3") == [] and len(mesh_lines(a)) == 16
    wait_for(lambda: "wg3" not in a.run("ip -o link"), "no link")


# line, what it is taken as
TAKEN_AS = [
    ("hub", "hub"),
    ("hub door 51822", "hub"),
    ("hub door 1", "hub door 1"),
    ("endpoint [2001:DB8::00:9] port 1", "endpoint 2001:db8::9 port 1"),
    ("endpoint Hub2.Example.net port 1", "endpoint Hub2.Example.net port 1"),
    ("door 198.51.100.3 port 51822", "door 198.51.100.3"),
    ("door [2001:db8::3]", "door 2001:db8::3"),
    ("door 127.0.0.1 port 65535", "door 127.0.0.1 port 65535"),
    ("announce ::/0", "announce ::/0"),
    ("announce 10.1.2.3/8", "announce 10.0.0.0/8"),
    ("announce 2001:DB8:8::1/48", "announce 2001:db8:8::/48"),
    ("maximum-members 4096", None),
    ("maximum-members 100000", "maximum-members 100000"),
    ("direct on-demand", None),
    ("direct always", "direct always"),
    ("idle-timeout 120", None),
    ("hello-interval 200", None),
    ("name Acme_2.eu-west", "name Acme_2.eu-west"),
    # the same once more is the same
    ("endpoint 2001:db8:0::1 port 51820", None),
    ("door 198.51.100.2 port 51822", None),
    ("announce 192.168.7.1/24", None),
]


@pytest.mark.parametrize("line,taken_as", TAKEN_AS, ids=ids([(s, "") for s, _ in TAKEN_AS]))
def test_taken_as(net, line, taken_as):
    a = net["a"]
    before = mesh_lines(a)
    out = typed(a, line)
    assert "%" not in out, out
    noted = re.search("Note: wireguard mesh announce .*host bits are set, taken as (.*)", out)
    assert bool(noted) == bool(re.search("announce .*1/|announce .*[.]3/", line)), out
    have = mesh_lines(a)
    assert [s for s in have if s not in before] == ([taken_as] if taken_as else []), have
    # as it was typed is how it goes, too
    gone = [s for s in before if s not in have]
    if taken_as and not gone:
        typed(a, "no " + line)
    for back in gone:
        typed(a, back)


NOT_THERE = ["endpoint 198.51.100.1 port 51821", "endpoint 198.51.100.2 port 51820",
             "door 198.51.100.1", "door 198.51.100.2 port 444", "announce 192.168.8.0/24"]


@pytest.mark.parametrize("line", NOT_THERE, ids=ids([(s, "") for s in NOT_THERE]))
def test_no_of_what_is_not_there(net, line):
    out = typed(net["a"], "no " + line)
    assert "interface wg2: there is no such line: mesh " + line in out and "%" not in out, out


# line, what the message has to name
REFUSED = [
    ("mesh name " + "a" * 31 + "." + "a" * 32, ["wg2", "mesh name", "1 to 63"]),
    ("mesh name ../../etc", ["wg2", "mesh name ../../etc", "A-Z a-z 0-9"]),
    ("mesh name .acme", ["mesh name .acme", "none of the last two"]),
    ("mesh name a/b", ["mesh name a/b"]),
    ("mesh name a:b", ["mesh name a:b"]),
    ("mesh hub door 0", ["wg2", "mesh hub door 0", "1 to 65535"]),
    ("mesh hub door 65536", ["mesh hub door 65536", "1 to 65535"]),
    ("mesh hub door", ["wg2", "no command"]),
    ("mesh endpoint 198.51.100.9", ["wg2", "mesh endpoint 198.51.100.9", "'port' and a number"]),
    ("mesh endpoint 198.51.100.9 51820", ["mesh endpoint 198.51.100.9", "'port' and a number"]),
    ("mesh endpoint 198.51.100.9 port 0", ["mesh endpoint port 0", "1 to 65535"]),
    ("mesh endpoint 999.1.1.1 port 1", ["mesh endpoint 999.1.1.1", "like an address"]),
    ("mesh endpoint host_ port 1", ["mesh endpoint host_", "nor a host name"]),
    ("mesh endpoint it's port 1", ["mesh endpoint it's", "nor a host name"]),
    ("mesh endpoint 127.0.0.1 port 1", ["127.0.0.1", "loopback"]),
    ("mesh endpoint fe80::1 port 1", ["fe80::1", "link-local"]),
    ("mesh endpoint 224.0.0.1 port 1", ["224.0.0.1", "multicast"]),
    ("mesh endpoint " + 6 * TEN + "abcde port 1", ["65 characters", "64"]),
    ("mesh door 0.0.0.0", ["wg2", "mesh door 0.0.0.0", "no host's"]),
    ("mesh door 10.1 port 1", ["mesh door 10.1", "like an address"]),
    ("mesh door 198.51.100.9 port 70000", ["mesh door port 70000", "1 to 65535"]),
    ("mesh announce 10.0.0.0", ["mesh announce 10.0.0.0", "no length", "10.0.0.0/32"]),
    ("mesh announce 10.0.0.0/33", ["mesh announce 10.0.0.0/33", "up to 32"]),
    ("mesh announce everything", ["mesh announce everything", "no prefix"]),
    ("mesh maximum-members 0", ["mesh maximum-members 0", "1 to 100000 members"]),
    ("mesh maximum-members 100001", ["mesh maximum-members 100001", "1 to 100000"]),
    ("mesh direct sometimes", ["wg2", "no command"]),
    ("mesh idle-timeout 9", ["mesh idle-timeout 9", "10 to 86400 seconds"]),
    ("mesh hello-interval 49", ["mesh hello-interval 49", "50 to 10000 milliseconds"]),
    ("mesh routes on", ["wg2", "no command"]),
    ("mtu 1279", ["mtu 1279", "1280 to 65455"]),
    ("gateway-group member 192.0.2.1", ["wg2", "gateway-group", "mesh name topo", "own"]),
    ("gateway-group source 192.0.2.1", ["wg2", "gateway-group", "mesh name topo"]),
    ("gateway-group drain", ["wg2", "gateway-group", "mesh name topo"]),
    ("route-following any", ["wg2", "route-following any", "mesh name topo", "one peer"]),
    ("point-to-point", ["wg2", "point-to-point", "mesh name topo", "one peer"]),
    ("private-key file /etc/frr/wireguard/wg0.key", ["wg2", "private-key file", "mesh name topo"]),
    ("fwmark 7", ["wg2", "fwmark", "mesh name topo", "rules"]),
    ("no mesh name other", ["mesh name is topo, not other"]),
    ("no mesh hub door 51822", ["door", "51822", "nothing is removed"]),
    ("no mesh maximum-members 7", ["maximum-members is 100, not 7"]),
    ("no mesh direct always", ["direct is never, not always"]),
    ("interface wg0\nmesh name other", ["wg0", "mesh name other", "fwmark"]),
    ("interface wg1\nmesh name other", ["wg1", "mesh name other", "not together with"]),
    ("interface wg3\nmesh name topo", ["wg3", "mesh name topo", "wg2 is in it already"]),
]


@pytest.mark.parametrize("line,words", REFUSED, ids=ids(REFUSED))
def test_refused(net, line, words):
    "A message that names line, value and reason, and nothing changed."
    a = net["a"]
    text = "interface wg2\n" + re.sub("^(no )?(?!interface|no )", r"\1wireguard ", line, flags=re.M)

    def lines():  # without an interface that has none
        return a.ask("wgd", "show running-config").replace("interface wg3\nexit\n!\n", "")

    before = lines()
    message = a.refused(text)
    for word in words:
        assert word in message, message
    assert lines() == before


@pytest.mark.parametrize("line", [
    "mesh name %s", "mesh endpoint %s port 1", "mesh endpoint %s 1", "mesh door %s",
    "mesh announce %s", "mesh hub door %s", "mesh maximum-members %s", "mesh %s", "no wireguard mesh name %s",
    "no wireguard mesh endpoint %s port 1", "no wireguard mesh door %s",
])
def test_secrets_are_not_repeated(net, line):
    line = line if line.startswith("no ") else "wireguard " + line
    for secret in KEY, KEY[:-1], KEY_AS_NAME, INVITE:
        _, out = net["a"].vtysh_status("configure terminal", "interface wg2", line % secret)
        assert out and secret[8:20] not in out, out


def test_file(net):
    "What of a file is refused takes nothing with it; more than fit, and two meshes, too."
    a = net["a"]
    before = a.running_wireguard()
    good = ["hub", "announce 10.1.0.0/16", "maximum-members 50", "routes"]
    ends = ["endpoint 198.51.100.%d port 51820" % i for i in range(1, 10)]
    doors = ["door 198.51.100.1 port %d" % i for i in range(1, 10)]
    some = ["announce 172.16.%d.0/24" % i for i in range(1, 129)]
    bad = ["name topo", "endpoint host_ port 7", "announce 10.2.0.0", "door fe80::1"]
    lines = [good[0], bad[0], *ends, good[1], bad[1], *doors, good[2], *bad[2:], *some, good[3]]
    out = from_file(a, "interface wg3\n" + "".join(" wireguard mesh %s\n" % s for s in lines)
                    + "exit\ninterface wg0\n wireguard mesh name other\nexit\n")
    for words in ("mesh name topo: interface wg2", "host_", "10.2.0.0", "fe80::1",
                  "198.51.100.9 port 51820: there are 8 already",
                  "198.51.100.1 port 9: there are 8 already",
                  "172.16.128.0/24: there are 128 already",
                  "interface wg0: mesh name other"):
        assert words in out, out
    assert out.count("%") == 8, out
    assert sorted(mesh_lines(a, "wg3")) == sorted(good + ends[:8] + doors[:8] + some[:127])
    a.configure("interface wg3\nno wireguard all")
    assert a.running_wireguard() == before


def test_name_moves_in_a_file(net):
    "What an earlier line took back does not count."
    a = net["a"]
    out = from_file(a, "interface wg2\n no wireguard mesh name\nexit\n"
                    "interface wg3\n wireguard mesh name topo\nexit\n")
    assert "%" not in out and mesh_lines(a, "wg3") == ["name topo"], out
    out = from_file(a, "interface wg3\n no wireguard all\nexit\n"
                    "interface wg2\n wireguard mesh name topo\nexit\n")
    assert "%" not in out, out


def test_mtu(net):
    "The default is less in a mesh, on a link that is there, too."
    a = net["a"]

    def is_mtu(n):
        wait_for(lambda: "mtu %d " % n in a.run("ip link show dev wg2", check=False),
                 "an MTU of %d" % n)

    is_mtu(1340)
    typed(a, "no name")
    is_mtu(1420)
    a.configure("interface wg2\nwireguard mtu 1390")
    typed(a, "name topo")
    is_mtu(1390)
    a.configure("interface wg2\nno wireguard mtu")
    is_mtu(1340)


# line, and what the answer and show say, of an interface that is in no mesh
DOUBTS = [
    (s, "mesh %s: there is no 'wireguard mesh name'" % s.split()[0])
    for s in ("hub", "endpoint 198.51.100.1 port 7", "door 198.51.100.1",
              "announce 10.0.0.0/8", "routes", "maximum-members 7", "direct always", "idle-timeout 60",
              "hello-interval 500")
] + [
    ("endpoint site.example.net port 7", "mesh endpoint site.example.net: only a hub's"),
    ("hub door 51820", "mesh hub: its door, 51820, is interface wg0's listen-port"),
]


@pytest.mark.parametrize("line,words", DOUBTS, ids=ids(DOUBTS))
def test_doubt(net, line, words):
    "Said once in the answer, and in show as long as it is so."
    a = net["a"]
    out = typed(a, line, "wg3")
    assert len(re.findall("^Warning: interface wg3: .*" + re.escape(words), out, re.M)) == 1, out
    assert "%" not in out, out
    assert any(words in s for s in a.show("wg3")["warnings"])
    if "no 'wireguard mesh name'" in words:
        typed(a, "name other", "wg3")
        assert not any(words in s for s in a.show("wg3")["warnings"])
    a.configure("interface wg3\nno wireguard all")


def test_no_doubt(net):
    "The name of a hub's endpoint, and what adds to a member, are nothing to warn of."
    a = net["a"]
    assert a.show("wg2")["warnings"] == []
    assert a.show("wg2")["peers"]["berlin"]["warnings"] == []
    # as soon as it is no hub, and in no mesh, they are
    typed(a, "no hub")
    assert "only a hub's" in "".join(a.show("wg2")["warnings"])
    typed(a, "hub door 443")
    no_key = "it has no public-key"
    for line in ("address 10.99.0.7", "allowed-ips 10.7.0.0/16", "endpoint 192.0.2.7 port 7",
                 "persistent-keepalive 25"):
        a.configure("interface wg2\nwireguard peer berlin " + line)
        assert no_key in "".join(a.show("wg2")["peers"]["berlin"]["warnings"]), line
        a.configure("interface wg2\nno wireguard peer berlin " + line)
    for line in ("bfd", "announce", "shutdown", "prefix-list X", "ipv6 prefix-list X"):
        out = a.configure("interface wg2\nwireguard peer berlin " + line)
        assert no_key not in out and "%" not in out, out
        a.configure("interface wg2\nno wireguard peer berlin " + line)
    typed(a, "no name")
    assert no_key in "".join(a.show("wg2")["peers"]["berlin"]["warnings"])
    typed(a, "name topo")


def test_reload(net):
    "frr-reload.py: some lines go, some come, some change, also all of them."
    a = net["a"]
    saved_lines = mesh_lines(a)
    changes = [
        (" wireguard mesh hub door 443\n", " wireguard mesh hub\n"),
        (" wireguard mesh endpoint 198.51.100.1 port 51820\n",
         " wireguard mesh endpoint 198.51.100.1 port 51821\n"),
        (" wireguard mesh door 198.51.100.2\n", ""),
        (" wireguard mesh announce 0.0.0.0/0\n", " wireguard mesh announce ::/0\n"),
        (" wireguard mesh routes\n", ""),
        (" wireguard mesh maximum-members 100\n", ""),
        (" wireguard mesh direct never\n", " wireguard mesh direct always\n"),
        (" wireguard mesh idle-timeout 600\n", ""),
        (" wireguard mesh hello-interval 50\n", " wireguard mesh hello-interval 100\n"),
    ]

    def change(text):
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        return text

    def without(text):
        return re.sub(" wireguard mesh .*\n", "", text)

    for is_saved in reloads(a, change):
        have = mesh_lines(a)
        if is_saved:
            assert sorted(have) == sorted(saved_lines)
            continue
        assert sorted(have) == sorted([
            "name topo", "hub", "endpoint 198.51.100.1 port 51821",
            "endpoint 2001:db8::1 port 51820", "endpoint hub.example.net port 51820",
            "door 198.51.100.2 port 443", "door door.example.net", "announce ::/0",
            "announce 192.168.7.0/24", "announce 2001:db8:7::/48", "direct always", "hello-interval 100"])
    for is_saved in reloads(a, without):
        assert sorted(mesh_lines(a)) == (sorted(saved_lines) if is_saved else [])
    typed(a, "\n".join("no " + s for s in saved_lines))
    typed(a, "\n".join(saved_lines))


def test_reload_of_another_kind(net):
    "frr-reload.py makes a gateway of one key of a member of a mesh, and back."
    a = net["a"]
    saved_lines = mesh_lines(a)

    def change(text):
        return re.sub(" wireguard mesh name topo\n",
                      " wireguard fwmark 9\n wireguard gateway-group source 192.0.2.1\n", text)

    for is_saved in reloads(a, change):
        running = a.running_wireguard()
        assert ("name topo" in mesh_lines(a)) == is_saved
        assert ("wg2: wireguard fwmark 9" in running) != is_saved
        assert ("wg2: wireguard gateway-group source 192.0.2.1" in running) != is_saved
    assert sorted(mesh_lines(a)) == sorted(saved_lines)
