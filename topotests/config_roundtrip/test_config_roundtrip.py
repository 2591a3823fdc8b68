# SPDX-License-Identifier: GPL-2.0-or-later
"""
The configuration: what show running-config prints gives itself when it is
fed back; write memory and a restart keep it; a refused commit changes
nothing; every bad line gets a message that names it.
"""
import os
import re

import pytest

from lib_wgd import BACKEND, HERE, wait_for
from roundtrip import TOPOLOGY, ids, reloads  # noqa: F401 (the library looks for it)

pytestmark = pytest.mark.once  # what commands say and keep

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
        "192.168.12.0/22": "b",
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
    for ifname in "wg0", "wg1", "wg2":
        lines = [s.split(": ", 1)[1] for s in a.running_wireguard()
                 if s.startswith(ifname + ":")]
        for line in lines:
            a.configure("interface %s\nno %s" % (ifname, line))
    assert a.running_wireguard() == []
    for ifname in "wg0", "wg1", "wg2":
        wait_for(lambda: not a.run("ip link show dev %s 2>/dev/null" % ifname, check=False),
                 "end of " + ifname)
    a.run("vtysh -b")
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
    assert a.running() == before
    wait_for(lambda: device(a) == devices, "the same device")


def test_reload(net):
    "frr-reload.py with a changed file does what the difference says."
    a = net["a"]

    def change(text):
        return text.replace(
            " wireguard peer b allowed-ips 192.168.10.0/24\n",
            " wireguard peer b allowed-ips 192.168.11.0/24\n",
        ).replace(" wireguard peer d description no key yet\n", "")

    for is_saved in reloads(a, change):
        a.wait_allowed({"192.168.10.0/24": "b" if is_saved else None,
                        "192.168.11.0/24": None if is_saved else "b"})
        assert ("peer d" in "".join(a.running_wireguard())) == is_saved


EXCLUSIVE = "wireguard peer b allowed-ips 192.168.12.0/22 exclusive"


def exclusive(a):
    shown = a.show(what="allowed-ips")
    return [p for p, e in shown.items() if e.get("exclusive")]


def test_exclusive_is_part_of_the_line(net):
    "The line without the word takes it back, and `no` with or without takes all."
    a = net["a"]
    before = a.running()
    assert exclusive(a) == ["192.168.12.0/22"]
    for has, has_not in ((EXCLUSIVE[:-10], EXCLUSIVE), (EXCLUSIVE, EXCLUSIVE[:-10])):
        a.configure("interface wg0\n" + has)
        lines = a.running_wireguard()
        assert "wg0: " + has in lines and "wg0: " + has_not not in lines
        assert exclusive(a) == (["192.168.12.0/22"] if has is EXCLUSIVE else [])
    for no in EXCLUSIVE, EXCLUSIVE[:-10]:
        a.configure("interface wg0\nno " + no)
        assert "192.168.12.0" not in a.running() and exclusive(a) == []
        a.configure("interface wg0\n" + EXCLUSIVE)
    # the last line of a peer, so the peer goes
    lone = "wireguard peer lone allowed-ips 192.168.99.0/24 exclusive"
    a.configure("interface wg0\n" + lone)
    assert "wg0: " + lone in a.running_wireguard()
    a.configure("interface wg0\nno wireguard peer lone allowed-ips 192.168.99.0/24")
    assert "lone" not in a.show()["peers"]
    assert a.running() == before


def test_reload_exclusive(net):
    "frr-reload.py makes one of the other, and back."
    a = net["a"]

    def change(text):
        return text.replace(EXCLUSIVE, EXCLUSIVE[:-10]).replace(
            " wireguard peer b allowed-ips 192.168.10.0/24\n",
            " wireguard peer b allowed-ips 192.168.10.0/24 exclusive\n")

    for is_saved in reloads(a, change):
        assert exclusive(a) == ["192.168.12.0/22" if is_saved else "192.168.10.0/24"]
        a.wait_allowed({"192.168.10.0/24": "b", "192.168.12.0/22": "b"})


def test_host_bits_are_masked(net):
    a = net["a"]
    out = a.configure(
        "interface wg0\nwireguard peer b allowed-ips 192.168.77.9/24", check=False
    )
    assert re.search(r"192\.168\.77\.9/24.*192\.168\.77\.0/24", out), out
    assert "%" not in out, "a notice is no error"
    a.wait_allowed({"192.168.77.0/24": "b"})
    assert "wg0: wireguard peer b allowed-ips 192.168.77.0/24" in a.running_wireguard()
    a.configure("interface wg0\nno wireguard peer b allowed-ips 192.168.77.9/24",
                check=False)
    a.wait_allowed({"192.168.77.0/24": None})


