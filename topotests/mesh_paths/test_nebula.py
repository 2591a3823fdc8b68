# SPDX-License-Identifier: GPL-2.0-or-later
"""
What Nebula reaches in the same network, to compare with (--heavy, where it is
installed): all pairs ping each other, and nothing relays.  It has no bound: the
table is printed, and written to RUNDIR/nebula.json.
"""
import itertools
import json
import os
import sys
import threading

import pytest

from lib_nat import KIND, WAYS, families, nat_net_fixture, place
from lib_oracle import verdict
from lib_run import HEAVY, HERE

for folder in "bench", "tools":
    sys.path.append(os.path.join(HERE, "..", folder))
import nebula  # noqa: E402

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not HEAVY or not nebula.version(), reason="--heavy, with Nebula"),
]

# it has one listening socket, of IPv4
SITES = [site for site in WAYS if 4 in families(site)]
TOPOLOGY = {"sites": SITES, "plain": True}
PATIENCE = 20  # s for a pair to find each other
net = nat_net_fixture


class Adapter:
    "A node as the demos have it (tools/lib_demo.py)."

    def __init__(self, node):
        self.node = node
        self.enter = ["nsenter", "-a", "-F", "-t", str(node.gear.net.pid)]
        for folder in "/run/nebula", "/var/log/frr":
            self.sh("mkdir -p %s; mount -t tmpfs none %s" % (folder, folder))

    def sh(self, text):
        return self.node.run(text)

    def write(self, path, text, owner):
        self.node.run("cat > %s <<'X'\n%s\nX\n" % (path, text))
        del owner  # all are root's

    def popen(self, *words):
        return self.node.popen(list(words))


class Directly(nebula.Host):
    "A host that does not use relays."

    def config(self):
        found = json.loads(super().config())
        found["relay"] = {"am_relay": False, "use_relays": False}
        return json.dumps(found)


@pytest.fixture(scope="module", name="hosts")
def hosts_fixture(net, tmp_path_factory):
    network = nebula.Network(str(tmp_path_factory.mktemp("nebula")))
    hosts = {}
    for i, name in enumerate(net.names, 1):
        at = net.address(name) if name in net.hub_names else None
        hosts[name] = Directly(network, Adapter(net[name]), name, "10.97.0.%d" % i, at)
        network.hosts.append(hosts[name])
    network.start()
    for site in SITES:
        for hub in net.hub_names:
            hosts[site].wait_for(hosts[hub].address)
    yield hosts
    network.stop()


def test_all_pairs(hosts):
    found = {}

    def ask(one, other):
        end = hosts[one], hosts[other]
        for _ in range(PATIENCE):
            if end[0].answers(end[1].address) or end[1].answers(end[0].address):
                found[one, other] = True
                return
        found[one, other] = False

    threads = [threading.Thread(target=ask, args=pair)
               for pair in itertools.combinations(SITES, 2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    table = []
    for (one, other), direct in sorted(found.items()):
        ours, why = verdict(place(one), place(other))
        table.append([one, other, direct, ours, why])
        if direct != ours:
            print("%s-%s (%s, %s): %s, and could be %s (%s)" % (
                one, other, KIND[one], KIND[other], direct, ours, why))
    print("%s: %d of %d pairs are direct, %d could be" % (
        nebula.version(), sum(x[2] for x in table), len(table), sum(x[3] for x in table)))
    with open(os.path.join(os.environ["WGD_RUNDIR"], "nebula.json"), "w", encoding="utf-8") as f:
        json.dump(table, f)
