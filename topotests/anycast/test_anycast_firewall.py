# SPDX-License-Identifier: GPL-2.0-or-later
"""
The firewall of doc/manual/security.rst, on both gateways, as it stands there but
for the members' addresses: they hear each other, serve their clients, and one
takes over from the other.  What it does not let through does not come in.
"""
import os
import re
import textwrap

import pytest

from lib_wgd import HERE, die, live, wait_for
from clients import (
    GATEWAYS,
    TOPOLOGY,  # the net fixture takes it from here
    group,
    two_clients,
    wait_served,
)

pytestmark = pytest.mark.once  # what a page says

MEMBERS = {"a": "10.255.1.2", "b": "10.255.2.2"}


def ruleset():
    "The literal block of the page, for these members."
    path = os.path.join(HERE, "../doc/manual/security.rst")
    with open(path, encoding="utf-8") as f:
        block = re.search(r"^   table inet wgd \{\n.*?^   \}\n", f.read(), re.M | re.S)[0]
    text, n = re.subn("198.51.100.2, 198.51.100.3", ", ".join(MEMBERS.values()), block)
    assert n == 2, block
    return textwrap.dedent(text)


@pytest.fixture(scope="module", name="clients", autouse=True)
def clients_fixture(net):
    for name in GATEWAYS:
        net[name].gear.net.cmd_raises("nft -f -", stdin=ruleset())
        # what a site adds for itself: its neighbour outside, and its service
        for rule in ("iifname to-r tcp dport 179", "iifname to-r udp dport 3784",
                     "iifname wg0 udp dport 7000"):
            net[name].run("nft add rule inet wgd input %s accept" % rule)
        # nothing that was there before
        net[name].kill("wgd")
        net[name].start("wgd")
    with two_clients(net) as found:
        yield found


def test_served(net):
    for name in "c1", "c2":
        wait_served(net, name, "a")


def test_other_takes_over(net, clients):
    probe = clients["c1"].probe()
    probe.wait_responder("a")
    die(net["a"])
    wait_for(lambda: group(net["b"])["clients"]["c1"]["role"] == "serving", "c1 at b")
    probe.wait_responder("b")
    live(net["a"])
    wait_served(net, "c1", "a")
    probe.result()


def test_strangers_have_no_port(net):
    "Not even a connection: from the neighbour, and through the tunnel."
    for who, to in ("r", "10.1.1.2"), ("c1", "10.99.0.254"):
        rc, _, _ = net[who].gear.net.cmd_status(
            "timeout 3 bash -c 'exec 3<>/dev/tcp/%s/51821'" % to, warn=False)
        assert rc == 124, (who, rc)  # no answer, not a refusal