# line, what the message has to name
REFUSED = [
    ("wireguard peer b public-key short", ["peer b", "short", "32 bytes"]),
    ("wireguard peer b public-key " + "A" * 44, ["peer b", "not repeated", "32 bytes"]),
    ("wireguard peer n public-key " + GOOD_KEY[:-2] + "5=", ["peer n", "32 bytes"]),
    ("wireguard peer c public-key @b.wg0@", ["peer", "@b.wg0@", "already"]),
    ("wireguard peer c public-key @a.wg0@", ["peer c", "own"]),
    ("wireguard peer c address 10.99.0.2", ["10.99.0.2", "peer", "already"]),
    ("wireguard peer c address fd00:99:0::2", ["fd00:99::2", "already"]),
    ("wireguard peer c address 0.0.0.0", ["peer c", "0.0.0.0", "no host's"]),
    ("wireguard peer c address 127.0.0.1", ["127.0.0.1", "loopback"]),
    ("wireguard peer c address 224.0.0.5", ["224.0.0.5", "multicast"]),
    ("wireguard peer c address ::1", ["::1", "loopback"]),
    ("wireguard peer c address ff02::5", ["ff02::5", "multicast"]),
    ("wireguard peer c address 10.99.0.3/24", ["10.99.0.3/24", "no length"]),
    ("wireguard peer c allowed-ips 192.168.10.0/24", ["192.168.10.0/24", "already"]),
    ("wireguard listen-port 0", ["wg0", "listen-port 0", "1 to 65535", "'no'"]),
    ("wireguard listen-port 65536", ["listen-port 65536", "1 to 65535"]),
    ("wireguard listen-port -1", ["listen-port -1", "1 to 65535"]),
    ("no wireguard listen-port 51821", ["listen-port is 51820, not 51821"]),
    ("wireguard mtu 100", ["mtu 100", "1280 to 65455 bytes"]),
    ("wireguard fwmark 0", ["fwmark 0", "1 to 4294967295", "'no'"]),
    ("wireguard fwmark 0x100000000", ["fwmark 0x100000000", "1 to 4294967295"]),
    ("wireguard fwmark ca6c", ["fwmark ca6c", "1 to 4294967295"]),
    ("wireguard announce table 0", ["announce table 0", "1 to 255"]),
    ("wireguard gateway-group member 10.99.0.2", ["10.99.0.2", "peer b"]),
    ("wireguard gateway-group member 224.0.0.1", ["224.0.0.1", "multicast"]),
    ("wireguard gateway-group member gateway.example.net", ["gateway.example.net", "no address"]),
    ("interface wg1\nwireguard peer x address 10.255.3.2", ["10.255.3.2", "member"]),
    ("wireguard announce table 256", ["announce table 256", "1 to 255"]),
    ("wireguard gateway-group source 224.0.0.1", ["224.0.0.1", "multicast"]),
    ("wireguard gateway-group source 127.0.0.1", ["127.0.0.1", "loopback"]),
    ("wireguard gateway-group source fe80::1", ["fe80::1", "link-local"]),
    ("wireguard gateway-group source 10.0.0", ["10.0.0", "no address"]),
    ("wireguard peer b endpoint 10.255.2.2 port 0", ["peer b", "port 0", "1 to 65535"]),
    ("wireguard peer b endpoint 10.255.2.2 port 70000", ["port 70000", "1 to 65535"]),
    ("wireguard peer b endpoint 999.1.1.1 port 1", ["peer b", "999.1.1.1", "like an address"]),
    ("wireguard peer b endpoint 10.1 port 1", ["10.1", "like an address"]),
    ("wireguard peer b endpoint 2001:db8:::1 port 1", ["2001:db8:::1", "like an address"]),
    ("wireguard peer b endpoint -a.example port 1", ["-a.example", "nor a host name"]),
    ("wireguard peer b endpoint host_ port 5", ["peer b", "host_", "nor a host name"]),
    ("wireguard peer b endpoint 10.255.2.0x2 port 1", ["10.255.2.0x2", "like an address"]),
    ("wireguard peer b endpoint 10.255.2.2 51820", ["peer b", "'port' and a number"]),
    ("wireguard gateway-group member 10.255.9.2 bfd profile " + "p" * 70, ["wg0", "70 characters"]),
    ("no wireguard peer b description another", ["the site in the middle, not another"]),
    ("wireguard private-key file " + GOOD_KEY, ["wg0", "not repeated", "this is a key"]),
    ("wireguard peer b preshared-key file " + GOOD_KEY, ["peer b", "this is a key"]),
    ("wireguard peer b endpoint 0.0.0.0 port 1", ["0.0.0.0", "no host's"]),
    ("wireguard peer b endpoint 224.0.0.1 port 1", ["224.0.0.1", "multicast"]),
    ("wireguard peer b endpoint 255.255.255.255 port 1", ["255.255.255.255", "broadcast"]),
    ("wireguard peer b endpoint ff02::1 port 1", ["ff02::1", "multicast"]),
    ("wireguard peer b endpoint fe80::1 port 1", ["fe80::1", "link-local"]),
    ("wireguard peer b endpoint fe80::1%under port 1", ["fe80::1%under", "link-local"]),
    ("no wireguard peer b endpoint 10.255.2.3 port 51820",
     ["endpoint is 10.255.2.2, not 10.255.2.3"]),
    ("no wireguard peer b endpoint 10.255.2.2 port 1", ["endpoint port is 51820, not 1"]),
    ("wireguard peer b address 10.99.0", ["10.99.0", "no address"]),
    ("wireguard peer b allowed-ips 10.0.0.0/33", ["10.0.0.0/33", "up to 32"]),
    ("wireguard peer b allowed-ips 10.0.0.0", ["10.0.0.0", "no length", "10.0.0.0/32"]),
    ("wireguard peer b allowed-ips 10.0.0.0/8 exclusively", ["no command"]),
    ("wireguard peer c allowed-ips 192.168.12.0/22 exclusive", ["192.168.12.0/22", "already"]),
    ("wireguard peer b maximum-prefix 0", ["maximum-prefix 0", "1 to 4294967295"]),
    ("wireguard peer b persistent-keepalive 0",
     ["persistent-keepalive 0", "1 to 65535 seconds", "'no'"]),
    ("wireguard peer b description " + "long " * 60, ["peer b", "299 characters", "255"]),
    ("wireguard implementation userspace no-such-program",
     ["wg0", "no-such-program", "No such file"]),
    ("wireguard implementation userspace /etc/frr/frr.conf",
     ["wg0", "/etc/frr/frr.conf"]),
    ("wireguard implementation nonsense", ["wg0", "no command"]),
    ("wireguard private-key file relative/path", ["relative/path", "absolute"]),
    ("wireguard private-key file /etc/frr/wireguard/absent.key",
     ["wg0", "/etc/frr/wireguard/absent.key", "No such file", "generate private-key"]),
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
    ("wireguard point-to-point", ["wg0 peer b", "point-to-point", "one peer", "peer c"]),
]


