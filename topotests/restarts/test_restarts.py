# SPDX-License-Identifier: GPL-2.0-or-later
"""
Restart without harm: every daemon, and the userspace program, is killed
while a probe runs.  AllowedIPs are right afterwards without a hand, no
peer's session is reset, and where the data path does not depend on the
killed process nothing is lost at all.
"""
import signal
import time

import pytest

from lib_wgd import BACKEND, SLOW, holds, signal_to, wait_for

TOPOLOGY = {
    "sites": "ab",
    "daemons": ["bgpd"],
    "options": {"wgd": "--stale-time 15"},
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.2.10/24", "192.168.2.1"),
    },
}
LAN = "192.168.2.0/24"
STATIC = "172.31.2.0/24"
RIGHT = {LAN: "b", STATIC: "b", "10.99.0.2/32": "b"}
userspace_only = pytest.mark.skipif(
    BACKEND != "userspace", reason="needs a userspace program to kill"
)


@pytest.fixture
def probe(net):
    "A probe that is answered before the test begins."
    net["a"].wait_allowed(RIGHT)
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer")
    server = net["hb"].echo("192.168.2.10")
    probe = net["ha"].probe("192.168.2.10", rate=500)
    probe.wait_responder("hb")
    yield probe
    probe.kill()
    server.kill()


def same_session(site, before):
    "No handshake that was not due, and the counters went on."
    time_before, rx_before, tx_before = before["b"]
    time_now, rx_now, tx_now = site.handshakes()["b"]
    # WireGuard itself makes a new handshake after two minutes
    assert time_now == time_before or time_now >= time_before + 115
    assert rx_now > rx_before and tx_now > tx_before


def test_wgd_killed(net, probe):
    a = net["a"]
    before = a.handshakes()
    a.kill("wgd")
    holds(lambda: {**a.allowed(), **RIGHT} == a.allowed(), 1, "AllowedIPs")
    a.start("wgd")
    # not one entry is missing at any moment of the return
    holds(lambda: {**a.allowed(), **RIGHT} == a.allowed(), 2, "AllowedIPs", 0.02)
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
    a.wait_allowed(RIGHT)
    result = probe.result()
    assert result["lost"] == 0, result
    same_session(a, before)


def test_wgd_follows_again(net):
    "Routes that come and go after the restart, and one that went during it."
    a = net["a"]
    a.configure("ip route 172.31.3.0/24 10.99.0.2\nip route 172.31.4.0/24 10.99.0.2")
    a.wait_allowed({"172.31.3.0/24": "b", "172.31.4.0/24": "b"})
    a.kill("wgd")
    a.configure_static("no ip route 172.31.3.0/24 10.99.0.2")
    a.start("wgd")
    a.configure("no ip route 172.31.4.0/24 10.99.0.2")
    a.wait_allowed({"172.31.4.0/24": None, **RIGHT})
    # the old entry stays until the routes were replayed, or a stale time ends
    a.wait_allowed({"172.31.3.0/24": None})


def test_configuration_comes_late(net, probe):
    "Later than the stale time, which has nothing to wait for before."
    a = net["a"]
    a.kill("wgd")
    a.gear.net.startRouterDaemons(["wgd"])
    holds(lambda: {**a.allowed(), **RIGHT} == a.allowed(), 16, "AllowedIPs")
    a.run("vtysh -b")
    holds(lambda: {**a.allowed(), **RIGHT} == a.allowed(), 2, "AllowedIPs", 0.02)
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
    result = probe.result()
    assert result["lost"] == 0, result


def test_one_interface_comes_late(net, probe):
    "When the routes of another are here: those to this one are told again."
    a = net["a"]
    a.kill("wgd")
    a.gear.net.startRouterDaemons(["wgd"])
    said = a.log().count("all routes are here")
    a.configure(net.expand("interface wg9\nwireguard\n@implementation@"))
    wait_for(lambda: a.log().count("all routes are here") > said, "wg9 has its routes")
    a.run("vtysh -b")
    holds(lambda: {**a.allowed(), **RIGHT} == a.allowed(), 2, "AllowedIPs", 0.02)
    wait_for(lambda: a.log().count("all routes are here") > said + 1, "wg0, too")
    holds(lambda: {**a.allowed(), **RIGHT} == a.allowed(), 1, "AllowedIPs", 0.02)
    result = probe.result()
    assert result["lost"] == 0, result
    a.configure("interface wg9\nno wireguard implementation\nno wireguard")


def test_wgd_stopped_and_started(net, probe):
    "An orderly end leaves the device as it is, too."
    a = net["a"]
    before = a.handshakes()
    a.kill("wgd", signal.SIGTERM)
    holds(lambda: {**a.allowed(), **RIGHT} == a.allowed(), 1, "AllowedIPs")
    a.start("wgd")
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
    a.wait_allowed(RIGHT)
    result = probe.result()
    assert result["lost"] == 0, result
    same_session(a, before)


def agrees(a, left):
    """
    A new zebra deletes what an earlier one left in the kernel.  But 8.4's keeps
    what it did not read in the second in which it started, and 10.3's keeps all.
    """
    kept = left in a.json("show ip route " + left)
    have = a.allowed()
    assert (left in have) == kept and {**have, **RIGHT} == have, (kept, have)
    return True


