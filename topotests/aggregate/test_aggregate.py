# SPDX-License-Identifier: GPL-2.0-or-later
"""
`wireguard aggregate`: nine prefixes of two peers become three entries, and
nothing changes for any packet.  It is switched on and off under traffic, a
prefix goes out of the middle and comes back, and a restart finds its own
entries again.  No entry ever covers an address that nobody owns.
"""
from ipaddress import ip_address, ip_network

import pytest

from lib_wgd import wait_for

TOPOLOGY = {
    "sites": "abc",
    "hosts": {
        "ha": ("a", "192.168.1.10/24", "192.168.1.1"),
        "hb": ("b", "192.168.50.10/24", "192.168.50.1"),
        "hc": ("c", "192.168.52.10/24", "192.168.52.1"),
    },
}
PEERS = {"10.99.0.2/32": "b", "10.99.0.3/32": "c"}
DECIDED = {"192.168.%d.0/24" % i: "c" if i == 52 else "b" for i in range(48, 56)}
DECIDED["192.168.57.0/24"] = "b"
ENTRIES = {
    "192.168.48.0/21": "b",
    "192.168.52.0/24": "c",
    "192.168.57.0/24": "b",
}


def switch(a, on):
    a.configure("interface wg0\n%swireguard aggregate" % ("" if on else "no "))


def owner(entries, address):
    "Whose an address is, by longest match."
    match = [n for n in map(ip_network, entries) if ip_address(address) in n]
    return entries[str(max(match, key=lambda n: n.prefixlen))] if match else None


def device(a):
    "Without the peers' link-local addresses, which are made of their keys."
    return {p: who for p, who in a.allowed().items() if ":" not in p}


def wait_device(a, expected):
    """
    Until the device has this and nothing else.  One that cannot remove may
    have more, where it makes no difference; wgd knows how many.
    """
    want = dict(PEERS, **expected)

    def check():
        stats = a.json("show wireguard statistics")["wg0"]
        have = device(a)
        more = set(have) - set(want)
        assert len(more) == stats["redundant"], (have, stats)
        assert {p: have.get(p) for p in want} == want, have
        for prefix in more:
            net = ip_network(prefix)
            above = [n for n in map(ip_network, want) if net.subnet_of(n)]
            cover = max(above, key=lambda n: n.prefixlen)
            assert want[str(cover)] == have[prefix], have
        return True

    wait_for(check, "AllowedIPs %s" % want)


@pytest.fixture(name="start", scope="module")
def start_fixture(net):
    wait_device(net["a"], DECIDED)
    for host in "192.168.50.10", "192.168.52.10":
        wait_for(lambda: net["ha"].ping(host), "answer of " + host)


@pytest.fixture(name="flows")
def flows_fixture(net, start):
    "Traffic to both, of which nothing may be lost; asked for at the end."
    servers = [net["hb"].echo("192.168.50.10"), net["hc"].echo("192.168.52.10")]
    probes = [
        net["ha"].probe("192.168.50.10", rate=500),
        net["ha"].probe("192.168.52.10", rate=500),
    ]
    for probe, host in zip(probes, ("hb", "hc")):
        probe.wait_responder(host)
    yield probes
    for one in probes + servers:
        one.kill()


def check_flows(flows):
    for probe, host in zip(flows, ("hb", "hc")):
        result = probe.result()
        assert result["lost"] == 0, result
        assert list(result["responders"]) == [host]


def test_switch(net, flows):
    "On and off, again and again: no packet is lost."
    a = net["a"]
    for _ in range(5):
        switch(a, True)
        wait_device(a, ENTRIES)
        switch(a, False)
        wait_device(a, DECIDED)
    check_flows(flows)


@pytest.fixture(name="on")
def on_fixture(net, start):
    switch(net["a"], True)
    wait_device(net["a"], ENTRIES)


def test_shown(net, on):
    a = net["a"]
    shown = a.show(what="allowed-ips")
    assert shown["192.168.48.0/21"] == {
        "peer": "b", "source": "aggregate", "state": "installed"}
    for prefix, peer in DECIDED.items():
        row = shown[prefix]
        assert row["peer"] == peer and row["source"] == "static"
        if prefix in ENTRIES:
            assert row["state"] == "installed" and "coveredBy" not in row
        else:
            assert row["state"] == "covered"
            assert row["coveredBy"] == "192.168.48.0/21"
    assert a.show()["aggregate"] == {"prefixes": 13, "entries": 7}
    text = a.vtysh("show wireguard wg0 allowed-ips")
    assert "covered by 192.168.48.0/21" in text
    assert "13 prefixes in 7 entries, 53 %" in text
    # every address as before
    have = device(a)
    for i in range(40, 64):
        address = "192.168.%d.77" % i
        assert owner(have, address) == owner(DECIDED, address)


def test_explain(net, on):
    explained = net["a"].json("show wireguard explain 192.168.50.10")
    if "192.168.50.0/24" not in device(net["a"]):
        assert explained["allowedIp"] == "192.168.48.0/21"
        assert explained["inPlaceOf"] == "192.168.50.0/24"
    assert explained["peer"] == "b" and "cause" not in explained


def test_hole(net, on, flows):
    "What is withdrawn is nobody's at once, and its neighbours lose nothing."
    a = net["a"]
    for _ in range(3):
        a.configure("no ip route 192.168.54.0/24 10.99.0.2")
        wait_device(a, {
            "192.168.48.0/22": "b",
            "192.168.52.0/24": "c",
            "192.168.53.0/24": "b",
            "192.168.55.0/24": "b",
            "192.168.57.0/24": "b",
        })
        a.configure("ip route 192.168.54.0/24 10.99.0.2")
        wait_for(lambda: owner(device(a), "192.168.54.9") == "b", "its owner")
    wait_device(a, ENTRIES)
    check_flows(flows)


def test_move(net, on, flows):
    "A prefix moves to the other peer and back."
    a = net["a"]
    a.configure("no ip route 192.168.49.0/24 10.99.0.2\nip route 192.168.49.0/24 10.99.0.3")
    wait_device(a, dict(ENTRIES, **{"192.168.49.0/24": "c"}))
    a.configure("no ip route 192.168.49.0/24 10.99.0.3\nip route 192.168.49.0/24 10.99.0.2")
    wait_device(a, ENTRIES)
    check_flows(flows)


def test_restart(net, on, flows):
    "The entries of an earlier life are found in their places."
    a = net["a"]
    a.vtysh("write memory")
    a.kill("wgd")
    a.start("wgd")
    wait_for(lambda: "all routes are here" in a.log(), "all routes")
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
    wait_device(a, ENTRIES)
    assert a.json("show wireguard statistics")["wg0"]["operations"] == 0
    check_flows(flows)


def test_read_at_the_start(net, start):
    "What is there because it was aggregated is not of an earlier life."
    a = net["a"]
    switch(a, False)
    wait_device(a, DECIDED)
    a.run("vtysh -w")
    a.kill("wgd")
    a.start("wgd")
    wait_device(a, DECIDED)
    switch(a, True)
    wait_device(a, ENTRIES)
    reads = a.json("show wireguard statistics")["wg0"]["reads"]
    a.vtysh("clear wireguard wg0")
    wait_for(lambda: a.json("show wireguard statistics")["wg0"]["reads"] > reads, "a read")
    wait_for(lambda: a.show()["syncState"] == "synced", "wgd in sync")
    assert a.show()["aggregate"] == {"prefixes": 13, "entries": 7}
