# SPDX-License-Identifier: GPL-2.0-or-later
"""
wgd with FRR's transactional command line (--tcli): lines change a candidate
and nothing else; a commit takes all of it; a confirmed one that is not
confirmed is taken back, device included.

A rollback to an older transaction by its number is an option of FRR's build
that Debian's packages do not have.
"""
import json
import os

import pytest

from lib_wgd import wait_for

TOPOLOGY = {"sites": "ab", "options": {"wgd": "--tcli"}}
SESSION = os.path.join(os.path.dirname(__file__), "session.py")


def session(site, *commands, candidate="private"):
    "What is said to them; the session is over then, and a candidate of its own."
    lines = ["enable", "configure " + candidate, *commands]
    return site.gear.net.cmd_raises(
        "/usr/bin/python3 " + SESSION, stdin="\n".join(lines) + "\n")


def peer(site):
    return site.show().get("peers", {}).get("b", {})


def in_table(site, *prefixes):
    "The device has these for b, and no other LANs."
    wait_for(
        lambda: [p for p in sorted(site.allowed()) if p.startswith("192.168.")]
        == list(prefixes), "exactly %s" % ", ".join(prefixes))


def test_nothing_before_the_commit(net):
    a = net["a"]
    assert "wg0" not in a.json("show wireguard")
    assert "committed successfully" in session(a, "commit", candidate="terminal")
    in_table(a, "192.168.2.0/24")


def test_commit_check(net):
    "A candidate is looked at, and left."
    a = net["a"]
    said = session(a, "interface wg0", "wireguard peer b description new", "exit",
                   "commit check")
    assert "validated successfully" in said
    assert "description" not in peer(a)


def test_not_confirmed(net):
    "The end of the session is the end of the time to confirm."
    a = net["a"]
    said = session(a, "interface wg0", "wireguard peer b allowed-ips 192.168.3.0/24",
                   "no wireguard peer b allowed-ips 192.168.2.0/24", "exit",
                   "commit confirmed 1", "do show wireguard wg0 allowed-ips json")
    assert '"192.168.3.0/24"' in said
    in_table(a, "192.168.2.0/24")


def test_confirmed(net):
    a = net["a"]
    said = session(a, "interface wg0", "wireguard peer b allowed-ips 192.168.3.0/24", "exit",
                   "commit confirmed 1", "commit")
    assert "Commit complete" in said
    in_table(a, "192.168.2.0/24", "192.168.3.0/24")


@pytest.mark.parametrize("what", ["private key", "multicast"], ids=["key", "member"])
def test_loaded_is_checked_like_typed(net, what):
    a = net["a"]
    secret = net.keys["a", "wg0"][0].strip()
    wrong = {
        "private key": {"peer": [{"name": "leak", "public-key": secret}]},
        "multicast": {"gateway-group": {"member": [{"address": "224.0.0.1"}]}},
    }[what]
    tree = {"frr-interface:lib": {"interface": [{"name": "wg0", "frr-wireguard:wireguard": wrong}]}}
    a.gear.net.cmd_raises("cat > /tmp/gearlogdir/loaded.json", stdin=json.dumps(tree))
    said = session(a, "configuration load file json /tmp/gearlogdir/loaded.json", "commit")
    assert what in said and "committed successfully" not in said and secret not in said, said
