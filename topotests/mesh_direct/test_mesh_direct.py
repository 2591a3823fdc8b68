# SPDX-License-Identifier: GPL-2.0-or-later
"""
Two sites, each behind a NAT of its own, and a hub: their path becomes direct,
is cut, comes back, is left when it is idle, and outlives wgd.  Meanwhile packets
with sequence numbers go both ways, and none is lost but what the cut takes.
"""
import signal

import pytest

from lib_keeper import Keeper, bring, make_hub, mesh, prepare, wait_connected
from lib_nat import nat_net_fixture
from lib_wgd import wait_for

TOPOLOGY = {"sites": ["addr", "port"], "hubs": "h"}
SITES = "addr", "port"
ADDRESS = {"addr": "10.99.0.2", "port": "10.99.0.3"}
net = nat_net_fixture

# What the hub forwards between sites: it is all sealed.
COUNTER = """
table ip6 seen {
    counter relayed { }
    chain forward { type filter hook forward priority 0; counter name relayed; }
}
"""


def other(name):
    return SITES[1 - SITES.index(name)]


@pytest.fixture(scope="module", name="keeper", autouse=True)
def keeper_fixture(net, tmp_path_factory):
    for name in net.names:
        prepare(net[name])
    keeper = Keeper(str(tmp_path_factory.mktemp("keeper") / "acme"))
    make_hub(keeper, net["h"], net.address("h"))
    wait_connected(net["h"])
    assert "applied" in keeper.load(net["h"])
    for name in SITES:
        keeper.add(name)
        bring(net[name], keeper.line("invite", name))
        net[name].configure("interface wg0\nip address %s/16\nwireguard mesh name acme\n"
                            "wireguard mesh direct never" % ADDRESS[name])
    net["h"].run("nft -f - <<X\n%sX\n" % COUNTER)
    for name in SITES:
        wait_connected(net[name])
        wait_for(lambda name=name: net[name].ping(ADDRESS[other(name)]), "a way to " + other(name))
    return keeper


def path(net, name):
    return mesh(net[name], " members")[other(name)]


def wait_path(net, what, why=None):
    def check():
        found = [path(net, name) for name in SITES]
        assert [f["path"] for f in found] == [what] * 2, found
        assert not why or why in [f["pathReason"] for f in found], found
        return True
    wait_for(check, "both paths to be " + what)


def direct(net, word):
    for name in SITES:
        net[name].configure("interface wg0\nwireguard mesh direct " + word)


def relayed(net):
    "Packets that the hub forwarded."
    text = net["h"].run("nft list counter ip6 seen relayed")
    return int(text.split("packets ")[1].split()[0])


def endpoint(net, name):
    "Where the device has the other site: its address."
    key = net[name].show()["peers"][other(name)]["publicKey"]
    lines = net[name].run("wg show wg0 endpoints").splitlines()
    return dict(line.split() for line in lines)[key].rsplit(":", 1)[0]


def outside(net, name):
    "The address of its NAT."
    return net.address("n-" + name)


class Traffic:
    "Packets from one site to the other, each of which is answered."

    def __init__(self, net):
        self.server = net["port"].echo(ADDRESS["port"])
        self.probe = net["addr"].probe(ADDRESS["port"], rate=200)
        self.probe.wait_responder("port")

    def result(self):
        found = self.probe.result()
        self.server.kill()
        print("%(sent)d sent, %(lost)d lost, holes %(holes)s, %(outageMs)d ms" % found)
        return found


def test_never(net):
    for name in SITES:
        assert (path(net, name)["path"], path(net, name)["pathReason"]) == ("relay", "never")
        assert endpoint(net, name).startswith("[fd")


def test_becomes_direct(net):
    "By two packets; and then the hub sees nothing of it any more."
    traffic = Traffic(net)
    direct(net, "on-demand")
    wait_path(net, "direct")
    for name in SITES:
        assert endpoint(net, name) == outside(net, other(name))
        assert "pathReason" not in path(net, name)
    before = relayed(net)
    assert traffic.result()["lost"] == 0
    assert relayed(net) == before
    for name in SITES:
        assert outside(net, other(name)) not in net[name].run("ip route show table all")


def test_shown(net):
    "... and what users see says so."
    shown, site = path(net, "addr"), net["addr"]
    assert shown["endpoint"].startswith(outside(net, "port") + ":"), shown
    assert shown["pathSinceMsecs"] >= 0 and shown["rttDirectMsecs"] >= 0, shown
    assert "direct for" in site.vtysh("show wireguard mesh members")
    assert site.json("show wireguard explain " + ADDRESS["port"])["path"] == "direct"
    text = site.vtysh("show wireguard graph")
    assert '"interface wg0" -- "peer wg0 port" [label="up, direct' in text, text


def test_cut(net):
    "All goes by the hub again, and the sites stay what they are."
    traffic = Traffic(net)
    net.cut_link(*SITES)
    wait_path(net, "relay", "lost")
    for name in SITES:
        assert path(net, name)["live"]
        assert endpoint(net, name).startswith("[fd")
    found = traffic.result()
    assert len(found["holes"]) <= 2, found
    traffic = Traffic(net)
    assert traffic.result()["lost"] == 0


def test_comes_back(net):
    net.heal_links()
    traffic = Traffic(net)
    direct(net, "never")
    direct(net, "on-demand")
    wait_path(net, "direct")
    assert traffic.result()["lost"] == 0


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGKILL], ids=["restart", "kill"])
def test_wgd_is_away(net, sig):
    "The device goes on by the direct path, and wgd finds it there."
    net["addr"].vtysh("write memory")
    traffic = Traffic(net)
    net["addr"].kill("wgd", sig)
    net["addr"].start("wgd")
    wait_connected(net["addr"])
    wait_path(net, "direct")
    assert traffic.result()["lost"] == 0
    for name in SITES:
        assert endpoint(net, name) == outside(net, other(name))


def test_idle(net):
    "Without data both go back, by themselves."
    for name in SITES:
        net[name].configure("interface wg0\nwireguard mesh idle-timeout 10")
    wait_path(net, "relay", "idle")
    traffic = Traffic(net)
    wait_path(net, "direct")
    assert traffic.result()["lost"] == 0