@pytest.fixture(scope="module")
def bad_files(net):
    a = net["a"]
    a.run("cd /etc/frr/wireguard; wg genkey >open.key; chmod 644 open.key;"
          "(umask 077; echo garbage >garbage.key)")


@pytest.mark.parametrize("line,words", REFUSED, ids=ids(REFUSED))
def test_refused(net, bad_files, line, words):
    "A message that names line, value and reason, and nothing changed."
    a = net["a"]
    before, devices = a.ask("wgd", "show running-config"), device(a)
    message = a.refused("interface wg0\n" + net.expand(line))
    for word in words:
        assert net.expand(word) in message, message
    assert a.ask("wgd", "show running-config") == before
    assert device(a) == devices


@pytest.mark.parametrize("line", [
    "private-key file %s", "peer b preshared-key file %s", "peer b endpoint %s port 1",
    "peer b address %s", "peer b public-key %sA", "listen-port %s", "no wireguard listen-port %s",
    "no wireguard peer b endpoint %s port 1", "mtu %s", "private-key %s",
])
def test_what_may_be_a_key_is_not_repeated(net, line):
    line = line if line.startswith("no ") else "wireguard " + line
    for secret in GOOD_KEY, GOOD_KEY[:-1]:
        _, out = net["a"].vtysh_status("configure terminal", "interface wg0", line % secret)
        assert out and secret[:40] not in out, out


def test_not_utf8(net):
    a = net["a"]
    before = a.running()
    out = a.run("vtysh -c 'configure terminal' -c 'interface wg0'"
                " -c \"$(printf 'wireguard peer b description \\377 x')\" | cat -v", check=False)
    assert "UTF-8" in out and a.running() == before, out