def test_zebra_killed(net):
    """
    It cannot tell what it forgot: a route that went meanwhile leaves the
    device when the routes are here again, all others stay.  bgpd is
    restarted as watchfrr does it: 8.4's does not give its routes to a new
    zebra.
    """
    a, left = net["a"], "172.31.7.0/24"
    a.configure("ip route %s 10.99.0.2" % left)
    a.wait_allowed({left: "b", **RIGHT})
    a.kill("zebra")
    a.configure_static("no ip route %s 10.99.0.2" % left)
    a.kill("bgpd")
    assert {**a.allowed(), **RIGHT} == a.allowed()
    a.start("zebra")
    a.start("bgpd")
    # clients find zebra again after up to ten seconds
    wait_for(lambda: agrees(a, left), "what zebra has")
    a.configure("ip route 172.31.5.0/24 10.99.0.2")
    a.wait_allowed({"172.31.5.0/24": "b"})
    a.configure("no ip route 172.31.5.0/24 10.99.0.2")
    a.wait_allowed({"172.31.5.0/24": None, **RIGHT})
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer")


def test_zebra_killed_as_wgd_returns(net):
    "What routes there are is not known while there is no zebra to say it."
    a = net["a"]
    a.wait_allowed(RIGHT)
    a.kill("wgd")
    said = a.log().count("connected to zebra")
    a.start("wgd")
    wait_for(lambda: a.log().count("connected to zebra") > said, "wgd at zebra")
    said = a.log().count("all routes are here")
    a.kill("zebra")
    a.kill("bgpd")
    # three seconds are enough while zebra is there
    holds(lambda: a.log().count("all routes are here") == said, 6, "waiting")
    assert {**a.allowed(), **RIGHT} == a.allowed()
    a.start("zebra")
    a.start("bgpd")
    a.wait_allowed(RIGHT)
    wait_for(lambda: a.log().count("all routes are here") > said, "all routes")
    a.wait_allowed(RIGHT)
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer")


@pytest.mark.parametrize("daemon", ["bgpd", "staticd"])
def test_protocol_daemon_killed(net, daemon):
    "Its prefixes go and come with its routes; the other's stay."
    a = net["a"]
    mine, other = (LAN, STATIC) if daemon == "bgpd" else (STATIC, LAN)
    a.wait_allowed(RIGHT)
    a.kill(daemon)
    a.wait_allowed({mine: None, other: "b"})
    a.start(daemon)
    a.wait_allowed(RIGHT)


@userspace_only
def test_program_killed(net):
    "The interface is gone with it, with addresses and routes; all comes back."
    a = net["a"]
    a.wait_allowed(RIGHT)
    pid = a.userspace_pid()
    assert pid
    signal_to(pid)
    wait_for(lambda: a.userspace_pid() not in (0, pid), "a new program")
    a.wait_allowed(RIGHT)
    assert "10.99.0.1/24" in a.run("ip addr show dev wg0")
    assert a.show()["syncState"] == "synced"
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer")


@userspace_only
def test_program_hangs(net):
    "A stopped program takes connections and never answers: wgd goes on."
    a = net["a"]
    a.wait_allowed(RIGHT)
    pid = a.userspace_pid()
    signal_to(pid, signal.SIGSTOP)
    try:
        a.configure("ip route 172.31.6.0/24 10.99.0.2")
        slowest, state = 0, "synced"
        # the route's request is given up after 5 s, or if a show was first
        # and had the device read, that read after 10 s
        end = time.monotonic() + 20 * SLOW
        while state == "synced" and time.monotonic() < end:
            begin = time.monotonic()
            state = a.show()["syncState"]
            slowest = max(slowest, time.monotonic() - begin)
        assert slowest < 2 * SLOW, "show took %.1f s" % slowest
        assert state != "synced", state
    finally:
        signal_to(pid, signal.SIGCONT)
    a.wait_allowed({"172.31.6.0/24": "b", **RIGHT})
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
    a.configure("no ip route 172.31.6.0/24 10.99.0.2")
    assert a.userspace_pid() == pid


def test_interface_deleted(net):
    "Somebody deletes the interface: the configuration is the truth."
    a = net["a"]
    a.wait_allowed(RIGHT)
    a.run("ip link del wg0")
    wait_for(lambda: "10.99.0.1/24" in a.run("ip addr show dev wg0", check=False),
             "the interface with its address")
    a.wait_allowed(RIGHT)
    wait_for(lambda: net["ha"].ping("192.168.2.10"), "answer")


def test_clear_repairs(net):
    "What somebody changed by hand is as it should be after clear wireguard."
    a = net["a"]
    a.wait_allowed(RIGHT)
    key = net.keys["b", "wg0"][1]
    stranger = net.make_key("stranger", "wg0")
    a.run("wg set wg0 peer %s allowed-ips 10.99.0.2/32,203.0.113.0/24" % key)
    a.run("wg set wg0 peer %s allowed-ips 192.0.2.0/24" % stranger)
    a.vtysh("clear wireguard wg0")
    a.wait_allowed({"203.0.113.0/24": None, "192.0.2.0/24": None, **RIGHT})
    wait_for(lambda: "stranger" not in a.handshakes(), "no stranger")
