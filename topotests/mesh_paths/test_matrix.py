# SPDX-License-Identifier: GPL-2.0-or-later
"""
Sites behind all kinds of NATs: what hubs see of them.  All 15 are there with --heavy,
else one for each kind.
"""
import pytest

from lib_keeper import mesh
from lib_nat import WAYS, place
from lib_oracle import INDEPENDENT, composed
from lib_run import HEAVY, wait_for
from paths import mesh_net

SITES = list(WAYS) if HEAVY else ["pub", "full", "addr", "port", "sym", "one", "two", "fire"]


@pytest.fixture(scope="module", name="net")
def net_fixture(request, tmp_path_factory):
    yield from mesh_net(request, tmp_path_factory)


def test_hubs_see_the_nat(net):
    "... and where WireGuard's own packets come from."
    for site in net.sites():
        way = place(site).way
        kind = "none" if not way else "cone"
        if composed(way)[0] != INDEPENDENT:
            kind = "symmetric"

        def seen():
            found = mesh(net[site])
            places = {net.endpoint(hub, site) for hub in net.hub_names}
            assert found["nat"] == kind and set(found["observedEndpoints"]) == places, (
                site, found, places)
            return True

        wait_for(seen, "what hubs see of " + site)