def test_wrong_lines_of_a_file(net):
    "They are refused, and take no other line with them."
    a = net["a"]
    before = a.running_wireguard()
    lines = ["wireguard mtu 1370", "wireguard peer zz endpoint host_ port 7",
             "wireguard peer zz address 10.99.0.66"]
    lines += ["wireguard gateway-group member 10.254.0.%d" % i for i in range(1, 18)]
    a.gear.net.cmd_raises("cat > /tmp/gearlogdir/wrong.conf", stdin=(
        "interface wg0\n" + "".join(" %s\n" % s for s in lines)
        + "exit\ninterface averylongname.17\n wireguard listen-port 7\nexit\n"))
    out = a.run("vtysh -f /tmp/gearlogdir/wrong.conf 2>&1", check=False)
    for words in "host_", "there are 16 already", "averylongname.17":
        assert words in out, out
    have = a.running_wireguard()
    for i in 0, 2, 3, 18:
        assert "wg0: " + lines[i] in have, (lines[i], have)
    assert "wg0: " + lines[19] not in have
    a.configure("interface wg0\nwireguard mtu 1380\nno wireguard peer zz\n"
                + "".join("no %s\n" % s for s in lines[3:19]))
    assert a.running_wireguard() == before


@pytest.mark.skipif(BACKEND != "userspace", reason="the kernel's device starts at once")
@pytest.mark.parametrize("line", ["no wireguard all", "no wireguard implementation"])
def test_taken_away_while_it_starts(net, line):
    "Nothing stays that would be somebody else's when the lines come again."
    a = net["a"]
    a.vtysh("configure terminal", "interface wgq0", "wireguard implementation userspace", line)
    wait_for(lambda: not a.userspace_pid("wgq0") and "wgq0" not in a.run("ip -o link"),
             "no program and no link")
    a.configure("interface wgq0\nwireguard implementation userspace")
    wait_for(lambda: a.show("wgq0")["syncState"] == "synced", "wgq0")
    assert not a.show("wgq0")["adopted"]
    a.configure("interface wgq0\nno wireguard all")
    wait_for(lambda: "wgq0" not in a.run("ip -o link"), "no link")
    wait_for(lambda: a.vtysh_status("configure terminal", "no interface wgq0")[0] == 0, "no wgq0")


@pytest.mark.parametrize("line", ["route-following any", "point-to-point"])
def test_second_peer_where_one_is_allowed(net, line):
    "Refused with both names, however it comes."
    a = net["a"]
    before = a.running()
    x_lines = [s[5:] for s in a.running_wireguard() if s.startswith("wg1: wireguard peer x")]
    a.configure("interface wg1\nno wireguard route-following\nno wireguard point-to-point"
                "\nwireguard " + line)
    for what in ("address 10.99.0.9", "endpoint 10.255.9.2 port 51820", "bfd"):
        message = a.refused("interface wg1\nwireguard peer y " + what)
        for words in ("wg1 peer y", line + " is for one peer", "peer x"):
            assert words in message, message
    # the only one may become another
    a.configure("interface wg1\nno wireguard peer x\nwireguard peer y address 10.99.0.9")
    a.configure("\n".join(["interface wg1", "no wireguard peer y", "wireguard point-to-point",
                           "wireguard route-following any", *x_lines]))
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
    for page in "interface", "peer", "group", "mesh":
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
    a.vtysh("wireguard generate private-key file /etc/frr/wireguard/site.key")
    assert len(list(examples())) > 20
    for page, lines in examples():
        text = "\n".join(lines) + "\n"
        a.gear.net.cmd_raises("cat > /tmp/gearlogdir/example.conf", stdin=text)
        out = a.run("vtysh -f /tmp/gearlogdir/example.conf 2>&1", check=False)
        assert "%" not in out and "rror" not in out, (page, text, out)
        assert "the line is kept" not in out, (page, text, out)
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


TAKEN_AS = [
    ("wireguard fwmark 0xca6d", "wireguard fwmark 51821"),
    ("wireguard peer b endpoint [2001:db8::1] port 1",
     "wireguard peer b endpoint 2001:db8::1 port 1"),
]


@pytest.mark.parametrize("line,taken_as", TAKEN_AS, ids=ids(TAKEN_AS))
def test_taken_as(net, line, taken_as):
    "What others write so is understood."
    a = net["a"]
    before = a.running_wireguard()
    a.configure("interface wg0\n" + line)
    have = a.running_wireguard()
    assert [s for s in have if s not in before] == ["wg0: " + taken_as]
    a.configure("interface wg0\n" + "\n".join(
        s.split(": ", 1)[1] for s in before if s not in have))
    assert a.running_wireguard() == before


NOT_THERE = [
    "gateway-group drain",
    "gateway-group member 10.255.7.2",
    "private-key file /etc/frr/wireguard/open.key",
    "peer nobody",
    "peer nobody shutdown",
    "peer b shutdown",
    "peer b address 10.99.0.9",
    "peer b allowed-ips 192.168.99.0/24",
    "peer c persistent-keepalive 25",
    "peer d endpoint 10.255.2.2 port 51820",
    "peer d bfd",
]


