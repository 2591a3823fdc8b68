# SPDX-License-Identifier: GPL-2.0-or-later
"What tests of configuration lines share."
import os
import re

import pytest

TOPOLOGY = {"sites": "a"}


def reloads(a, change):
    """
    frr-reload.py with the saved configuration changed, and with the saved one;
    after each whether it is the saved one.
    """
    reload = "/usr/lib/frr/frr-reload.py"
    if not os.path.exists(reload):
        pytest.skip("no frr-reload.py: package frr-pythontools is not installed")
    a.vtysh("write memory")
    saved = a.run("cat /etc/frr/frr.conf")
    for text in change(saved), saved:
        a.gear.net.cmd_raises("cat > /tmp/gearlogdir/new.conf", stdin=text)
        a.run("%s --reload --overwrite --bindir /usr/bin --confdir /etc/frr"
              " --rundir /tmp/gearlogdir /tmp/gearlogdir/new.conf" % reload)
        yield text is saved


def ids(rows):
    "Names of tests: without letters that FRR's library does not expect in one."
    return [re.sub(r"[^\w.]+", "-", " ".join(r[:-1]))[:50] for r in rows]
