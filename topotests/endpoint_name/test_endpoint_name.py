# SPDX-License-Identifier: GPL-2.0-or-later
"""
An endpoint that is a host name: resolved when it is configured, and again
when the peer is silent, because it moved.  b itself never calls: it does not
know where a is.
"""
import pytest

from lib_wgd import wait_for

pytestmark = pytest.mark.once  # the resolver

TOPOLOGY = {"sites": "ab"}
NOBODY = "10.255.2.99"


def hosts(site, text):
    "What the site's resolver finds."
    site.gear.net.cmd_raises("cat > /tmp/gearlogdir/hosts", stdin=text)
    # the library may have mounted one of its own
    site.run(
        "[ /etc/hosts -ef /tmp/gearlogdir/hosts ] ||"
        " mount --bind /tmp/gearlogdir/hosts /etc/hosts"
    )


def test_resolved_at_start(net):
    a = net["a"]
    hosts(a, "127.0.0.1 localhost\n%s b.example.net\n" % NOBODY)
    a.configure("interface wg0\nwireguard peer b endpoint b.example.net port 51820")
    wait_for(
        lambda: a.show()["peers"]["b"]["endpoint"] == NOBODY + ":51820", "endpoint"
    )
    assert a.show()["peers"]["b"]["endpointHost"] == "b.example.net"
    assert (
        "wg0: wireguard peer b endpoint b.example.net port 51820"
        in a.running_wireguard()
    )
    assert not a.ping("10.99.0.2")


def test_resolved_again_when_silent(net):
    a = net["a"]
    hosts(a, "127.0.0.1 localhost\n10.255.2.2 b.example.net\n")
    wait_for(lambda: a.ping("10.99.0.2"), "answer of b", 60)
    peer = a.show()["peers"]["b"]
    assert peer["endpoint"] == "10.255.2.2:51820", peer
    wait_for(lambda: a.show()["peers"]["b"]["state"] == "up", "handshake seen")


def test_name_of_nobody(net):
    "Said in the log and shown; the device keeps what it has."
    a = net["a"]
    a.configure("interface wg0\nwireguard peer b endpoint no.such.invalid port 51820")
    wait_for(lambda: "no.such.invalid" in a.log(), "a word in the log")
    assert a.ping("10.99.0.2")
    assert a.show()["peers"]["b"]["endpointHost"] == "no.such.invalid"
    words = "endpoint no.such.invalid: "
    told = wait_for(lambda: [s for s in a.show()["peers"]["b"]["warnings"] if words in s],
                    "a warning")
    assert told[0].endswith("; packets go to 10.255.2.2:51820"), told
    a.configure("interface wg0\nwireguard peer b endpoint b.example.net port 51820")
    assert not a.show()["peers"]["b"]["warnings"]


@pytest.mark.parametrize("address", ["0.0.0.0", "224.0.0.1", "255.255.255.255", "ff02::1"],
                         ids=["none", "group", "all", "group6"])
def test_name_of_what_is_nobodys(net, address):
    "What DNS says is judged like what is typed: no handshake goes to a crowd."
    a = net["a"]
    hosts(a, "127.0.0.1 localhost\n10.255.2.2 b.example.net\n%s odd.example.net\n" % address)
    a.configure("interface wg0\nwireguard peer b endpoint odd.example.net port 51820")
    told = wait_for(lambda: [s for s in a.show()["peers"]["b"]["warnings"] if address in s],
                    "a warning")
    assert told[0].endswith("; packets go to 10.255.2.2:51820"), told
    assert address not in a.run("wg show wg0 endpoints")
    a.configure("interface wg0\nwireguard peer b endpoint b.example.net port 51820")
    wait_for(lambda: a.ping("10.99.0.2"), "answer of b")
