# SPDX-License-Identifier: GPL-2.0-or-later
"""
The mesh that the tests of this folder have: hubs h and k, and sites behind the
NATs of lib_nat.py.  Traffic between two of them, of which no packet may be lost;
and what a site says of the path to another one.
"""
from lib_keeper import Keeper, bring, learn_key, make_hub, mesh, prepare, wait_connected
from lib_nat import NatNet, families
from lib_run import PATIENCE, wait_for
from lib_wgd import serve

RATE = 500  # a packet every 2 ms


class MeshNet(NatNet):
    "Its members have one configuration, and addresses of the mesh."

    def __init__(self, module, sites, **kwargs):
        self.echoes = {}
        self.left_out = [s for s in sites if 4 not in families(s)]  # as the hubs are
        super().__init__(module, [s for s in sites if s not in self.left_out], **kwargs)

    def _template(self, name):
        return super()._template("hub" if name in self.hub_names else "site")

    def sites(self):
        return self.names[len(self.hub_names):]

    def inner(self, name):
        "Members are counted as they were added: hubs first."
        return "10.99.0.%d" % (self.names.index(name) + 1)

    def join_all(self, folder):
        for name in self.names:
            prepare(self[name])
            self[name].configure("interface wg0\nip address %s/16" % self.inner(name))
        keeper = Keeper(folder)
        for hub in self.hub_names:
            make_hub(keeper, self[hub], self.address(hub))
            wait_connected(self[self.hub_names[0]])
            keeper.load(self[self.hub_names[0]])
        for name in self.sites():
            keeper.add(name)
            bring(self[name], keeper.line("invite", name))
            self[name].configure("interface wg0\nwireguard mesh name acme")
        for name in self.names:
            wait_connected(self[name])
        wait_for(self.all_alive, "hubs that answer all")
        for name in self.sites():
            learn_key(self[name])
            self.echoes[name] = self[name].echo(self.inner(name))
        return keeper

    def endpoint(self, name, other):
        "Where a member's device has the other one."
        for line in self[name].run("wg show wg0 endpoints").splitlines():
            key, where = line.split("\t")
            if self.owner_of.get(key) == other:
                return where
        return None

    def all_alive(self):
        for name in self.sites():
            found = mesh(self[name])["hubs"]
            assert all(found[h].get("hellos") == "alive" for h in self.hub_names), (name, found)
            known = mesh(self[name], " members")
            assert set(known) >= set(self.names) - {name}, (name, sorted(known))
        return True


def mesh_net(request, tmp_path_factory):
    "For a fixture of a module, whose SITES they are."
    for net in serve(MeshNet(request.module, request.module.SITES)):
        net.join_all(str(tmp_path_factory.mktemp("keeper") / "acme"))
        yield net


class Traffic:
    "Probes from one site to the other, which answers each."

    def __init__(self, net, one, other, rate=RATE):
        self.net, self.one, self.other = net, one, other
        # WireGuard keeps few packets until it has a session
        wait_for(lambda: net[one].ping(net.inner(other)), "session of %s and %s" % (one, other))
        self.probe = net[one].probe(net.inner(other), rate=rate)
        self.probe.wait_responder(other)

    def paths(self):
        return path(self.net, self.one, self.other), path(self.net, self.other, self.one)

    def is_direct(self):
        return all(p["path"] == "direct" for p in self.paths())

    def wait_direct(self, timeout=PATIENCE):
        def check():
            found = self.paths()
            assert all(p["path"] == "direct" for p in found), found
            return True
        wait_for(check, "%s and %s direct" % (self.one, self.other), timeout)

    def result(self):
        return self.probe.result()


def path(net, site, other):
    return mesh(net[site], " members")[other]