@pytest.mark.parametrize("line", NOT_THERE, ids=ids([(s, "") for s in NOT_THERE]))
def test_no_of_what_is_not_there(net, line):
    "It is said, and no mistake: that is how FRR's daemons take it."
    a = net["a"]
    before = a.ask("wgd", "show running-config")
    out = a.configure("interface wg0\nno wireguard " + line)
    assert "wg0" in out and "there is no such line" in out and "%" not in out, out
    assert a.ask("wgd", "show running-config") == before


# interface, line, and what the answer and show say
DOUBTS = [
    ("wg0", "peer t endpoint 127.0.0.1 port 1", "endpoint 127.0.0.1 is the loopback"),
    ("wg0", "peer t endpoint ::1 port 1", "endpoint ::1 is the loopback"),
    ("wg0", "peer t endpoint 10.255.1.2 port 1",
     "endpoint 10.255.1.2 is this machine's own address, on under"),
    ("wg0", "peer t endpoint 10.99.0.77 port 1", "endpoint 10.99.0.77 is within 10.99.0.1/24 of wg0"),
    ("wg0", "peer t address 10.99.0.1", "address 10.99.0.1 is this machine's own, on wg0"),
    ("wg0", "peer t address 10.99.0.255", "the last of the interface's subnet"),
    ("wg0", "peer t shutdown", "it has no public-key, so nothing of it counts"),
    ("wg0", "peer t prefix-list NOPE", "there is no ip prefix-list NOPE: nothing"),
    ("wg0", "peer t ipv6 prefix-list FROM-B", "there is no ipv6 prefix-list FROM-B: nothing"),
    ("wg1", "peer x bfd", "bfd: bfdd does not run"),
    ("wg1", "peer x announce", "announce: the interface has no 'wireguard announce table'"),
    ("wg1", "gateway-group member 10.255.1.2",
     "gateway-group member 10.255.1.2 is this machine's own address, on under"),
    ("wg1", "listen-port 51820", "listen-port 51820 is interface wg0's, too"),
    ("lo", "listen-port 7", "it is not a WireGuard interface"),
    ("under", "listen-port 7", "it is not a WireGuard interface"),
]


@pytest.mark.parametrize("ifname,line,words", DOUBTS, ids=ids(DOUBTS))
def test_doubt(net, ifname, line, words):
    "Said once in the answer, and in show as long as it is so."
    a = net["a"]
    before = a.running_wireguard()
    peer = line.split()[1] if line.startswith("peer ") else None
    thing = "interface %s%s: " % (ifname, " peer " + peer if peer else "")
    more = "wireguard peer %s description x\nwireguard peer %s description y" % (peer, peer)
    out = a.configure("interface %s\nwireguard %s\n%s" % (ifname, line, more if peer else ""))
    assert len(re.findall("^Warning: " + thing + ".*" + re.escape(words), out, re.M)) == 1, out
    assert "%" not in out, out
    shown = a.show(ifname)
    shown = shown["peers"][peer] if peer else shown
    assert any(words in s for s in shown["warnings"]), shown
    text = a.ask("wgd", "show wireguard " + ifname)
    assert re.search("^ +Warning: .*" + re.escape(words), text, re.M), text
    if not ifname.startswith("wg"):
        wait_for(lambda: "no WireGuard interface" in a.show(ifname).get("syncReason", ""),
                 "a reason")
    undo = "no wireguard " + line
    if peer == "t":
        undo = "no wireguard peer t"
    elif peer:
        undo += "\nno wireguard peer %s description" % peer
    a.configure("interface %s\n%s" % (ifname, undo))
    assert a.running_wireguard() == before
    if ifname.startswith("wg"):
        assert not any(words in s for s in a.show(ifname)["warnings"])


def test_foreign_tun(net):
    "No program serves it.  One may: so with a program it is known after a try."
    a, words = net["a"], "it is not a WireGuard interface"
    before = a.running_wireguard()
    a.run("ip tuntap add tun9 mode tun")
    out = a.configure("interface tun9\nwireguard listen-port 7")
    assert words + " of the kernel" in out, out
    assert any(words in s for s in a.show("tun9")["warnings"])
    a.configure("interface tun9\nwireguard implementation userspace")
    wait_for(lambda: any(words + ":" in s for s in a.show("tun9")["warnings"]), "a warning")
    assert "Warning: there is a link" in a.ask("wgd", "show wireguard tun9")
    a.configure("interface tun9\nno wireguard all")
    assert a.running_wireguard() == before
    a.run("ip link del tun9")
