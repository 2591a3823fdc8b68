# SPDX-License-Identifier: GPL-2.0-or-later
"""
Two gateways with one private key and one address, clients with plain WireGuard.
The gateway that serves dies, comes back, is drained: the clients go on at the
other one, in a fraction of a second, also one that sends nothing.
"""
import pytest

from lib_wgd import SLOW, die, holds, live, wait_for
from clients import (
    TOPOLOGY,  # the net fixture takes it from here
    role,
    two_clients,
    wait_served,
)

KILL_MS = 300  # BFD 50 ms x 3
SLACK = 700 if SLOW <= 1 else 1000  # for a busy machine; bench/bench-anycast has the figures


@pytest.fixture(scope="module", name="clients", autouse=True)
def clients_fixture(net):
    with two_clients(net) as found:
        yield found


def test_the_network_decides(net, clients):
    for name, client in clients.items():
        wait_for(client.ping, "answer to " + name)
        wait_served(net, name, "a")
    # the other one has them, without endpoint
    endpoints = net["b"].run("wg show wg0 endpoints")
    assert endpoints.count("(none)") == 2, endpoints


def test_picture(net):
    net["a"].picture("anycast")


def test_gateway_dies(net, clients):
    probe = clients["c1"].probe()
    probe.wait_responder("a")
    die(net["a"])
    probe.wait_responder("b")
    wait_for(lambda: role(net["b"], "c1") == "serving", "c1 at b")
    # who sends nothing, too
    wait_for(lambda: role(net["b"], "c2") == "serving", "c2 at b", 3 * SLOW)
    result = probe.result()
    assert result["outageMs"] < (KILL_MS + SLACK) * SLOW, result
    assert len(result["holes"]) == 1, result


def test_gateway_comes_back(net, clients):
    probe = clients["c1"].probe()
    probe.wait_responder("b")
    live(net["a"])
    # r prefers a: its packets go there as soon as BGP is up
    probe.wait_responder("a")
    wait_served(net, "c1", "a")
    result = probe.result()
    assert result["outageMs"] < (KILL_MS + SLACK) * SLOW, result
    assert clients["c2"].ping() or clients["c2"].ping()
    wait_served(net, "c2", "a")


def test_drained(net, clients):
    probe = clients["c1"].probe()
    probe.wait_responder("a")
    net["a"].configure(
        """
        router bgp 65001
        address-family ipv4 unicast
        no network 192.0.2.1/32
        interface wg0
        wireguard gateway-group drain
        """
    )
    probe.wait_responder("b")
    wait_served(net, "c1", "b")
    wait_served(net, "c2", "b")
    result = probe.result()
    assert result["outageMs"] < (100 + SLACK) * SLOW, result
    net["a"].configure(
        """
        interface wg0
        no wireguard gateway-group drain
        router bgp 65001
        address-family ipv4 unicast
        network 192.0.2.1/32
        """
    )
    probe = clients["c1"].probe()
    probe.wait_responder("a")
    wait_served(net, "c1", "a")
    assert probe.result()["outageMs"] < (KILL_MS + SLACK) * SLOW
    wait_for(clients["c2"].ping, "answer to c2")
    wait_served(net, "c2", "a")
    holds(lambda: role(net["a"], "c1") == "serving", 2, "a serving")
